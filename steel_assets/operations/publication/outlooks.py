"""Sample paths of the forecasts in force, from which the service answers for averages and odds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.averages import Outlook, reached
from steel_assets.core.history import HistoryError
from steel_assets.core.paths import PathsError
from steel_assets.core.published_paths import Period, packed, spread
from steel_assets.operations import histories
from steel_assets.operations.outlooks import drawn
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → the paths of its forecast in force, ``{"as_of", "problem", "paths"}``; without ``paths`` the problem says why.

    Drawn from the kept history in the versions known at the issue: the same as ``steel odds`` draws from the raw figures.

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
        known = histories.load(inputs.catalog, inputs.lake, market)
        known = replace(known, as_of=min(known.as_of, rows["as_of"].iloc[0]))
        outlook = drawn({market: rows}, {market: known})[market]
    except ObjectNotFound:
        return {"as_of": plain[0]["as_of"], "problem": "its history is not kept: materialise market_daily", "paths": None}
    except (DamagedFile, HistoryError, PathsError) as error:
        return {"as_of": plain[0]["as_of"], "problem": f"{error}", "paths": None}
    return {"as_of": plain[0]["as_of"], "problem": None, "paths": _packed(outlook)}


def _packed(outlook: Outlook) -> dict[str, Any]:
    periods = []
    for average in reached(outlook):
        start = pd.Period(average.period.replace("-Q", "Q")).start_time
        first = int(np.searchsorted(outlook.days, start))
        days = (average.known, average.carried, average.drawn, average.beyond)
        periods.append(Period(average.period, average.before, *days, first, spread(average.values.tolist())))
    return packed([f"{day:%Y-%m-%d}" for day in outlook.days], outlook.paths.T.tolist(), periods)
