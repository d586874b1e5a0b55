"""Findings about this installation from the published snapshot, open incidents, and daemons, schedules and sensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steel_assets.adapters.lake.damaged import Damaged
from steel_assets.adapters.machine import usage as machine
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.catalog import Catalog
from steel_assets.core.health import Finding, colour
from steel_assets.core.service_use import SILENT, ServiceUsage, summary
from steel_assets.operations.automation import running
from steel_assets.operations.dagster_files import InstanceNotFound, instance_files, instance_home
from steel_assets.operations.drop_state import load
from steel_assets.operations.service_measurements import service_minutes

if TYPE_CHECKING:
    import dagster as dg

    from steel_assets.adapters.drop_box import DropBox
    from steel_assets.serving.snapshot import Snapshot

AREAS = ("markets", "sources", "models", "automation", "service", "budget", "machine")
"""The areas of findings, in the order shown."""

SHOWN_NOTES = 10

NEVER_STARTED = Finding("automation", "yellow", "no schedule runs: the daemon was never started here; start it with make dev")

AREA_OF = {
    "no_forecast": "markets",
    "stale_forecast": "markets",
    "stale_price": "markets",
    "unused_price": "markets",
    "price_too_old": "markets",
    "aged_driver": "markets",
    "damaged_file": "markets",
    "withdrawn_import": "markets",
    "stale_series": "sources",
    "quarantined_data": "sources",
    "file_set_aside": "sources",
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
}
"""Kind of incident → area; of those not listed, the ones about costs are of the budget, all others of automation."""


def published(store: ObjectStore, signing_key: bytes | None, moment: datetime) -> Snapshot:
    """Everything published and the open incidents, as the service serves them at ``moment``."""
    from steel_assets.serving.refresh import Refresher

    return Refresher(lambda: store, signing_key=signing_key, clock=moment.timestamp).refreshed()


def service_use(store: ObjectStore, moment: datetime) -> ServiceUsage | None:
    """What the service measured of itself lately; None if it does not measure."""
    minutes = service_minutes(store, moment - SILENT, moment)
    return summary(minutes) if minutes else None


def findings(catalog: Catalog, snapshot: Snapshot, moment: datetime) -> list[Finding]:
    """All findings about the published snapshot, worst first."""
    from steel_assets.serving.state import covers, incidents

    found = [
        Finding(
            _area(incident.kind),
            colour([incident.severity]),
            incident.message + (f" (since {incident.since})" if incident.since else ""),
        )
        for incident in incidents(snapshot, moment.timestamp())
    ]
    open_rules = {rule for incident in snapshot["incidents"] for rule, _ in covers(incident)}
    found += list(_automation(catalog, moment, open_rules))
    return sorted(found, key=lambda finding: finding.status != "red")


def sources(statuses: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Findings about providers that do not answer at present, whether or not an earlier answer is used instead.

    Args:
        statuses: source → endpoint group → its status (``core.source_status``).
    """
    for source, groups in statuses.items():
        for group, state in groups.items():
            if state != "FRESH":
                yield Finding("sources", "yellow", f"{source}/{group}: {state}")


def dropped(store: ObjectStore, drop_box: DropBox) -> Iterator[Finding]:
    """Findings about files in the drop folder that were not imported."""
    notes = load(store, drop_box).notes
    for name, text in list(notes.items())[:SHOWN_NOTES]:
        yield Finding("sources", "yellow", f"drop folder: {name}: {text}")
    if len(notes) > SHOWN_NOTES:
        yield Finding("sources", "yellow", f"drop folder: {len(notes) - SHOWN_NOTES} more, in {drop_box.where}/notes")


