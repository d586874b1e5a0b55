"""Every finding about this installation: what the service would say, what the watch told, and whether anything runs by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from steel_assets.adapters import machine
from steel_assets.assets.measured import service_minutes
from steel_assets.assets.runs import InstanceNotFound, instance_here
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.figures import SILENT
from steel_assets.core.health import Finding, colour
from steel_assets.core.service_use import Use, summary

if TYPE_CHECKING:
    import dagster as dg

    from steel_assets.serving.snapshot import Snapshot

AREAS = ("markets", "sources", "models", "automation", "service", "budget", "machine")
"""What is looked at, in this order."""

AREA_OF = {
    "no_forecast": "markets",
    "stale_forecast": "markets",
    "damaged_file": "markets",
    "low_quality": "sources",
    "stale_series": "sources",
    "quarantined_data": "sources",
    "mape_increase": "models",
    "model_degradation": "models",
    "model_damaged": "models",
    "drift": "models",
    "rejected_candidate": "models",
    "latency_spike": "service",
    "error_rate": "service",
    "low_availability": "service",
    "memory_usage": "machine",
    "cpu_usage": "machine",
    "disk_usage": "machine",
    "budget": "budget",
}
"""Where an incident of that kind belongs; what is about costs is about the budget, everything else about the automation."""


def published(parts: Platform, moment: pd.Timestamp) -> Snapshot:
    """Everything published, as the service reads it."""
    from steel_assets.serving.publication.parts import read_parts
    from steel_assets.serving.snapshot import Snapshot

    snapshot = Snapshot()
    for part in read_parts(parts):
        snapshot = snapshot.with_part(part["part"], part["content"], part["problem"], moment.timestamp())
    return snapshot


def service_use(parts: Platform, moment: pd.Timestamp) -> Use | None:
    """What the service measured of itself lately; None when it does not measure."""
    minutes = service_minutes(parts, moment - SILENT, moment)
    return summary(minutes) if minutes else None


def findings(parts: Platform, snapshot: Snapshot, use: Use | None, moment: pd.Timestamp) -> list[Finding]:
    """Everything that is not as it should be, worst first."""
    from steel_assets.serving.state import incidents

    found = [
        Finding(_area(one.kind), colour([one.severity]), one.message + (f" (since {one.since})" if one.since else ""))
        for one in incidents(snapshot, use or summary([]), moment.timestamp())
    ]
    told = {one["rule"] for one in snapshot["incidents"]}
    found += list(_automation(parts, moment, told))
    return sorted(found, key=lambda one: one.light != "red")


def sources(standings: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """What providers do not answer at present: their last good answers stand in, or nothing does.

    Args:
        standings: source → endpoint group → its standing (``core.standing``).
    """
    for source, groups in standings.items():
        for group, state in groups.items():
            if state != "FRESH":
                yield Finding("sources", "yellow", f"{source}/{group}: {state}")


def _automation(parts: Platform, moment: pd.Timestamp, told: set[str]) -> Iterator[Finding]:
    """Daemons, schedules and sensors, as far as no open incident says it already."""
    from steel_assets.assets.sensors import lost_daemons

    try:
        instance = instance_here()
    except InstanceNotFound as error:
        yield Finding("automation", "yellow", str(error))
        return
    with instance:
        now = moment.to_pydatetime()
        silent = lost_daemons.silent(instance, parts, now)
        if silent and all("never started" in one for one in silent):
            yield Finding("automation", "yellow", "nothing runs by itself: the daemon was never started here (make dev)")
        elif silent and lost_daemons.RULE not in told:
            yield Finding("automation", "red", f"daemons without a heartbeat: {', '.join(silent)}; start them again")
        yield from _ticks(instance, parts, moment, told)


def _ticks(instance: dg.DagsterInstance, parts: Platform, moment: pd.Timestamp, told: set[str]) -> Iterator[Finding]:
    from steel_assets.assets.sensors import failed_ticks
    from steel_assets.definitions import defs

    repository = defs.get_repository_def()
    zones = {one.name: one.execution_timezone or "UTC" for one in repository.schedule_defs}
    names = {*zones, *(one.name for one in repository.sensor_defs)}
    for one in failed_ticks.conditions(instance, parts, names, zones, moment.to_pydatetime()):
        if one.firing and one.rule not in told:
            yield Finding("automation", "red" if one.rule == failed_ticks.FAILED else "yellow", f"{one.subject}: {one.text}")


def _machine(parts: Platform) -> str:
    used = machine.use(parts.settings.home)
    shares = {"processors": used.cpu_share, "memory": used.memory_share, "disk": used.disk_share}
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share is not None)


def _area(kind: str) -> str:
    return AREA_OF.get(kind, "budget" if kind.startswith(("cost_", "budget_")) else "automation")


def facts(parts: Platform, snapshot: Snapshot, use: Use | None) -> dict[str, str]:
    """What there is to say of each area when nothing is wrong; nothing of an area of which nothing is known."""
    catalogue: dict[str, Any] = snapshot["catalogue"] or {}
    markets = [one["id"] for one in catalogue.get("markets", [])]
    scores = [one["quality_score"] for one in snapshot["quality"].values() if one["quality_score"] is not None]
    costs = snapshot["costs"] or {}
    spent, projected = costs.get("month_to_date_usd"), costs.get("projection_usd")
    forecast = sum(snapshot.forecast(market) is not None for market in markets)
    models = len([one for one in snapshot["champions"] if not one["problem"]])
    return {
        "markets": f"{forecast} of {len(markets)} have a forecast",
        "sources": f"data quality at least {min(scores):.2f}" if scores else "",
        "models": f"{models} models in production, the last price elsewhere",
        "automation": f"{len(snapshot['incidents'])} open incidents",
        "service": ""
        if use is None
        else f"{use.requests} requests in the last hour"
        + (f", {use.avg_latency_ms:.0f} ms on average" if use.avg_latency_ms is not None else ""),
        "budget": ""
        if spent is None or projected is None
        else f"{spent:.2f} of {costs['budget_usd']:.2f} USD this month, {projected:.2f} projected (estimated)",
        "machine": _machine(parts),
    }
