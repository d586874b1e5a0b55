"""One life: what is due once per tick, then every sensor and freshness once, each kept before anything reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage, sqlite_event_log
from dagster._core.storage.sql import get_alembic_config, run_alembic_downgrade

from steel_assets.assets.dagster_internals import databases_behind
from steel_assets.assets.resources import resources
from steel_assets.assets.sensors import failed_checks, failed_runs
from steel_assets.assets.whole_life import Life, Process, UnknownJob
from steel_assets.bootstrap import Platform, platform
from steel_assets.operations.instance_state import described
from steel_assets.settings import Settings
from steel_assets_tests.adapters.notifiers.receivers import web
from steel_assets_tests.assets.sensors.world import materialise, prices, with_databases

MORNING = pd.Timestamp("2026-03-18T08:05:00Z")  # 02:05 in Mexico City
LATER, NEXT_DAY = MORNING + pd.Timedelta(hours=3), MORNING + pd.Timedelta(days=1)


@pytest.fixture(scope="session")
def empty_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The databases of an instance, made and empty: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("empty")
    described(folder)
    return with_databases(folder)


@pytest.fixture
def instance(tmp_path: Path, empty_instance: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(empty_instance, tmp_path / "dagster")
    described(tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as one:
        yield one


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return platform(Settings(home=tmp_path / "home"))


class World:
    """Definitions with one job and one schedule, the sensors given, and what happened in which order."""

    def __init__(self, instance: dg.DagsterInstance, parts: Platform, told: str = "", *looks: Callable[..., object]) -> None:
        self.instance, self.parts, self.order, self.told = instance, parts, [], told
        self.looks = looks

    def definitions(self) -> dg.Definitions:
        job = dg.define_asset_job("update", selection=[prices], tags={"told": self.told})
        retraining = dg.define_asset_job("retraining", selection=[prices])
        daily = dg.ScheduleDefinition(
            name="daily", job_name="update", cron_schedule="0 2 * * *", execution_timezone="America/Mexico_City"
        )
        sensors = [
            dg.SensorDefinition(name=look.__name__, evaluation_fn=look, job_name="retraining", minimum_interval_seconds=1)
            for look in self.looks
        ]
        return dg.Definitions(assets=[prices], jobs=[job, retraining], schedules=[daily], sensors=sensors)

    def live(self, job: str = "update", moment: pd.Timestamp = MORNING, *, again: bool = False) -> Life:
        def keep() -> None:
            self.order.append(f"keep {len(self.instance.get_runs())} runs")

        schedules = self.parts.catalog.rules.schedules
        process = Process(self.definitions(), self.instance, resources(self.parts), schedules, keep, moment)
        return process.live(job, again=again)


def test_a_job_is_run_once_for_each_tick(instance: dg.DagsterInstance, parts: Platform) -> None:
    world = World(instance, parts)
    assert world.live().due == "2026-03-18T02:00:00-06:00"
    assert (world.live(moment=LATER).due, len(instance.get_runs())) == (None, 1)
    assert world.live(moment=NEXT_DAY).due == "2026-03-19T02:00:00-06:00"
    assert world.live(moment=NEXT_DAY, again=True).well
    assert len(instance.get_runs()) == 3


def test_a_tick_is_due_at_its_very_second_and_not_before(instance: dg.DagsterInstance, parts: Platform) -> None:
    world, tick = World(instance, parts), pd.Timestamp("2026-03-18T08:00:00Z")
    assert world.live(moment=tick - pd.Timedelta(seconds=1)).due == "2026-03-17T02:00:00-06:00"
    assert world.live(moment=tick).due == "2026-03-18T02:00:00-06:00"


def test_a_run_that_failed_is_not_well_and_its_tick_stays_so_until_it_is_run_again(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    world = World(instance, parts, "raise")
    first = world.live()
    assert not first.well
    assert "picture of a cat" in str(first.runs[0].failed_steps)
    again = world.live(moment=LATER)
    assert (again.runs, again.failed_before, again.well) == ([], True, False)
    world.told = ""
    assert world.live(moment=LATER, again=True).well


def test_a_job_without_a_schedule_is_due_whenever_it_is_asked_for(instance: dg.DagsterInstance, parts: Platform) -> None:
    world = World(instance, parts)
    assert [len(world.live("retraining").runs) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("job", ["nonsense", "", "update; rm -rf /", "__ASSET_JOB", "ä" * 1000])
def test_a_job_that_there_is_not_is_refused_by_name_before_anything(
    instance: dg.DagsterInstance, parts: Platform, job: str
) -> None:
    world = World(instance, parts)
    with pytest.raises(UnknownJob, match="use one of retraining, update"):
        world.live(job)
    assert world.order == []
    assert not list(parts.store.list(""))


def test_the_log_is_kept_before_anything_reads_it(instance: dg.DagsterInstance, parts: Platform) -> None:
    """A mark in the lake that is ahead of the log that the next process finds would hide what is written there then."""
    world = World(instance, parts, "bad")

    def reads(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        world.order.append(f"reads {len(instance.get_runs())} runs")
        now = MORNING.to_pydatetime()
        said = [
            failed_checks.evaluate(instance, parts.catalog, parts.outbox, now),
            failed_runs.evaluate(instance, parts.outbox, now),
        ]
        return dg.SkipReason("; ".join(said))

    def drops(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        world.order.append("drops")
        return dg.SensorResult(asset_events=[dg.AssetMaterialization("prices")])

    world.looks = (drops, reads)
    life = world.live()
    assert world.order == ["keep 1 runs", "drops", "keep 1 runs", "reads 1 runs", "keep 1 runs"]
    assert life.sensors["reads"].startswith("2 new evaluations")
    assert [incident.rule for incident in parts.outbox.alert_state().open_incidents] == ["failed_check"]


def test_a_run_that_a_sensor_asks_for_is_made_kept_and_read(instance: dg.DagsterInstance, parts: Platform) -> None:
    world = World(instance, parts)

    def asks(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if instance.get_runs(dg.RunsFilter(tags={"asked": "once"})):
            return dg.SkipReason("it was made")
        return dg.RunRequest(run_key="once", tags={"asked": "once", "told": "raise"})

    def reads(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        world.order.append(f"reads {len(instance.get_runs())} runs")
        return dg.SkipReason(failed_runs.evaluate(instance, parts.outbox, MORNING.to_pydatetime()))

    world.looks = (asks, reads)
    life = world.live()
    assert [run.job for run in life.runs] == ["update", "retraining"]
    assert not life.well
    assert world.order == ["keep 1 runs", "keep 2 runs", "reads 2 runs", "reads 2 runs", "keep 2 runs"]


def test_a_sensor_that_raises_stops_no_other_is_told_and_its_return_too(instance: dg.DagsterInstance, parts: Platform) -> None:
    world = World(instance, parts)

    def breaks(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        raise ValueError("no such table")

    def looks(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason("all is well")

    def wrong() -> list[str]:
        return [
            incident.subject
            for incident in parts.outbox.alert_state().incidents
            if incident.wrong and incident.rule == "failed_tick"
        ]

    world.looks = (breaks, looks)
    life = world.live()
    assert life.broken == {"breaks": "ValueError: no such table"}
    assert life.sensors == {"looks": "all is well"}
    assert not life.well
    assert wrong() == ["sensor breaks"]
    breaks.__code__ = looks.__code__
    assert world.live(moment=LATER).well
    assert wrong() == []


def test_what_is_told_is_in_the_log_of_the_process(
    instance: dg.DagsterInstance, parts: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """The file of the channel that is always there goes with the machine."""
    world = World(instance, parts, "raise")

    def reads(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(failed_runs.evaluate(instance, parts.outbox, MORNING.to_pydatetime()))

    world.looks = (reads,)
    with caplog.at_level("INFO", logger="steel.run"):
        assert world.live().sent == 1
    assert [record.levelname for record in caplog.records if "alert opened: failed_run · update" in record.getMessage()] == [
        "WARNING"
    ]


def test_what_a_channel_did_not_take_is_named_by_the_next_life_too_though_that_comes_too_soon_to_try_again(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """A job that is started again at once after it failed must not pass for one that told everything."""
    world = World(instance, platform(Settings(home=tmp_path / "home", alert_webhook_url="http://127.0.0.1:9/hook")), "raise")

    def reads(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(failed_runs.evaluate(instance, world.parts.outbox, MORNING.to_pydatetime()))

    world.looks = (reads,)
    assert world.live().unsent.keys() == {"webhook"}
    world.told = ""
    again = world.live(moment=LATER, again=True)
    assert (again.unsent.keys(), again.well) == ({"webhook"}, False)


def test_what_is_found_out_while_telling_is_told_by_the_same_life(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with web() as hook:
        hook.behave = [400]
        parts = platform(Settings(home=tmp_path / "home", alert_webhook_url=f"{hook.url}/hook"))
        world = World(instance, parts, "raise")

        def reads(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            return dg.SkipReason(failed_runs.evaluate(instance, parts.outbox, MORNING.to_pydatetime()))

        world.looks = (reads,)
        world.live()
    told = {waiting.event.rule: set(waiting.sent) for waiting in parts.outbox.history()}
    assert told == {"failed_run": {"log"}, "refused_message": {"log"}}


def test_freshness_is_judged_by_dagsters_own_rules(instance: dg.DagsterInstance, parts: Platform) -> None:
    World(instance, parts).live()
    key = dg.AssetKey("prices")
    states = {record.freshness_state.value for record in instance.get_freshness_state_records([key]).values()}
    assert states == {"PASS"}, "it was made just now"


def test_an_instance_of_an_older_dagster_is_brought_to_this_one(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance)
    storage = instance.event_log_storage
    assert isinstance(storage, SqliteEventLogStorage)
    with storage.index_connection() as connection:
        run_alembic_downgrade(get_alembic_config(sqlite_event_log.__file__), connection, "-1")
    assert databases_behind(instance).keys() == {"events"}
    assert World(instance, parts).live().well
    assert databases_behind(instance) == {}
    assert len(instance.get_runs()) == 2
