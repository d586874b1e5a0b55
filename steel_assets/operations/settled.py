"""Which forecasts of a market must be scored again: old ones are settled as long as no price of their time changes.

``state/scored/<market>.json`` notes the last scoring: the day of issue up to which forecasts are settled, the checksum of their
prices, and the number of rows in the table of scores. If any of these differs (a revised price, a restated history, another
table, a lost note), everything is scored again.
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
"""Calendar days that contain the longest horizon (250 trading days)."""

OPEN = pd.Timedelta(days=550)
"""For so long after its issue a forecast is scored again in every run."""

CONTEXT = pd.Timedelta(days=100)
"""Older forecasts that are read with those, because a restated history is detected over several days (``core.metrics``)."""


class Note(NamedTuple):
    """What was noted at the last scoring of a market."""

    until: pd.Timestamp
    sha256: str
    rows: int


def settled_until(catalog: Catalog, lake: Lake, warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.Timestamp | None:
    """The first day of issue whose forecasts must be scored again at ``moment``; None for all of them.

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
    """Checksum of all prices that forecasts issued before ``until`` are compared with."""
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
