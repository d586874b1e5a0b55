"""Old runs go, with their events and files; never one that somebody still needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from steel_assets.assets.sensors import failed_checks, failed_runs, old_runs
from steel_assets.assets.sensors.drift_retraining import answer_tags
from steel_assets.bootstrap import Platform
from steel_assets.operations.dagster_files import OUR_STORAGE
from steel_assets_tests.assets.sensors.test_events import told
from steel_assets_tests.assets.sensors.world import materialise

LATER = datetime.now(UTC) + timedelta(days=120)


def present(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def read_by_alerts(instance: dg.DagsterInstance, parts: Platform) -> None:
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, datetime.now(UTC))
    for sensor in (failed_runs, old_runs.counted_rows):
        sensor.evaluate(instance, parts.outbox, datetime.now(UTC))


def test_only_old_runs_go_and_their_events_and_files_with_them(
    instance: dg.DagsterInstance, parts: Platform, tmp_path: Path
) -> None:
    first, last = materialise(instance), materialise(instance)
    read_by_alerts(instance, parts)
    logs = Path(instance.compute_log_manager._base_dir)  # type: ignore[attr-defined]
    (logs / first.run_id).mkdir(parents=True, exist_ok=True)
    shard = Path(instance.event_log_storage.path_for_shard(first.run_id))  # type: ignore[attr-defined]
    assert shard.exists()
    old_runs.evaluate(instance, parts.catalog, parts.outbox, datetime.now(UTC) + timedelta(days=89))
    assert present(instance) == {first.run_id, last.run_id}
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert present(instance) == {last.run_id}, "the last one holds what the asset was last told"
    checked = instance.event_log_storage.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=dg.AssetKey("prices"))
    )
    assert {record.run_id for record in checked} == {last.run_id}
    assert not shard.exists()
    assert not (logs / first.run_id).exists()
    event = instance.get_latest_materialization_event(dg.AssetKey("prices"))
    assert event is not None
    assert event.run_id == last.run_id


def test_what_alerts_have_not_read_stays_until_they_have(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance)
    read_by_alerts(instance, parts)
    unread = materialise(instance, "bad")
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert unread.run_id in present(instance)
    read_by_alerts(instance, parts)
    assert told(parts) == ["opened failed_check prices: good"]
    materialise(instance)
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert unread.run_id not in present(instance)


def test_deleting_tells_nothing_twice_and_hides_nothing_that_comes_later(instance: dg.DagsterInstance, parts: Platform) -> None:
    for what in ("bad", "raise", "bad", ""):
        materialise(instance, what)
    read_by_alerts(instance, parts)
    before = told(parts)
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert len(present(instance)) == 1
    read_by_alerts(instance, parts)
    assert told(parts) == before
    materialise(instance, "bad")
    read_by_alerts(instance, parts)
    assert told(parts) == [*before, "opened failed_check prices: good"]


def test_a_run_that_answered_an_open_incident_and_one_under_way_stay(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, "raise")
    read_by_alerts(instance, parts)
    (incident,) = parts.outbox.alert_state().open_incidents
    tags = answer_tags(incident)
    instance.add_run(dg.DagsterRun("weekly_retraining", "answer", status=dg.DagsterRunStatus.SUCCESS, tags=tags))
    instance.add_run(dg.DagsterRun("weekly_retraining", "endless", status=dg.DagsterRunStatus.STARTED))
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert {"answer", "endless"} <= present(instance)


def test_a_deletion_that_is_cut_off_is_finished_by_the_next_one(
    instance: dg.DagsterInstance, parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = materialise(instance)
    materialise(instance)
    read_by_alerts(instance, parts)

    def killed(run_id: str) -> None:
        raise KeyboardInterrupt(run_id)

    with monkeypatch.context() as patch:
        patch.setattr(instance, "delete_run", killed)
        with pytest.raises(KeyboardInterrupt):
            old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert first.run_id in present(instance)
    old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER)
    assert first.run_id not in present(instance)


def test_a_tick_ends_in_time_and_the_next_one_goes_on(
    instance: dg.DagsterInstance, parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        materialise(instance)
    read_by_alerts(instance, parts)
    monkeypatch.setattr(old_runs, "SECONDS", -1.0)
    assert old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER).startswith("0 runs")
    assert len(present(instance)) == 3
    monkeypatch.setattr(old_runs, "SECONDS", 30.0)
    assert old_runs.evaluate(instance, parts.catalog, parts.outbox, LATER).startswith("2 runs")


def test_the_events_of_a_run_are_packed_when_nobody_has_written_it_for_an_hour(parts: Platform, tmp_path: Path) -> None:
    storage = {"custom": {**OUR_STORAGE, "config": {"base_dir": str(tmp_path / "kept")}}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}, "storage": storage}))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        ended, now = materialise(instance), datetime.now(UTC)
        instance.add_run(dg.DagsterRun("daily_data_update", "endless", status=dg.DagsterRunStatus.STARTED))
        written = list(instance.all_logs(ended.run_id))
        said = old_runs.evaluate(instance, parts.catalog, parts.outbox, now + timedelta(minutes=30))
        assert said.endswith("the events of 0 packed")
        said = old_runs.evaluate(instance, parts.catalog, parts.outbox, now + timedelta(minutes=90))
        assert said.endswith("the events of 1 packed")
        assert list(instance.all_logs(ended.run_id)) == written
