"""The newest rows of tables that grow by the day: what a run reads of them does not grow.

How far back is looked is more than any figure needs; of a market that has less in that time than is needed (it is young, or stood
still) everything is read, so that a figure is the same as from all rows.
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
"""Calendar days in which a market trades on more days than any score looks back at (RECENT + BEFORE)."""

COST_DAYS = 62
"""In which the month of a day lies, and usually all days that a projection looks back at."""

MEASURED_DAYS = 60
"""Within which the newest measurement of a market usually lies."""


def newest_rows(
    warehouse: Warehouse,
    table: Table,
    column: str,
    since: pd.Timestamp,
    enough: Callable[[pd.DataFrame], bool],
    where: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The rows of ``table`` whose ``column`` is ``since`` or later; all of them where those are not ``enough``.

    Args:
        column: a date or a timestamp.
        where: further conditions, as ``Warehouse.read`` has them.
    """
    wanted = dict(where or {})
    rows = warehouse.read(table, {**wanted, column: Since(since)})
    return rows if enough(rows) else warehouse.read(table, wanted)


def newest_forecasts(warehouse: Warehouse, market: str, horizons: tuple[int, ...], moment: pd.Timestamp) -> pd.DataFrame:
    """Published forecasts of ``market``, the newest one before ``moment`` of each horizon among them.

    A horizon that the catalogue has no more is among them as long as something was issued at it in SCORED_DAYS.
    """
    since = _day(moment, SCORED_DAYS)

    def enough(rows: pd.DataFrame) -> bool:
        return set(horizons) <= set(rows.loc[rows["as_of"] < moment, "horizon"])

    return newest_rows(warehouse, FORECASTS, "issued_date", since, enough, {"market": market})


def scored_lately(warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """Forecasts of ``market`` that came true, all that a score or its increase looks back at."""
    since = _day(moment, SCORED_DAYS)

    def enough(rows: pd.DataFrame) -> bool:
        return enough_to_score(rows[rows["prediction_date"] <= _day(moment, 0)])

    return newest_rows(warehouse, PREDICTIONS_VS_REALITY, "prediction_date", since, enough, {"market": market})


def drift_lately(warehouse: Warehouse, market: str, date: pd.Timestamp) -> pd.DataFrame:
    """Drift of ``market``, the newest measurement up to ``date`` among it: rows of ``tables.DRIFT``."""

    def enough(rows: pd.DataFrame) -> bool:
        return bool(((rows["subject"] == ALL) & (rows["date"] <= date)).any())

    return newest_rows(warehouse, DRIFT, "date", date - pd.Timedelta(days=MEASURED_DAYS), enough, {"market": market})


def costs_lately(warehouse: Warehouse, date: pd.Timestamp) -> pd.DataFrame:
    """Rows of ``tables.METRICS_DAILY`` up to ``date`` from which its costs, its month's and the projection follow."""

    def enough(rows: pd.DataFrame) -> bool:
        whole = rows[rows["date"] < date].groupby("date")["cost_usd"].sum(min_count=1).tail(PROJECTED_DAYS)
        return len(whole) == PROJECTED_DAYS and bool(whole.notna().any())

    return newest_rows(warehouse, METRICS_DAILY, "date", date - pd.Timedelta(days=COST_DAYS), enough)


def enough_to_score(rows: pd.DataFrame) -> bool:
    """Whether one market's rows of ``tables.PREDICTIONS_VS_REALITY`` hold as many days by horizon as any score looks back at."""
    counts = each_day(rows)["horizon"].value_counts()
    return len(counts) > 0 and counts.min() >= RECENT + BEFORE + 1


def _day(moment: pd.Timestamp, back: int) -> pd.Timestamp:
    return moment.tz_convert("UTC").tz_localize(None).normalize() - pd.Timedelta(days=back)
