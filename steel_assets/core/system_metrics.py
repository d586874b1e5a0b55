"""The platform's own metrics at a moment: service, machine and cost. What is not known is empty.

Figures of the service are its own records of the last day; those of the machine are read at the moment; costs are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from steel_assets.core.costs import cost_per_prediction_usd, month_projection_usd
from steel_assets.core.service_use import Minute, summary
from steel_assets.core.tables import SYSTEM_METRICS

PROJECTED_DAYS = 30
"""Whole days that a month's cost is projected from."""


def system_metrics(
    measured_at: pd.Timestamp,
    date: pd.Timestamp,
    service: Sequence[Minute],
    machine: Mapping[str, float | None],
    metrics: pd.DataFrame,
    *,
    stored_bytes: int,
    forecast_ms: float | None,
    worked_share: float | None,
    simulated: bool,
) -> pd.DataFrame:
    """One row of ``tables.SYSTEM_METRICS``.

    Args:
        measured_at: UTC.
        date: the day it belongs to, midnight without a zone.
        service: minutes measured by the prediction service in the day before ``measured_at``.
        machine: ``cpu_share``, ``memory_share`` and ``disk_share``; None if the system does not tell.
        metrics: rows of ``tables.METRICS_DAILY``: cost and number of forecasts of each day.
        forecast_ms: mean time to produce one published forecast.
        worked_share: share of the day's run time in which a step was executed.

    Raises:
        TableError: a figure does not fit the table.
    """
    use = summary(service)
    row = {
        "measured_at": measured_at,
        "date": date,
        "requests": use.requests,
        "latency_ms": use.avg_latency_ms,
        "latency_p99_ms": _finite(use.p99_latency_ms, max((minute.latency_ms_max for minute in service), default=None)),
        "requests_per_second": use.requests_per_second,
        "availability_share": use.availability_share,
        "error_share": use.error_share,
        "service_cpu_share": use.cpu_share,
        "service_memory_bytes": use.memory_bytes,
        **machine,
        "stored_bytes": stored_bytes,
        "forecast_ms": forecast_ms,
        **_costs(metrics, date),
        "worked_share": worked_share,
        "simulated": simulated,
        "created_at": measured_at,
    }
    return SYSTEM_METRICS.enforce(pd.DataFrame([row]))


def unknown(rows: pd.DataFrame) -> list[str]:
    """Columns of the newest row without a value."""
    newest = rows.iloc[-1]
    return [name for name in rows.columns if pd.isna(newest[name])]


def _costs(metrics: pd.DataFrame, date: pd.Timestamp) -> dict[str, float | None]:
    """Costs of the day and its month so far, of a whole month and per forecast; the day itself is not complete yet."""
    until = metrics[metrics["date"] <= date]
    days = until.groupby("date")["cost_usd"].sum(min_count=1)
    published = int(until.loc[until["date"] == date, "prediction_count"].sum())
    today = days.get(date, np.nan)
    month = days[days.index >= date.replace(day=1)].dropna()
    whole = days[days.index < date].tail(PROJECTED_DAYS)
    return {
        "cost_day_usd": float(today),
        "cost_month_usd": float(month.sum()) if len(month) else None,
        "cost_projection_usd": month_projection_usd(whole if whole.notna().any() else days),
        "cost_per_prediction_usd": None if pd.isna(today) else cost_per_prediction_usd(float(today), published),
    }


def _finite(value: float | None, slowest: float | None) -> float | None:
    """A quantile in the last bucket is replaced by the slowest request."""
    return value if value is None or np.isfinite(value) else slowest
