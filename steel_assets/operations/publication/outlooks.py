"""Sample paths of the forecasts in force, for averages and odds, and the record of past purchases by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.averages import Outlook, reached
from steel_assets.core.history import HistoryError, MarketHistory
from steel_assets.core.paths import PathsError
from steel_assets.core.published_paths import Period, packed, spread
from steel_assets.core.purchase_plan import NO_RECORD
from steel_assets.core.purchase_terms import PurchaseError
from steel_assets.operations import candidates, histories
from steel_assets.operations.outlooks import drawn
from steel_assets.operations.planning import published_record
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → the paths of its forecast in force, ``{"as_of", "problem", "paths", "purchases"}``.

    Without ``paths``, ``problem`` says why. ``purchases`` is ``{"problem", "record", "rolls"}``: the record of the market's
    walk-forward (``published_purchases.packed``) or why there is none, and whether its price is a front month. Paths come from
    the stored history in the versions known at the issue; they equal those that ``steel odds`` computes from raw values.

    Raises:
        LookupError: the forecasts in force could not be read.
    """
    if tables.latest is None:
        raise LookupError("the forecasts in force could not be read")
    return {market: _paths(inputs, market, entry["rows"]) for market, entry in tables.latest.items() if entry["rows"]}


def _paths(inputs: Inputs, market: str, plain: list[dict[str, Any]]) -> dict[str, Any]:
    rows = pd.DataFrame(plain)
    for name in ("issued_date", "origin", "target_date", "data_as_of", "as_of", "created_at"):
        rows[name] = pd.to_datetime(rows[name])
    try:
        known = histories.load(inputs.catalog, inputs.lake, market).until(rows["as_of"].iloc[0], rows["origin"].iloc[0])
        outlook = drawn({market: rows}, {market: known})[market]
    except ObjectNotFound:
        return _without(plain, "its history is not kept: materialise market_daily")
    except (DamagedFile, HistoryError, PathsError) as error:
        return _without(plain, f"{error}")
    purchases = _purchases(inputs, known)
    return {"as_of": plain[0]["as_of"], "problem": None, "paths": packed_paths(outlook), "purchases": purchases}


def _without(plain: list[dict[str, Any]], problem: str) -> dict[str, Any]:
    return {"as_of": plain[0]["as_of"], "problem": problem, "paths": None, "purchases": None}


def _purchases(inputs: Inputs, known: MarketHistory) -> dict[str, Any]:
    found: dict[str, Any] = {"problem": None, "record": None, "rolls": known.market.target.roll != "none"}
    try:
        rows = candidates.backtest(inputs.lake, known.market.id)
        return found | {"record": published_record(rows, known)}
    except ObjectNotFound:
        return found | {"problem": NO_RECORD}
    except DamagedFile as error:
        return found | {"problem": f"{error}; the next training writes it again"}
    except PurchaseError as error:
        return found | {"problem": f"{error}"}


def packed_paths(outlook: Outlook) -> dict[str, Any]:
    """The paths of ``outlook`` and its averages, as ``published_paths.packed`` writes them."""
    periods = []
    for average in reached(outlook):
        start = pd.Period(average.period.replace("-Q", "Q")).start_time
        first = int(np.searchsorted(outlook.days, start))
        days = (average.known, average.carried, average.drawn, average.beyond)
        periods.append(Period(average.period, average.before, *days, first, spread(average.values.tolist())))
    return packed([f"{day:%Y-%m-%d}" for day in outlook.days], outlook.paths.T.tolist(), periods)
