"""A market's history in the lake: written by the asset ``market_daily``, read by later stages; and why a market has none."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.lake.price_lookups import PriceLookup, write_lookup
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import closures
from steel_assets.core.history import HistoryError, MarketHistory, build_history
from steel_assets.core.price_age import LookedUp, PriceAge, price_age
from steel_assets.core.types import Market
from steel_assets.operations import automl
from steel_assets.providers import Providers

CALENDAR_AHEAD = pd.DateOffset(years=2)
"""How far ahead a market's calendar is stored: for so long the age of a price can be told exactly without another run."""


def build(catalog: Catalog, lake: Lake, market: str, as_of: pd.Timestamp) -> MarketHistory:
    """The history of ``market`` from everything that the lake knew at ``as_of``.

    Raises:
        HistoryError: there are no or too few prices.
    """
    declared, series = catalog.markets[market], catalog.market_series(market)
    rules = catalog.rules.schedules
    observations = lake.observations(declared.series_ids)
    built = build_history(observations, declared, series, as_of, rules.issue_time, rules.tzinfo)
    return replace(built, bought_predictions=_bought(lake, declared))


def save(lake: Lake, history: MarketHistory) -> str:
    """Store ``history`` and what it found about prices; return the folder's key."""
    found = looked_up(history)
    closed, extra = closures(history.market.calendar, history.as_of.tz_localize(None) + CALENDAR_AHEAD)
    lookup = PriceLookup(history.market.calendar, closed, extra, found.newest.isoformat(), found.until.isoformat())
    write_lookup(lake.store, history.market.id, lookup)
    folder = _folder(history.market.id)
    known = history.known.rename_axis("origin").reset_index()
    known.insert(1, "moment", history.moments)
    lake.write(f"{folder}/prices.parquet", history.prices)
    lake.write(f"{folder}/periods.parquet", history.periods.rename_axis("origin").reset_index())
    lake.write(f"{folder}/newest.parquet", history.newest.rename_axis("origin").reset_index())
    if history.market.frequency != "daily":
        lake.write(f"{folder}/within.parquet", history.within.rename_axis("origin").reset_index())
    stamp(lake, folder, history.as_of)
    return lake.write(f"{folder}/known.parquet", known)


class Stamp(NamedTuple):
    """What is noted beside computed files.

    Attributes:
        withdrawals: digest of the imports that were withdrawn when they were computed; empty without any.
        as_of: the data known by then were used; None in files of older releases.
    """

    withdrawals: str
    as_of: pd.Timestamp | None


def load(catalog: Catalog, lake: Lake, market: str) -> MarketHistory:
    """The history that ``market_daily`` stored last, without imports that were withdrawn since.

    If a file of it is damaged, it is moved to quarantine and the history is computed again from raw values as of the same moment.

    Raises:
        ObjectNotFound: none was stored.
        HistoryError: too few prices are left, or the moment of the damaged history is not known.
    """
    try:
        return _stored(catalog, lake, market)
    except DamagedFile as error:
        lake.set_aside(error)
        noted = _stamp(lake, _folder(market))
        if noted is None or noted.as_of is None:
            raise HistoryError(f"{error}; it is set aside: materialise market_daily of {market} again") from error
        history = build(catalog, lake, market, noted.as_of)
        save(lake, history)
        return history


def _stored(catalog: Catalog, lake: Lake, market: str) -> MarketHistory:
    folder, declared = _folder(market), catalog.markets[market]
    target = declared.target.series
    known = lake.read(f"{folder}/known.parquet", partial(_by_moment, target=target))
    moments = pd.DatetimeIndex(known.pop("moment")).as_unit("ns")
    if is_behind(lake, folder):
        return build(catalog, lake, market, moments[-1])
    periods = lake.read(f"{folder}/periods.parquet", partial(_beside, known=known, target=target))
    newest = lake.read(f"{folder}/newest.parquet", partial(_beside, known=known))
    within = pd.DataFrame()
    if declared.frequency != "daily":
        within = lake.read(f"{folder}/within.parquet", partial(_beside, known=known)).rename_axis(None)
    return MarketHistory(
        market=declared,
        series=catalog.market_series(market),
        as_of=moments[-1],
        origins=pd.DatetimeIndex(known.index, name=None),
        moments=moments.rename(None),
        known=known.rename_axis(None),
        periods=periods.rename_axis(None),
        newest=newest.rename_axis(None),
        prices=lake.read(f"{folder}/prices.parquet", _of_prices),
        simulated=bool(lake.simulated),
        within=within,
        bought_predictions=_bought(lake, declared),
    )


