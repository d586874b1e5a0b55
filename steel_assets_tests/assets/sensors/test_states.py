"""What is wrong for as long as it is: stale assets and series, failing or silent automation, lost daemons, a full machine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo

from steel_assets.adapters.machine import usage as machine
from steel_assets.assets.sensors import busy_machine, failed_ticks, lost_daemons, stale_assets, stale_series
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.settings import Settings

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(parts: Platform) -> list[str]:
    return [f"{waiting.event.kind} {waiting.event.rule} {waiting.event.subject}" for waiting in parts.outbox.alert_state().queue]


def becomes(instance: dg.DagsterInstance, asset: str, state: FreshnessState, at: datetime) -> None:
    change = FreshnessStateChange(
        key=dg.AssetKey(asset), previous_state=FreshnessState.UNKNOWN, new_state=state, state_change_timestamp=at.timestamp()
    )
    instance.report_dagster_event(
        run_id="",
        dagster_event=DagsterEvent(
            event_type_value=DagsterEventType.FRESHNESS_STATE_CHANGE.value, job_name="", event_specific_data=change
        ),
    )


def test_a_stale_asset_is_told_after_a_moment_and_ends_when_it_is_fresh(instance: dg.DagsterInstance, parts: Platform) -> None:
    watched = [dg.AssetKey("prices"), dg.AssetKey("forecasts")]
    becomes(instance, "forecasts", FreshnessState.PASS, NOW)
    becomes(instance, "prices", FreshnessState.FAIL, NOW)
    for minute in range(20):
        stale_assets.evaluate(instance, parts.outbox, watched, NOW + minute * MINUTE)
    assert told(parts) == ["opened stale_asset prices"]
    becomes(instance, "prices", FreshnessState.PASS, NOW + 21 * MINUTE)
    stale_assets.evaluate(instance, parts.outbox, watched, NOW + 21 * MINUTE)
    assert told(parts)[1:] == ["recovered stale_asset prices"]


def test_an_asset_that_was_never_materialised_is_told_after_its_grace_and_not_as_fresh_for_ever(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    watched = [dg.AssetKey("prices")]
    for hour in range(30):
        stale_assets.evaluate(instance, parts.outbox, watched, NOW + hour * 60 * MINUTE)
    assert told(parts) == ["opened asset_never_fresh prices"]
    opened = parts.outbox.alert_state().queue[0].event
    assert opened.moment - opened.since == timedelta(hours=26)


def test_an_asset_that_was_taken_out_is_no_longer_stale(instance: dg.DagsterInstance, parts: Platform) -> None:
    becomes(instance, "prices", FreshnessState.FAIL, NOW)
    for minute in (0, 20):
        stale_assets.evaluate(instance, parts.outbox, [dg.AssetKey("prices")], NOW + minute * MINUTE)
    stale_assets.evaluate(instance, parts.outbox, [], NOW + 30 * MINUTE)
    assert told(parts) == ["opened stale_asset prices", "recovered stale_asset prices"]


def origin(name: str) -> RemoteInstigatorOrigin:
    target = LoadableTargetOrigin(python_file="x.py")
    location = InProcessCodeLocationOrigin(loadable_target_origin=target, location_name="here")
    return RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)


def ticks(instance: dg.DagsterInstance, state: InstigatorState, *outcomes: tuple[datetime, TickStatus]) -> None:
    error = SerializableErrorInfo("ValueError: no such table", [], "ValueError")
    for at, status in outcomes:
        instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.name,
                state.instigator_type,
                status,
                at.timestamp(),
                error=error if status == TickStatus.FAILURE else None,
                selector_id=state.selector_id,
            )
        )


def sensor(
    instance: dg.DagsterInstance, name: str, started: datetime, status: InstigatorStatus = InstigatorStatus.RUNNING
) -> InstigatorState:
    data = SensorInstigatorData(min_interval=30, last_sensor_start_timestamp=started.timestamp())
    state = InstigatorState(origin(name), InstigatorType.SENSOR, status, data)
    instance.add_instigator_state(state)
    return state


def test_a_sensor_that_fails_again_and_again_is_told_and_one_bad_tick_is_not(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    state = sensor(instance, "watcher", NOW)
    for minute in range(10):
        failing = 2 <= minute <= 7 or minute == 0
        ticks(instance, state, (NOW + minute * MINUTE, TickStatus.FAILURE if failing else TickStatus.SKIPPED))
        failed_ticks.evaluate(instance, parts.outbox, {"watcher"}, {}, NOW + minute * MINUTE)
    assert told(parts) == ["opened failed_tick sensor watcher", "recovered failed_tick sensor watcher"]
    assert parts.outbox.alert_state().queue[0].event.text == "ValueError: no such table"


def test_a_sensor_that_stopped_ticking_or_was_switched_off_is_told(instance: dg.DagsterInstance, parts: Platform) -> None:
    state = sensor(instance, "watcher", NOW)
    sensor(instance, "sleeper", NOW, InstigatorStatus.STOPPED)
    ticks(instance, state, (NOW, TickStatus.SKIPPED))
    for minute in (4, 9):
        failed_ticks.evaluate(instance, parts.outbox, {"watcher", "sleeper"}, {}, NOW + minute * MINUTE)
    assert told(parts) == ["opened silent_automation sensor sleeper"]
    for minute in (11, 16):
        failed_ticks.evaluate(instance, parts.outbox, {"watcher", "sleeper"}, {}, NOW + minute * MINUTE)
    assert told(parts)[1:] == ["opened silent_automation sensor watcher"]
    failed_ticks.evaluate(instance, parts.outbox, {"sleeper"}, {}, NOW + 17 * MINUTE)
    assert told(parts)[2:] == ["recovered silent_automation sensor watcher"], "it is no longer in the code"


@pytest.mark.parametrize(
    ("last_tick", "now", "silent"),
    [
        ("2026-11-20 08:00", "2026-11-20 18:00", False),
        ("2026-11-20 08:00", "2026-11-21 08:04", False),  # due four minutes ago, a patience of ten
        ("2026-11-20 08:00", "2026-11-21 08:11", True),
        ("2026-11-21 08:00", "2026-11-21 08:11", False),
        # Mexico left daylight-saving time for good on 30 October 2022: 02:00 was 07:00 UTC before and 08:00 after
        ("2022-10-29 07:00", "2022-10-30 08:04", False),
        ("2022-10-29 07:00", "2022-10-30 08:11", True),
    ],
)
def test_a_schedule_is_silent_when_its_own_clock_says_it_was_due(
    instance: dg.DagsterInstance, parts: Platform, last_tick: str, now: str, silent: bool
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    data = ScheduleInstigatorData("0 2 * * *", start_timestamp=at("2022-10-01 00:00").timestamp())
    state = InstigatorState(origin("daily"), InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
    instance.add_instigator_state(state)
    ticks(instance, state, (at(last_tick), TickStatus.SKIPPED))
    for minute in (0, 5):
        failed_ticks.evaluate(instance, parts.outbox, {"daily"}, {"daily": "America/Mexico_City"}, at(now) + minute * MINUTE)
    assert (told(parts) == ["opened silent_automation schedule daily"]) is silent


def test_a_daemon_without_a_heartbeat_is_critical(instance: dg.DagsterInstance, parts: Platform) -> None:
    for kind in instance.get_required_daemon_types():
        beat = NOW if kind != "SENSOR" else NOW - 5 * MINUTE
        instance.add_daemon_heartbeat(DaemonHeartbeat(beat.timestamp(), kind, None, []))
    lost_daemons.evaluate(instance, parts.outbox, NOW)
    assert told(parts) == []
    lost_daemons.evaluate(instance, parts.outbox, NOW + 6 * MINUTE)
    assert told(parts) == [], "it may have been started just now"
    lost_daemons.evaluate(instance, parts.outbox, NOW + 9 * MINUTE)
    assert told(parts) == ["opened system_downtime Dagster daemon"]
    assert parts.outbox.alert_state().queue[0].event.severity == "critical"
    assert "sensor (last heartbeat 2026-11-20 11:55)" in parts.outbox.alert_state().queue[0].event.text


def assessed(parts: Platform, newest: dict[str, str | None]) -> None:
    row = {f"{part}_score": 1.0 for part in ("completeness", "freshness", "validity", "consistency", "outlier", "quality")}
    rows = [
        {
            "date": "2026-11-20",
            "market": "rebar_fob_turkey",
            "series": series,
            "critical": series == "lme_rebar_m01",
            **row,
            "newest_period": period,
            "created_at": NOW,
        }
        for series, period in newest.items()
    ]
    parts.warehouse.upsert(DATA_QUALITY, pd.DataFrame(rows))


def test_a_provider_that_brings_nothing_new_is_told_and_a_closed_exchange_is_not(parts: Platform) -> None:
    by_frequency = {
        series.frequency: series.id
        for series in parts.catalog.series.values()
        if parts.catalog.sources[series.source].kind == "api"
    }
    daily = by_frequency["daily"]
    assessed(parts, {daily: "2026-11-19"})
    stale_series.evaluate(parts.catalog, parts.warehouse, parts.providers, parts.outbox, NOW)
    assert parts.outbox.alert_state().incidents == ()
    for hours in (24 * 6, 24 * 6 + 2):
        stale_series.evaluate(parts.catalog, parts.warehouse, parts.providers, parts.outbox, NOW + timedelta(hours=hours))
    assert [line.split(" ")[:2] for line in told(parts)] == [["opened", "stale_series"]]
    assert "Newest 2026-11-19" in parts.outbox.alert_state().queue[0].event.text
    assessed(parts, {daily: "2026-11-25"})
    stale_series.evaluate(parts.catalog, parts.warehouse, parts.providers, parts.outbox, NOW + timedelta(days=6, hours=3))
    assert [line.split(" ")[0] for line in told(parts)] == ["opened", "recovered"]


def test_a_series_that_never_came_is_stale_and_imported_files_never_are(parts: Platform) -> None:
    api = next(s for s in parts.catalog.series.values() if parts.catalog.sources[s.source].kind == "api")
    files = [s.id for s in parts.catalog.series.values() if parts.catalog.sources[s.source].kind != "api"]
    assessed(parts, {api.id: None, **dict.fromkeys(files, "2019-01-01")})
    for minutes in (0, 61):
        stale_series.evaluate(parts.catalog, parts.warehouse, parts.providers, parts.outbox, NOW + minutes * MINUTE)
    assert [line.split(" ")[1] for line in told(parts)] == ["stale_series"]
    assert parts.outbox.alert_state().queue[0].event.text.startswith("Nothing was ever received.")


def test_providers_that_are_not_asked_are_not_watched(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path, sources="files"))
    assert "not asked" in stale_series.evaluate(parts.catalog, parts.warehouse, parts.providers, parts.outbox, NOW)


def test_a_full_machine_and_one_that_does_not_say_are_both_conditions(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in range(27 * 60):
        monkeypatch.setattr(busy_machine, "use", lambda _: machine.MachineUsage(None, 0.97, 0.5))
        if minute < 10 or minute % 60 == 0:
            busy_machine.evaluate(parts.home, parts.outbox, NOW + minute * MINUTE)
    kinds = told(parts)
    assert kinds[0] == "opened memory_usage this machine"
    assert "grown metric_unknown cpu_usage of this machine" in kinds


def test_the_real_machine_says_what_it_uses(tmp_path: Path) -> None:
    used = machine.use(tmp_path / "not" / "there" / "yet")
    for share in (used.cpu_share, used.memory_share, used.disk_share):
        assert share is not None
        assert 0 <= share <= 1
