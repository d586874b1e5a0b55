"""The morning mail in Dagster: absent unless it is switched on, sent once, and red when it cannot be sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.notifiers.email import Email, Mailbox
from steel_assets.assets.declare import Installation
from steel_assets.assets.jobs import jobs, schedules
from steel_assets.assets.moment import FixedClock
from steel_assets.assets.report import KEY, morning_report
from steel_assets.assets.resources import resources
from steel_assets.assets.sensors import failed_runs
from steel_assets.bootstrap import Platform, catalog
from steel_assets.catalog import Catalog
from steel_assets.core.tables import FORECASTS
from steel_assets.definitions import assets
from steel_assets.operations.market_tables import write_daily
from steel_assets.settings import Settings
from steel_assets_tests.adapters.notifiers.receivers import Post, post_office, tls_server
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.core.issued import issued


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """One market with one forecast."""
    found = aging(tmp_path_factory.mktemp("world"))
    history = found.made.history(found.issue_of(0))
    write_daily(found.parts.lake, history)
    found.parts.warehouse.upsert(FORECASTS, issued(history))
    only = found.parts.catalog.model_copy(update={"markets": {MARKET: found.parts.catalog.markets[MARKET]}})
    return replace(found, parts=Platform(found.parts.settings, only))


@pytest.fixture
def post(world: Aging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mail server that the installation sends over."""
    context: ssl.SSLContext = tls_server(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    world.parts.store.delete("state/morning-mail.json")
    with post_office(context) as state:
        box = Mailbox(
            "localhost", state.port, "starttls", "steel", SecretStr("canary-pass"), "steel@example.com", ("ana@example.com",)
        )
        monkeypatch.setitem(world.parts.__dict__, "notifiers", {"email": Email(box)})
        yield state


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that lives as long as what is read from its runs."""
    with dg.DagsterInstance.ephemeral() as kept:
        yield kept


def ran(world: Aging, moment: pd.Timestamp, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    here = Installation(world.parts.catalog, simulated=True, warehouse_kind="duckdb", mails=True)
    return dg.materialize(
        [morning_report(here)],
        resources=resources(world.parts, FixedClock(moment)),
        instance=instance,
        raise_on_error=False,
    )


def names(here: Installation) -> tuple[set[str], set[str], bool]:
    """Jobs, schedules, and whether the asset is there."""
    made = assets(here)
    return (
        {job.name for job in jobs(here)},
        {schedule.name for schedule in schedules(here)},
        any(KEY in asset.keys for asset in made if isinstance(asset, dg.AssetsDefinition)),
    )


def test_where_it_is_not_switched_on_nothing_of_it_is_there() -> None:
    off = Installation(catalog(), simulated=True, warehouse_kind="duckdb")
    on = replace(off, mails=True)
    without, with_it = names(off), names(on)
    assert "morning_report" not in without[0] | without[1]
    assert not without[2]
    assert (with_it[0] - without[0], with_it[1] - without[1], with_it[2]) == ({"morning_report"}, {"morning_report"}, True)


def test_it_is_due_at_seven_in_mexico_city_in_a_run_of_no_day() -> None:
    here = Installation(catalog(), simulated=True, warehouse_kind="duckdb", mails=True)
    [schedule] = [schedule for schedule in schedules(here) if schedule.name == "morning_report"]
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 7 * * *", "America/Mexico_City")
    tick = datetime.fromisoformat("2026-11-30T13:00:00+00:00")
    with dg.instance_for_test() as instance, dg.build_schedule_context(instance, scheduled_execution_time=tick) as context:
        [request] = schedule.evaluate_tick(context).run_requests or []
    assert (request.run_key, request.partition_key) == ("2026-11-30T13:00:00+00:00", None)


def switched(send: bool) -> Catalog:
    rules = catalog().rules
    return catalog().model_copy(
        update={"rules": rules.model_copy(update={"report": rules.report.model_copy(update={"send": send})})}
    )


@pytest.mark.parametrize(("send", "host", "mails"), [(True, True, True), (True, False, False), (False, True, False)])
def test_it_takes_the_rule_and_the_channel(tmp_path: Path, send: bool, host: bool, mails: bool) -> None:
    about = {"smtp_host": "mail.example", "email_from": "steel@example.com", "email_to": "ana@example.com"} if host else {}
    secret = {"smtp_password": "sm://project/never-looked-up"} if host else {}
    assert Platform(Settings(home=tmp_path, **about, **secret), switched(send)).mails is mails


def test_a_run_sends_the_mail_and_a_second_one_sends_nothing_twice(
    world: Aging, post: Post, instance: dg.DagsterInstance
) -> None:
    moment = world.issue_of(0) + pd.Timedelta(hours=5)
    first, second = ran(world, moment, instance), ran(world, moment + pd.Timedelta(minutes=3), instance)
    assert first.success
    assert second.success
    assert len(post.mails) == 1
    assert "SIMULATED" in str(post.mails[0]["Subject"])
    [made] = second.asset_materializations_for_node("morning_report")
    assert "already" in str(made.metadata["sent"].value)


def test_a_mail_that_cannot_be_sent_is_a_failed_run_that_is_told_and_tried_again(
    world: Aging, post: Post, instance: dg.DagsterInstance
) -> None:
    moment = world.issue_of(0) + pd.Timedelta(hours=5)
    post.behave = {"DATA": "421 busy"}
    done = ran(world, moment, instance)
    assert not done.success
    failed_runs.evaluate(instance, world.parts.outbox, datetime.now(UTC) + timedelta(minutes=15))
    incidents = world.parts.outbox.alert_state().open_incidents
    assert [incident.rule for incident in incidents] == ["failed_run"]
    assert "nothing was sent" in incidents[0].text
    told = str(done.failure_data_for_node("morning_report"))
    assert "nothing was sent, the next attempt tries again" in told
    assert "canary-pass" not in told
    post.behave = {}
    assert ran(world, moment, instance).success
    assert len(post.mails) == 1


def test_before_the_first_forecast_the_run_fails_and_says_so(world: Aging, post: Post, instance: dg.DagsterInstance) -> None:
    done = ran(world, world.issue_of(0) - pd.Timedelta(days=1), instance)
    assert not done.success
    assert "no forecast is published yet" in str(done.failure_data_for_node("morning_report"))
    assert post.mails == []