def _bought(lake: Lake, market: Market) -> dict[int, pd.Series]:
    """Bought AutoML forecasts of ``market``, if it declares them."""
    return automl.load(lake, market) if market.automl.vertex is not None else {}


def _by_origin(frame: pd.DataFrame, target: str | None = None) -> pd.DataFrame:
    """The frame indexed by origin.

    Raises:
        KeyError, TypeError, ValueError: it has another form than ``save`` wrote.
    """
    found = frame.set_index("origin")
    found.index = pd.DatetimeIndex(found.index).as_unit("ns")
    if target is not None and target not in found:
        raise KeyError(f"no column {target}")
    if not len(found) or not found.index.is_monotonic_increasing or found.index.has_duplicates:
        raise ValueError("its origins are not days in order")
    return found


def _beside(frame: pd.DataFrame, known: pd.DataFrame, target: str | None = None) -> pd.DataFrame:
    found = _by_origin(frame, target)
    if not found.index.equals(known.index):
        raise ValueError("its origins are not those of known.parquet")
    return found.set_index(known.index)


def _by_moment(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    known = _by_origin(frame, target)
    moments = pd.DatetimeIndex(known["moment"])
    if moments.tz is None or moments.hasnans or not moments.is_monotonic_increasing:
        raise ValueError("its moments are not moments in order")
    if not all(map(pd.api.types.is_numeric_dtype, known.drop(columns="moment").dtypes)):
        raise TypeError("its values are not figures")
    return known


def _of_prices(frame: pd.DataFrame) -> pd.DataFrame:
    found = frame[["period", "price", "known_at"]]
    kinds = (pd.api.types.is_datetime64_dtype, pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype)
    if not all(fits(found[name]) for name, fits in zip(found, kinds, strict=True)):
        raise TypeError("its columns are of other types")
    return found


def looked_up(history: MarketHistory) -> LookedUp:
    """The newest price in ``history``, and the newest session whose price was due by its moment."""
    newest = pd.Timestamp(history.periods[history.market.target.series].iloc[-1])
    return LookedUp(newest.date(), history.origins[-1].date())


def age_of(catalog: Catalog, history: MarketHistory) -> PriceAge:
    """The age of the newest price of ``history`` at its moment."""
    found, published = looked_up(history), history.series[history.market.target.series].published
    shut = closures(history.market.calendar, history.origins[-1])
    calendar = catalog.rules.price_calendar(published, *shut, history.market.frequency)
    return price_age(calendar, found.newest, found.until, history.as_of.to_pydatetime())


def stamp(lake: Lake, folder: str, as_of: pd.Timestamp) -> None:
    """Note in ``folder`` the moment of its data, and the imports that were withdrawn when it was computed."""
    noted = {"sha256": _withdrawals(lake), "as_of": as_of.isoformat()}
    lake.store.put(f"{folder}/withdrawals.json", json.dumps(noted).encode())


def stamped(lake: Lake, folder: str) -> pd.Timestamp | None:
    """The moment noted by ``stamp`` in ``folder``; None if it was never noted, or is lost."""
    noted = _stamp(lake, folder)
    return noted.as_of if noted else None


def is_behind(lake: Lake, folder: str) -> bool:
    """Whether ``folder`` must be computed again: an import was withdrawn or corrected since ``stamp``, or its note is lost."""
    noted = _stamp(lake, folder)
    withdrawals = noted.withdrawals if noted else ""
    return withdrawals != _withdrawals(lake) or (noted is None and bool(lake.damaged.open(f"{folder}/")))


def _stamp(lake: Lake, folder: str) -> Stamp | None:
    def parsed(content: Any) -> Stamp:
        as_of = content.get("as_of")
        moment = pd.Timestamp(as_of) if as_of is not None else None
        if not isinstance(content["sha256"], str) or (moment is not None and moment.tz is None):
            raise ValueError("it says no moment, or no checksum")
        return Stamp(content["sha256"], moment)

    return read_kept(lake.store, f"{folder}/withdrawals.json", parsed)


def _withdrawals(lake: Lake) -> str:
    """Digest of all withdrawals and corrections of imports so far; empty without any."""
    withdrawals = [f"{rewriting.at.isoformat()} {rewriting.subject}" for rewriting in lake.rewritings()]
    return hashlib.sha256("\n".join(withdrawals).encode()).hexdigest() if withdrawals else ""


def _folder(market: str) -> str:
    return f"processed-data/daily/history/{market}"


def unfed_by_choice(catalog: Catalog, lake: Lake, providers: Providers, market: str) -> str | None:
    """Why ``market`` has no prices, and the remedy, if that follows from settings; None if it has some, or should have."""
    reason = providers.unfed(market)
    target = catalog.markets[market].target.series
    return reason if reason and lake.observations([target]).empty else None