def damaged(store: ObjectStore, warehouse_lost: str | None, snapshot: Snapshot, moment: datetime) -> Iterator[Finding]:
    """Findings about damaged files of the lake that no open incident reports.

    Args:
        warehouse_lost: what the warehouse lost, in a sentence; None if nothing.
    """
    from steel_assets.serving.state import covers

    open_files = {subject for incident in snapshot["incidents"] for rule, subject in covers(incident) if rule == "file_set_aside"}
    if warehouse_lost is not None and "warehouse" not in open_files:
        yield Finding("sources", "red", warehouse_lost)
    notes = [damage for damage in Damaged(store).news(_plain(moment)) if damage.key not in open_files]
    for note in notes[:SHOWN_NOTES]:
        yield Finding("sources", "yellow", note.text)
    if len(notes) > SHOWN_NOTES:
        yield Finding("sources", "yellow", f"{len(notes) - SHOWN_NOTES} more damaged files, under damaged/ in the lake")


def _automation(catalog: Catalog, moment: datetime, open_rules: set[str]) -> Iterator[Finding]:
    """Findings about daemons, schedules and sensors that no open incident reports."""
    now, grace = _plain(moment), timedelta(minutes=catalog.rules.alerts.daemon_silence_minutes)
    try:
        state = running(instance_files(instance_home()), now, grace)
    except InstanceNotFound as error:
        yield Finding("automation", "yellow", str(error))
        return
    if state == "never":
        yield NEVER_STARTED
    if state != "unknown":
        return
    from steel_assets.assets.runs import instance_here
    from steel_assets.assets.sensors import lost_daemons

    with instance_here() as instance:
        silent = lost_daemons.silent(instance, catalog.rulebook, now)
        if silent and all("never started" in daemon for daemon in silent):
            yield NEVER_STARTED
        elif silent and lost_daemons.RULE not in open_rules:
            yield Finding("automation", "red", f"daemons without a heartbeat: {', '.join(silent)}; start them again")
        yield from _ticks(instance, catalog, now, open_rules)


def _ticks(instance: dg.DagsterInstance, catalog: Catalog, moment: datetime, open_rules: set[str]) -> Iterator[Finding]:
    from steel_assets.assets.sensors import failed_ticks
    from steel_assets.definitions import defs

    repository = defs().get_repository_def()
    zones = {schedule.name: schedule.execution_timezone or "UTC" for schedule in repository.schedule_defs}
    names = {*zones, *(sensor.name for sensor in repository.sensor_defs)}
    for condition in failed_ticks.conditions(instance, catalog.rulebook, names, zones, moment):
        if condition.firing and condition.rule not in open_rules:
            yield Finding(
                "automation",
                "red" if condition.rule == failed_ticks.FAILED else "yellow",
                f"{condition.subject}: {condition.text}",
            )


def _machine(home: Path) -> str:
    used = machine.use(home)
    shares = {"processors": used.cpu_share, "memory": used.memory_share, "disk": used.disk_share}
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share is not None)


def _plain(moment: datetime) -> datetime:
    """``moment`` as a plain datetime, if it is a pandas Timestamp."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def _area(kind: str) -> str:
    return AREA_OF.get(kind, "budget" if kind.startswith(("cost_", "budget_")) else "automation")


def _oldest_price(snapshot: Snapshot, markets: list[str], moment: datetime) -> str:
    from steel_assets.serving.response_bodies import price_age_of

    issued = [rows[0] for market in markets if (rows := snapshot.forecast(market))]
    ages = [age for row in issued if (age := price_age_of(snapshot, row, moment.timestamp())) is not None]
    return f", the oldest from a {max(ages, key=lambda age: age.sessions).text}" if ages else ""


def facts(home: Path, snapshot: Snapshot, use: ServiceUsage | None, moment: datetime) -> dict[str, str]:
    """One sentence for each area without findings; areas of which nothing is known are left out."""
    catalogue: dict[str, Any] = snapshot["catalogue"] or {}
    markets = [market["id"] for market in catalogue.get("markets", [])]
    scores = [quality["quality_score"] for quality in snapshot["quality"].values() if quality["quality_score"] is not None]
    costs = snapshot["costs"] or {}
    spent, projected = costs.get("month_to_date_usd"), costs.get("projection_usd")
    forecast = sum(snapshot.forecast(market) is not None for market in markets)
    models = len([champion for champion in snapshot["champions"] if not champion["problem"]])
    return {
        "markets": f"{forecast} of {len(markets)} have a forecast" + _oldest_price(snapshot, markets, moment),
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
        "machine": _machine(home),
    }
