"""Training rows that a market's models may use from other markets, made from raw storage as of the first day of the month.

They depend only on raw values and the month. So they are the same whichever market is trained first, again or after a failure,
and failures in other markets' stages do not matter. They are stored, and made again at the first training of each month, or if an
import was withdrawn since.
"""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.catalog import Catalog
from steel_assets.core.history import HistoryError, MarketHistory
from steel_assets.core.panel import INPUTS, PanelRows
from steel_assets.core.types import Market
from steel_assets.core.units import UnitError
from steel_assets.operations import histories

RETURN, KNOWN = "return_", "known_at_"

log = logging.getLogger("steel.models")


def with_others(catalog: Catalog, lake: Lake, history: MarketHistory) -> MarketHistory:
    """``history`` with the rows of the other markets of the catalogue; markets without prices are left out.

    Only daily markets use this, and only from daily markets: horizons of weekly and monthly ones are not trading days.
    """
    if history.market.frequency != "daily":
        return history
    month = history.as_of.normalize().replace(day=1)
    others = [name for name, market in catalog.markets.items() if name != history.market.id and market.frequency == "daily"]
    found = (rows_of(catalog, lake, name, month) for name in others)
    return replace(history, others=tuple(rows for rows in found if rows is not None))


def rows_of(catalog: Catalog, lake: Lake, market: str, month: pd.Timestamp) -> PanelRows | None:
    """The rows that ``market`` contributes, as of ``month`` or later; None if it has no history then.

    Args:
        month: midnight (UTC) of the first day of a month.
    """
    key, declared = f"{_folder(market)}.parquet", catalog.markets[market]
    made = histories.stamped(lake, _folder(market))
    if made is not None and made >= month and not histories.is_behind(lake, _folder(market)):
        try:
            frame = lake.read(key, lambda frame: _checked(declared, frame))
            if all(f"{RETURN}{horizon}" in frame for horizon in declared.horizons):  # the catalogue may have got one more
                return _restored(declared, frame)
        except DamagedFile as error:
            lake.set_aside(error)
        except ObjectNotFound:  # its stamp outlived it
            pass
    return _made(catalog, lake, market, month if made is None else max(month, made))


def _made(catalog: Catalog, lake: Lake, market: str, month: pd.Timestamp) -> PanelRows | None:
    from steel_assets.core.features import build_features
    from steel_assets.core.panel_rows import panel_rows

    try:
        history = histories.build(catalog, lake, market, month)
        rows = panel_rows(history, build_features(history))
    except (HistoryError, UnitError) as error:
        log.info("nothing is learned from %s: %s", market, error)
        return None
    except Exception as error:  # noqa: BLE001  what ails another market is red at its own stages, and stops no other market
        log.warning("nothing is learned from %s, whose rows cannot be made: %s: %s", market, type(error).__name__, error)
        return None
    lake.write(f"{_folder(market)}.parquet", _frame(rows))
    histories.stamp(lake, _folder(market), month)
    return rows


def _frame(rows: PanelRows) -> pd.DataFrame:
    frame = pd.DataFrame(rows.inputs, columns=list(INPUTS))
    frame.insert(0, "origin", rows.origins)
    for horizon in rows.returns:
        frame[f"{RETURN}{horizon}"] = rows.returns[horizon]
        frame[f"{KNOWN}{horizon}"] = pd.DatetimeIndex(rows.known_at[horizon]).tz_localize("UTC")
    return frame


def _checked(market: Market, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, if it has the form that ``_frame`` makes.

    Raises:
        KeyError, TypeError, ValueError: it has another form.
    """
    there = [horizon for horizon in market.horizons if f"{RETURN}{horizon}" in frame]
    known = [f"{KNOWN}{horizon}" for horizon in there]
    figures = frame[[*INPUTS, *(f"{RETURN}{horizon}" for horizon in there)]]
    if not all(map(pd.api.types.is_numeric_dtype, figures.dtypes)) or not frame[list(INPUTS)].notna().all(axis=None):
        raise TypeError("its inputs and returns are not figures")
    if any(pd.DatetimeIndex(frame[name]).tz is None for name in known):
        raise ValueError("its moments have no zone")
    if not pd.DatetimeIndex(frame["origin"]).is_monotonic_increasing:
        raise ValueError("its origins are not days in order")
    return frame


def _restored(market: Market, frame: pd.DataFrame) -> PanelRows:
    return PanelRows(
        market=market.id,
        commodity=market.commodity,
        region=market.region,
        origins=pd.DatetimeIndex(frame["origin"], name=None).as_unit("ns"),
        inputs=np.ascontiguousarray(frame[list(INPUTS)].to_numpy(dtype=float)),  # sums do not depend on the order in memory
        returns={horizon: frame[f"{RETURN}{horizon}"].to_numpy(dtype=float) for horizon in market.horizons},
        known_at={
            horizon: pd.DatetimeIndex(frame[f"{KNOWN}{horizon}"]).tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")
            for horizon in market.horizons
        },
    )


def _folder(market: str) -> str:
    return f"processed-data/monthly/panel/{market}"
