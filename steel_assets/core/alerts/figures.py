"""The platform's own tables as readings: model, cost and latency figures that the thresholds of the catalogue are about.

Each reading's moment is when the figure was known, so the same functions serve the sensor (the newest few) and the replay (all).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from steel_assets.core.alerts.conditions import Reading
from steel_assets.core.service_use import Minute, summary

RECENT = 20
"""Forecasts over which the present error is taken."""

BEFORE = 250
"""Forecasts before those, that it is compared with."""

FEWEST = 20
"""Forecasts come true below which nothing is said about a model."""

SLOT = timedelta(minutes=10)
"""The service's figures are taken over this long."""


def error_readings(metrics: pd.DataFrame, horizon: int) -> list[Reading]:
    """``mape`` of each market and day, from rows of ``tables.METRICS_DAILY``; none while too few forecasts have come true."""
    mine = metrics[(metrics["horizon"] == horizon) & (metrics["origins"] >= FEWEST)].sort_values("created_at")
    return [
        Reading(
            metric="mape",
            subject=row.market,
            moment=_moment(row.created_at),
            value=_number(row.mape),
            text=f"Over the last {row.origins} forecasts, h = {horizon}; the last price itself had {row.naive_mape:.2%}.",
            link="/assets/metrics_daily",
            simulated=bool(row.simulated),
        )
        for row in mine.itertuples()
    ]


def increase_readings(realised: pd.DataFrame, horizon: int) -> list[Reading]:
    """``mape_increase`` of each market: the mean error of the last 20 forecasts less that of the 250 before.

    Args:
        realised: rows of ``tables.PREDICTIONS_VS_REALITY``.
    """
    found: list[Reading] = []
    for market, rows in realised[realised["horizon"] == horizon].sort_values("prediction_date").groupby("market"):
        error = rows["error_percentage"] / 100
        recent = error.rolling(RECENT).mean()
        before = error.shift(RECENT).rolling(BEFORE, min_periods=FEWEST).mean()
        table = rows.assign(recent=recent, increase=recent - before).dropna(subset=["increase"])
        for row in table.drop_duplicates("created_at", keep="last").itertuples():
            text = f"MAPE of the last {RECENT} forecasts {row.recent:.2%}, of those before {row.recent - row.increase:.2%}."
            reading = Reading(
                metric="mape_increase",
                subject=str(market),
                moment=_moment(row.created_at),
                value=_number(row.increase),
                text=text,
                link="/assets/predictions_vs_reality",
                simulated=bool(row.simulated),
            )
            found.append(reading)
    return found


def cost_readings(metrics: pd.DataFrame, monthly_budget_usd: float) -> list[Reading]:
    """``cost_daily`` and ``budget_share`` (of the month so far) of each day, from rows of ``tables.METRICS_DAILY``.

    A day whose cost is unknown says so once, as ``cost_daily``.
    """
    if metrics.empty:
        return []
    days = metrics.groupby("date").agg(
        cost=("cost_usd", lambda costs: costs.sum(min_count=1)), known=("created_at", "max"), simulated=("simulated", "any")
    )
    days["month"] = days["cost"].fillna(0.0).groupby(days.index.to_period("M")).cumsum()
    found: list[Reading] = []
    for row in days.itertuples():
        shared = {"moment": _moment(row.known), "link": "/assets/metrics_daily", "simulated": bool(row.simulated)}
        day = f"An estimate for {row.Index:%d %B}, from run times and what is stored."
        month = f"{row.month:.2f} of {monthly_budget_usd:.2f} USD up to {row.Index:%d %B}, estimated."
        share = row.month / monthly_budget_usd
        found.append(Reading(metric="cost_daily", subject="the platform", value=_number(row.cost), text=day, **shared))
        if found[-1].known:
            found.append(Reading(metric="budget_share", subject="this month", value=share, text=month, **shared))
    return found


def service_readings(minutes: Sequence[Minute]) -> list[Reading]:
    """``latency_seconds`` and ``error_rate`` of the prediction service in each ten minutes in which it was asked anything."""
    slots: dict[datetime, list[Minute]] = {}
    for minute in minutes:
        slots.setdefault(_slot(datetime.fromisoformat(minute.minute)), []).append(minute)
    found: list[Reading] = []
    for start, inside in sorted(slots.items()):
        use = summary(inside)
        if use.requests:
            latency = None if use.avg_latency_ms is None else use.avg_latency_ms / 1000
            text = f"{use.requests} requests in ten minutes, {use.errors} of them failed."
            for metric, value in (("latency_seconds", latency), ("error_rate", use.error_share)):
                found.append(
                    Reading(metric=metric, subject="prediction service", moment=start + SLOT, value=_number(value), text=text)
                )
    return found


def newest(readings: Iterable[Reading], count: int = 3) -> list[Reading]:
    """The newest ``count`` readings of each metric and subject: as many as the 2-of-3 rule looks at."""
    kept: dict[tuple[str, str], list[Reading]] = {}
    for reading in sorted(readings, key=lambda one: one.moment):
        kept.setdefault((reading.metric, reading.subject), []).append(reading)
    return [reading for mine in kept.values() for reading in mine[-count:]]


def _slot(moment: datetime) -> datetime:
    known = moment.astimezone(UTC)
    return known.replace(minute=known.minute // 10 * 10, second=0, microsecond=0)


def _moment(moment: pd.Timestamp) -> datetime:
    return moment.to_pydatetime()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
