"""Readings from the platform's tables: metrics of models, costs and latency for which alert rules have thresholds.

The moment of a reading is when the figure became known, so the same functions serve the sensor (newest readings) and the replay
(all).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from steel_assets.core.alerts.conditions import Reading
from steel_assets.core.drift import ALL
from steel_assets.core.scoring import FEWEST, RECENT, each_day, increases
from steel_assets.core.service_use import SILENT, Minute, summary

SLOT = timedelta(minutes=10)
"""Length of the intervals over which the service's figures are computed."""

SERVICE = "prediction service"


def error_readings(metrics: pd.DataFrame, horizon: int) -> list[Reading]:
    """``mape`` of each market and day, from rows of ``tables.METRICS_DAILY``; none while too few forecasts can be scored."""
    mine = metrics[(metrics["horizon"] == horizon) & (metrics["origins"] >= FEWEST)].sort_values("created_at")
    return [
        Reading(
            metric="mape",
            subject=row.market,
            moment=_moment(row.created_at),
            value=_number(row.mape),
            text=f"Over the last {row.origins} forecasts, h = {horizon}; the last price itself had {row.naive_mape:.2%}.",
            link=f"/assets/{row.market}/metrics_daily",
            simulated=bool(row.simulated),
        )
        for row in mine.itertuples()
    ]


def increase_readings(realised: pd.DataFrame, horizon: int) -> list[Reading]:
    """``mape_increase`` of each market, as ``scoring.increases`` defines it.

    Args:
        realised: rows of ``tables.PREDICTIONS_VS_REALITY``.
    """
    found: list[Reading] = []
    for market, rows in each_day(realised[realised["horizon"] == horizon]).groupby("market"):
        table = rows.join(increases(rows)).dropna(subset=["increase"])
        for row in table.drop_duplicates("created_at", keep="last").itertuples():
            text = f"MAPE of the last {RECENT} forecasts {row.recent:.2%}, of those before {row.before:.2%}."
            reading = Reading(
                metric="mape_increase",
                subject=str(market),
                moment=_moment(row.created_at),
                value=_number(row.increase),
                text=text,
                link=f"/assets/{market}/predictions_vs_reality",
                simulated=bool(row.simulated),
            )
            found.append(reading)
    return found


def drift_readings(drift: pd.DataFrame) -> list[Reading]:
    """``drift_score`` of each market and trading day measured, from rows of ``tables.DRIFT``.

    A score that is missing because the past is too short yields no reading; one that is missing because the data have no distance
    is unknown. A day's reading is known on the next day, however often it is measured again.
    """
    together = drift[drift["subject"] == ALL].sort_values("date")
    together = together[together["score"].notna() | together["wasserstein"].isna()]
    return [
        Reading(
            metric="drift_score",
            subject=row.market,
            moment=_moment(row.date.tz_localize("UTC") + pd.Timedelta(days=1)),
            value=_number(row.score),
            text=_drift_text(row.date, row.score),
            link=f"/assets/{row.market}/drift",
            simulated=bool(row.simulated),
        )
        for row in together.itertuples()
    ]


def _drift_text(day: pd.Timestamp, score: float) -> str:
    if pd.isna(score):
        return "Too few of its features, returns and errors are known."
    return f"On {day:%d %B} two of features, returns and errors were as far off as on {score:.0%} of days not."


def cost_readings(metrics: pd.DataFrame, monthly_budget_usd: float) -> list[Reading]:
    """``cost_daily`` and ``budget_share`` (of the month so far) of each day, from rows of ``tables.METRICS_DAILY``.

    A day whose cost is unknown yields one unknown reading, of ``cost_daily``.
    """
    if metrics.empty:
        return []
    days = metrics.groupby("date").agg(
        cost=("cost_usd", lambda costs: costs.sum(min_count=1)), known=("created_at", "max"), simulated=("simulated", "any")
    )
    days["month"] = days["cost"].fillna(0.0).groupby(days.index.to_period("M")).cumsum()
    readings: list[Reading] = []
    for row in days.itertuples():
        shared = {"moment": _moment(row.known), "link": "/assets/system_metrics", "simulated": bool(row.simulated)}
        day = f"An estimate for {row.Index:%d %B}, from run times and what is stored."
        month = f"{row.month:.2f} of {monthly_budget_usd:.2f} USD up to {row.Index:%d %B}, estimated."
        share = row.month / monthly_budget_usd
        readings.append(Reading(metric="cost_daily", subject="the platform", value=_number(row.cost), text=day, **shared))
        if readings[-1].known:
            readings.append(Reading(metric="budget_share", subject="this month", value=share, text=month, **shared))
    return readings


def service_readings(minutes: Sequence[Minute], now: datetime) -> list[Reading]:
    """The prediction service's own measurements, per interval of ten minutes.

    ``downtime_share`` for each interval with measurements; ``latency_seconds`` and ``error_rate`` for each with requests.

    A service that measured before and then nothing for ``SILENT`` has unknown readings. One that never measured has none.
    """
    slots: dict[datetime, list[Minute]] = {}
    for minute in minutes:
        slots.setdefault(_slot(datetime.fromisoformat(minute.minute)), []).append(minute)
    readings: list[Reading] = []
    for start, inside in sorted(slots.items()):
        use = summary(inside)
        away = None if use.availability_share is None else 1 - use.availability_share
        meaning = "Of the time it ran, the share in which it could not answer with a forecast."
        readings.append(Reading(metric="downtime_share", subject=SERVICE, moment=start + SLOT, value=_number(away), text=meaning))
        if use.requests:
            latency = None if use.avg_latency_ms is None else use.avg_latency_ms / 1000
            text = f"{use.requests} requests in ten minutes, {use.errors} of them failed."
            for metric, value in (("latency_seconds", latency), ("error_rate", use.error_share)):
                readings.append(Reading(metric=metric, subject=SERVICE, moment=start + SLOT, value=_number(value), text=text))
    if slots and now - max(slots) > SILENT:
        text = f"It measured nothing since {max(slots):%Y-%m-%d %H:%M} UTC: it does not run, or cannot write to the lake."
        readings.append(Reading(metric="downtime_share", subject=SERVICE, moment=now, value=None, text=text))
    return readings


def newest(readings: Iterable[Reading], count: int = 3) -> list[Reading]:
    """The newest ``count`` readings of each metric and subject, by default as many as the 2-of-3 rule needs."""
    by_subject: dict[tuple[str, str], list[Reading]] = {}
    for reading in sorted(readings, key=lambda reading: reading.moment):
        by_subject.setdefault((reading.metric, reading.subject), []).append(reading)
    return [reading for mine in by_subject.values() for reading in mine[-count:]]


def _slot(moment: datetime) -> datetime:
    known = moment.astimezone(UTC)
    return known.replace(minute=known.minute // 10 * 10, second=0, microsecond=0)


def _moment(moment: pd.Timestamp) -> datetime:
    return moment.to_pydatetime()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
