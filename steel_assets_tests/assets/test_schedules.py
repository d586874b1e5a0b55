"""The schedules by Dagster's own scheduler: through the history of daylight saving, and after days of standstill."""

import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._utils.schedules import schedule_execution_time_iterator

from steel_assets.bootstrap import catalog

MEXICO = ZoneInfo("America/Mexico_City")


def ticks(cron: str, start: datetime, end: datetime) -> list[datetime]:
    """When Dagster ticks, as the clock on the wall in Mexico City shows it."""
    moments = schedule_execution_time_iterator(start.timestamp(), cron, MEXICO.key)
    return [moment.astimezone(MEXICO) for moment in takewhile(lambda moment: moment < end, moments)]


@pytest.mark.parametrize("year", [2021, 2022, 2023, 2026])
def test_every_day_has_one_update_in_years_with_daylight_saving_and_since_it_was_abolished(year: int) -> None:
    start, end = datetime(year, 1, 1, tzinfo=MEXICO), datetime(year + 1, 1, 1, tzinfo=MEXICO)
    daily = ticks(catalog().rules.schedules.daily_data_update, start, end)
    assert len(daily) == 365
    assert set(Counter(moment.date() for moment in daily).values()) == {1}
    odd = [f"{moment:%m-%d %H:%M}" for moment in daily if (moment.hour, moment.minute) != (2, 0)]
    assert odd == {2021: ["04-04 03:00"], 2022: ["04-03 03:00"]}.get(year, []), "02:00 did not exist on these days"
    weekly = ticks(catalog().rules.schedules.weekly_retraining, start, end)
    assert {(f"{moment:%a}", moment.hour) for moment in weekly} == {("Mon", 3)}
    assert len(weekly) in (52, 53)
    watch = ticks(catalog().rules.schedules.performance_monitoring, start, end)
    assert {moment.hour for moment in watch} == {0, 6, 12, 18}
    assert len(watch) == 4 * 365


@contextmanager
def scheduler(folder: Path) -> Iterator[WorkspaceProcessContext]:
    """What the daemon's scheduler works with, on the shipped instance and the shipped definitions."""
    target = ModuleTarget("steel_assets.definitions", attribute=None, working_directory=None, location_name="steel_assets")
    with (
        dg.DagsterInstance.from_config(str(folder)) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        yield workspace


@pytest.mark.slow
def test_three_days_of_standstill_are_caught_up_once_and_not_thrice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: str
) -> None:
    shutil.copy(Path(project_root) / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    friday = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    with scheduler(tmp_path) as workspace:

        def tick(at: datetime) -> Counter[str]:
            with freeze_time(at):
                list(launch_scheduled_runs(workspace, logging.getLogger("test"), at, {}))
            return Counter(run.job_name for run in workspace.instance.get_runs())

        assert tick(friday) == {}, "nothing is due at the moment it begins"
        saturday = datetime(2026, 11, 21, 8, 1, tzinfo=UTC)
        assert tick(saturday) == {"daily_data_update": 1, "performance_monitoring": 1}
        wednesday = saturday + timedelta(days=4)
        after = {"daily_data_update": 2, "performance_monitoring": 2, "weekly_retraining": 1}
        assert tick(wednesday) == after, "the newest of the missed ones, once each"
        assert tick(wednesday + timedelta(minutes=1)) == after
        assert tick(wednesday) == after, "a clock that jumps back launches nothing again"
        runs = workspace.instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}
        first = sorted({run.job_name: int(run.tags["dagster/priority"]) for run in runs}.items(), key=lambda one: -one[1])
        assert [job for job, _ in first] == ["daily_data_update", "performance_monitoring", "weekly_retraining"]
        newest = workspace.instance.get_runs(dg.RunsFilter(job_name="daily_data_update"), limit=1)[0]
        assert newest.tags["dagster/partition"] == "2026-11-25", "the day of the tick"
