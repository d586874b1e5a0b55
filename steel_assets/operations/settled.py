"""Which forecasts of a market have to be scored again: those issued long ago are settled while no price of then has changed.

What was scored last is noted in the lake under ``state/scored/<market>.json``: up to which day of issue forecasts are settled,
the checksum of their prices, and how many rows the table of scores had then. Where anything else is found (a price was revised,
a history restated, the table is another one, the note is lost) everything is scored again.
"""

import hashlib
import json
from typing import Any, NamedTuple

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.tables import PREDICTIONS_VS_REALITY
from steel_assets.operations.market_tables import read_daily

LONGEST = pd.Timedelta(days=400)
"""In which the longest horizon (250 trading days) comes true."""

OPEN = pd.Timedelta(days=550)
"""So long a forecast is scored again in every run."""

CONTEXT = pd.Timedelta(days=100)
"""Older forecasts that are read beside those: a restated history is recognised on several days (``core.metrics``)."""


class Note(NamedTuple):
    """What was noted when a market was scored last."""

    until: pd.Timestamp
    sha256: str
    rows: int


def settled_until(catalog: Catalog, lake: Lake, warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.Timestamp | None:
    """The first day of issue whose forecasts have to be scored again at ``moment``; None: all of them.

    Raises:
        ObjectNotFound, HistoryError: the market's prices cannot be read.
    """
    noted = read_kept(lake.store, _key(market), _note)
    if noted is None or noted.sha256 != _checksum(catalog, lake, market, noted.until, moment):
        return None
    return noted.until if warehouse.count(PREDICTIONS_VS_REALITY) >= noted.rows else None


def note_settled(catalog: Catalog, lake: Lake, warehouse: Warehouse, market: str, moment: pd.Timestamp) -> None:
    """Note that everything was scored with the prices known at ``moment``."""
    until = moment.tz_convert("UTC").tz_localize(None).normalize() - OPEN
    note = {
        "until": f"{until:%Y-%m-%d}",
        "sha256": _checksum(catalog, lake, market, until, moment),
        "rows": warehouse.count(PREDICTIONS_VS_REALITY),
    }
    lake.store.put(_key(market), json.dumps(note).encode())


def _checksum(catalog: Catalog, lake: Lake, market: str, until: pd.Timestamp, moment: pd.Timestamp) -> str:
    """Of all prices that a forecast issued before ``until`` is held against."""
    daily = read_daily(catalog, lake, market)
    mine = daily[(daily["date"] < until + LONGEST) & (daily["known_at"] <= moment)].sort_values("date")
    return hashlib.sha256(mine[["date", "price", "unit"]].to_csv(index=False).encode()).hexdigest()


def _note(content: Any) -> Note:
    until = pd.Timestamp(content["until"])
    if until.tz is not None or not isinstance(content["sha256"], str) or not isinstance(content["rows"], int):
        raise ValueError("it is no note of what was scored")
    return Note(until, content["sha256"], content["rows"])


def _key(market: str) -> str:
    return f"state/scored/{market}.json"
