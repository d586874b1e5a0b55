"""Reads only the newest rows of tables that grow daily, so that a run does not read more every year.

The period read is longer than any figure needs. If a market has fewer rows in it than needed (it is young, or was not measured),
everything is read, so that figures equal those from all rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from steel_assets.adapters.warehouse.warehouse import Since, Warehouse
from steel_assets.core.drift import ALL
from steel_assets.core.scoring import BEFORE, RECENT, each_day
from steel_assets.core.system_metrics import PROJECTED_DAYS
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import DRIFT, FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY

SCORED_DAYS = 600
"""Calendar days that contain more trading days than any score uses (RECENT + BEFORE)."""

COST_DAYS = 62
"""Calendar days that contain a day's month, and usually all days that the projection uses."""

MEASURED_DAYS = 60
"""Calendar days that usually contain the newest measurement of a market."""


def newest_rows(
    warehouse: Warehouse,
    table: Table,
    column: str,
    since: pd.Timestamp,
    enough: Callable[[pd.DataFrame], bool],
    where: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The rows of ``table`` whose ``column`` is ``since`` or later; all rows if those are not ``enough``.

    Args:
        column: a date or a timestamp.
        where: further conditions, as in ``Warehouse.read``.
    """
    wanted = dict(where or {})
    rows = warehouse.read(table, {**wanted, column: Since(since)})
    return rows if enough(rows) else warehouse.read(table, wanted)


def newest_forecasts(warehouse: Warehouse, market: str, horizons: tuple[int, ...], moment: pd.Timestamp) -> pd.DataFrame:
    """Published forecasts of ``market``, with the newest one before ``moment`` of each horizon.

    A horizon that the catalogue no longer has is included if it was issued within SCORED_DAYS.
    """
    since = _day(moment, SCORED_DAYS)

    def enough(rows: pd.DataFrame) -> bool:
        return set(horizons) <= set(rows.loc[rows["as_of"] < moment, "horizon"])

    return newest_rows(warehouse, FORECASTS, "issued_date", since, enough, {"market": market})


def scored_lately(warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """Scored forecasts of ``market``: all that a score or its increase uses."""
    since = _day(moment, SCORED_DAYS)

    def enough(rows: pd.DataFrame) -> bool:
        return enough_to_score(rows[rows["prediction_date"] <= _day(moment, 0)])

    return newest_rows(warehouse, PREDICTIONS_VS_REALITY, "prediction_date", since, enough, {"market": market})


def drift_lately(warehouse: Warehouse, market: str, date: pd.Timestamp) -> pd.DataFrame:
    """Drift of ``market`` with the newest measurement up to ``date``: rows of ``tables.DRIFT``."""

    def enough(rows: pd.DataFrame) -> bool:
        return bool(((rows["subject"] == ALL) & (rows["date"] <= date)).any())

    return newest_rows(warehouse, DRIFT, "date", date - pd.Timedelta(days=MEASURED_DAYS), enough, {"market": market})


def costs_lately(warehouse: Warehouse, date: pd.Timestamp) -> pd.DataFrame:
    """Rows of ``tables.METRICS_DAILY`` up to ``date`` that its costs, its month's costs and the projection need."""

    def enough(rows: pd.DataFrame) -> bool:
        whole = rows[rows["date"] < date].groupby("date")["cost_usd"].sum(min_count=1).tail(PROJECTED_DAYS)
        return len(whole) == PROJECTED_DAYS and bool(whole.notna().any())

    return newest_rows(warehouse, METRICS_DAILY, "date", date - pd.Timedelta(days=COST_DAYS), enough)


def enough_to_score(rows: pd.DataFrame) -> bool:
    """Whether one market's rows of ``tables.PREDICTIONS_VS_REALITY`` have as many days by horizon as any score uses."""
    counts = each_day(rows)["horizon"].value_counts()
    return len(counts) > 0 and counts.min() >= RECENT + BEFORE + 1


def _day(moment: pd.Timestamp, back: int) -> pd.Timestamp:
    return moment.tz_convert("UTC").tz_localize(None).normalize() - pd.Timedelta(days=back)
