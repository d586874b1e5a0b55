"""Checks, runs and counts become alerts exactly once, on an instance with a real store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from steel_assets.assets.sensors import counted_rows, failed_checks, failed_runs
from steel_assets.assets.sensors._log import news
from steel_assets.bootstrap import Platform
from steel_assets_tests.assets.sensors.world import materialise, prices, update
from steel_assets_tests.steel import ROOT


def now() -> datetime:
    return datetime.now(UTC)


def told(parts: Platform) -> list[str]:
    """What waits to be sent, in order."""
    return [f"{waiting.event.kind} {waiting.event.rule} {waiting.event.subject}" for waiting in parts.outbox.alert_state().queue]


def test_a_failed_check_is_told_once_and_its_recovery_too(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, "bad")
    for _ in range(3):
        failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    assert told(parts) == ["opened failed_check prices: good"]
    materialise(instance, "bad")
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    assert len(told(parts)) == 1, "a check that fails again is the same incident"
    materialise(instance)
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    assert told(parts)[1:] == ["recovered failed_check prices: good"]
    event = parts.outbox.alert_state().queue[0].event
    assert event.text == "two rows are negative"
    assert event.severity == "high"
    assert event.link == "/assets/prices?view=checks&checkDetail=good"
    assert event.simulated


@pytest.mark.parametrize("name", ["reported_by", "told_by"])
def test_a_check_whose_cause_another_check_reports_is_only_shown(
    instance: dg.DagsterInstance, parts: Platform, name: str
) -> None:
    """Evaluations of releases up to 0.1 have it as ``told_by``."""
    about = {"asset_key": dg.AssetKey("prices"), "check_name": "good", "passed": False}
    for metadata in ({name: "blocks"}, {}):
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(**about, metadata=metadata))
        failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
        assert bool(told(parts)) is not bool(metadata)


def test_a_warning_is_of_low_severity_and_an_error_escalates_it(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, "warn")
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    materialise(instance, "bad")
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    found = [(waiting.event.kind, waiting.event.severity) for waiting in parts.outbox.alert_state().queue]
    assert found == [("opened", "low"), ("escalated", "high")]


def test_a_blocking_check_is_told_as_a_check_and_not_as_a_failed_run_too(instance: dg.DagsterInstance, parts: Platform) -> None:
    assert not materialise(instance, "block").success
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    failed_runs.evaluate(instance, parts.outbox, now())
    assert told(parts) == ["opened failed_check prices: blocks"]


def test_a_failed_run_says_what_went_wrong_and_a_success_of_the_job_ends_it(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    failed = materialise(instance, "raise")
    failed_runs.evaluate(instance, parts.outbox, now())
    event = parts.outbox.alert_state().queue[0].event
    assert event.subject == "update"
    assert event.text == "prices: ValueError: the provider sent a picture of a cat"
    assert event.link == f"/runs/{failed.run_id}"
    materialise(instance)
    failed_runs.evaluate(instance, parts.outbox, now())
    assert told(parts)[1:] == ["recovered failed_run update"]


@dg.asset(key=["hrc_us_midwest", "market_features"])
def of_hrc(context: dg.AssetExecutionContext) -> None:
    if "hrc" in context.run.tags.get("told", ""):
        raise ValueError("hrc broke")


@dg.asset(key=["rebar_fob_turkey", "forecasts"])
def of_rebar(context: dg.AssetExecutionContext) -> None:
    if "rebar" in context.run.tags.get("told", ""):
        raise ValueError("rebar broke")


def test_a_run_that_failed_for_one_market_is_told_about_that_market_and_the_next_one_about_the_other(
    instance: dg.DagsterInstance, parts: Platform
) -> None:
    job = dg.define_asset_job("daily", selection=[of_hrc, of_rebar])
    runnable = dg.Definitions(assets=[of_hrc, of_rebar], jobs=[job]).resolve_job_def("daily")

    def live(told: str) -> None:
        runnable.execute_in_process(instance=instance, tags={"told": told}, raise_on_error=False)

    live("hrc")
    failed_runs.evaluate(instance, parts.outbox, now())
    assert told(parts) == ["opened failed_run daily: hrc_us_midwest"]
    assert parts.outbox.alert_state().queue[0].event.text == "hrc_us_midwest__market_features: ValueError: hrc broke"
    live("rebar")
    failed_runs.evaluate(instance, parts.outbox, now())
    assert sorted(told(parts)[1:]) == [
        "opened failed_run daily: rebar_fob_turkey",
        "recovered failed_run daily: hrc_us_midwest",
    ]
    live("hrc")
    live("rebar")
    live("")
    failed_runs.evaluate(instance, parts.outbox, now())
    assert told(parts)[3:] == ["recovered failed_run daily: rebar_fob_turkey"], "failures that a success answered open nothing"


def test_a_run_that_will_be_tried_again_is_not_told(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, "raise", **{"dagster/will_retry": "true"})
    failed_runs.evaluate(instance, parts.outbox, now())
    assert told(parts) == []


@pytest.fixture
def retrying(instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """The same instance as the shipped configuration has it: what dies is tried again."""
    folder = Path(instance.root_directory)
    shipped = yaml.safe_load((ROOT / "dagster.yaml").read_text())["run_retries"]
    (folder / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}, "run_retries": shipped}))
    with dg.DagsterInstance.from_config(str(folder)) as one:
        yield one


AGAIN = {"dagster/retry_on_asset_or_op_failure": "true"}


def retried(instance: dg.DagsterInstance, failed: str, status: dg.DagsterRunStatus) -> None:
    """What the daemon does with a run that is tried again: a run is made, named by the failed one, and submitted."""
    job = dg.Definitions(assets=[prices], jobs=[update]).resolve_job_def("update")
    again = instance.create_run_for_job(job, status=status, parent_run_id=failed, root_run_id=failed)
    instance.add_run_tags(failed, {"dagster/auto_retry_run_id": again.run_id})


@pytest.mark.parametrize("decision", ["true", "false", "never said"])
def test_nobody_is_told_before_dagster_said_whether_a_run_is_tried_again(
    instance: dg.DagsterInstance, retrying: dg.DagsterInstance, parts: Platform, decision: str
) -> None:
    """It says so a moment after the event, or never, if its process died in between."""
    failed = materialise(instance, "raise").run_id
    failed_runs.evaluate(retrying, parts.outbox, now())
    assert told(parts) == []
    if decision != "never said":
        retrying.add_run_tags(failed, {"dagster/will_retry": decision})
        for _ in range(2):
            failed_runs.evaluate(retrying, parts.outbox, now())
        assert told(parts) == ([] if decision == "true" else ["opened failed_run update"])
    else:
        for seconds in (61, 91):
            failed_runs.evaluate(retrying, parts.outbox, now() + timedelta(seconds=seconds))
        assert told(parts) == ["opened failed_run update"]


def test_a_failure_that_waits_for_its_retry_holds_no_other_back(retrying: dg.DagsterInstance, parts: Platform) -> None:
    waits = materialise(retrying, "raise", **AGAIN)
    assert retrying.get_run_by_id(waits.run_id).tags["dagster/will_retry"] == "true"
    for job in ("first", "second"):
        materialise(retrying, "raise", job)
        for _ in range(2):
            failed_runs.evaluate(retrying, parts.outbox, now())
    assert told(parts) == ["opened failed_run first", "opened failed_run second"]
    retried(retrying, waits.run_id, dg.DagsterRunStatus.STARTING)
    for minutes in (0, 11):
        failed_runs.evaluate(retrying, parts.outbox, now() + timedelta(minutes=minutes))
    assert len(told(parts)) == 2, "it is tried again: only the last failure is told"


@pytest.mark.parametrize("status", [None, dg.DagsterRunStatus.NOT_STARTED])
def test_a_retry_that_is_not_launched_is_told_in_the_end(
    retrying: dg.DagsterInstance, parts: Platform, status: dg.DagsterRunStatus | None
) -> None:
    failed = materialise(retrying, "raise", **AGAIN).run_id
    if status:
        retried(retrying, failed, status)
    for minutes in (0, 5, 9, 11, 12):
        failed_runs.evaluate(retrying, parts.outbox, now() + timedelta(minutes=minutes))
        assert len(told(parts)) == (minutes > 10)
    event = parts.outbox.alert_state().queue[0].event
    assert event.text == "Its retry was never launched. prices: ValueError: the provider sent a picture of a cat"


def test_a_retry_that_cannot_be_launched_is_told_at_once(retrying: dg.DagsterInstance, parts: Platform) -> None:
    failed = materialise(retrying, "raise", **AGAIN).run_id
    failed_runs.evaluate(retrying, parts.outbox, now())
    retrying.add_run_tags(failed, {"dagster/will_retry": "false"})
    failed_runs.evaluate(retrying, parts.outbox, now())
    assert told(parts) == ["opened failed_run update"]


def test_a_failure_that_a_success_has_answered_since_opens_nothing(retrying: dg.DagsterInstance, parts: Platform) -> None:
    materialise(retrying, "raise", **AGAIN)
    failed_runs.evaluate(retrying, parts.outbox, now())
    materialise(retrying)
    for minutes in (0, 11):
        failed_runs.evaluate(retrying, parts.outbox, now() + timedelta(minutes=minutes))
    assert told(parts) == []


def test_counts_in_metadata_are_told_where_the_catalogue_says_so(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, quarantined="3")
    counted_rows.evaluate(instance, parts.outbox, now())
    counted_rows.evaluate(instance, parts.outbox, now())
    materialise(instance, quarantined="0")
    counted_rows.evaluate(instance, parts.outbox, now())
    assert told(parts) == ["opened quarantined_data prices", "recovered quarantined_data prices"]
    assert parts.outbox.alert_state().queue[0].event.text == "3 quarantined."


def test_a_platform_that_never_looked_reads_a_day_back_and_not_for_ever(instance: dg.DagsterInstance, parts: Platform) -> None:
    materialise(instance, "bad")
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now() + timedelta(hours=25))
    assert told(parts) == []
    assert parts.outbox.alert_state().cursors["asset checks"].position > 0


def test_an_event_log_that_was_wiped_is_read_from_its_new_beginning(parts: Platform) -> None:
    for told_to in (["", "", ""], ["bad"]):
        with dg.DagsterInstance.ephemeral() as one:
            for what in told_to:
                materialise(one, what)
            failed_checks.evaluate(one, parts.catalog, parts.outbox, now())
    assert told(parts) == ["opened failed_check prices: good"]


def test_a_backlog_longer_than_one_batch_is_read_in_several_ticks_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    from steel_assets.assets.sensors import _log

    instance = dg.DagsterInstance.ephemeral()

    monkeypatch.setattr(_log, "OVERLAP", 2)
    monkeypatch.setattr(_log, "BATCH", 1)
    kind, hours = dg.DagsterEventType.ASSET_CHECK_EVALUATION, timedelta(hours=1)
    materialise(instance)
    first = news(instance, kind, None, now(), hours)
    assert first is not None
    for _ in range(4):
        materialise(instance)
    read, cursor = [event.storage_id for event in first.events], first.cursor
    while (found := news(instance, kind, cursor, now(), hours)) is not None:
        read += [event.storage_id for event in found.events]
        cursor = found.cursor
    assert len(read) == len(set(read)) == 10


def test_ids_that_appear_out_of_order_are_not_missed(
    instance: dg.DagsterInstance, parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Postgres does it: an id is given before its event can be seen."""
    from steel_assets.assets.sensors import _log

    monkeypatch.setattr(_log, "_overlap", lambda _: 500)
    materialise(instance, "bad")
    materialise(instance, "block")
    kind, read = dg.DagsterEventType.ASSET_CHECK_EVALUATION, _log._read
    late = min(entry.storage_id for entry in read(instance, kind, None, 10, ascending=True))
    monkeypatch.setattr(_log, "_read", lambda *a, **k: [entry for entry in read(*a, **k) if entry.storage_id != late])
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    assert "opened failed_check prices: good" not in told(parts)
    monkeypatch.setattr(_log, "_read", read)
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    names = [entry.partition("@")[0] for entry in parts.outbox.alert_state().cursors["asset checks"].seen]
    assert str(late) in names
    assert len(names) == len(set(names)) == 4


def test_a_check_with_an_alert_of_its_own_is_told_about_its_market(instance: dg.DagsterInstance, parts: Platform) -> None:
    def market(name: str, check: str) -> dg.AssetsDefinition:
        key = dg.AssetKey([name, "forecasts"])

        @dg.asset(key=key, check_specs=[dg.AssetCheckSpec(check, asset=key)])
        def forecasts() -> dg.MaterializeResult:
            return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name=check, passed=name != "hrc")])

        return forecasts

    dg.materialize([market("hrc", "recent_price"), market("rebar", "recent_price")], instance=instance)
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    dg.materialize([market("hrc", "sane_forecast")], instance=instance)
    failed_checks.evaluate(instance, parts.catalog, parts.outbox, now())
    assert told(parts) == ["opened price_too_old hrc", "opened failed_check hrc/forecasts: sane_forecast"]
