"""An installation whose markets were partitions of one asset is shown under the markets' own keys, once, and loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.declare import key_of
from steel_assets.assets.migration import Migrated, migrate
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.assets.measured_world import MARKET, installation, lived, made_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    found = lived(tmp_path)
    made_of(found, "forecasts")
    return found


def former(instance: dg.DagsterInstance) -> str:
    """A run of the former release: one asset, whose partitions were markets."""

    @dg.asset(name="market_daily", partitions_def=dg.StaticPartitionsDefinition([MARKET, "scrap_turkey"]))
    def market_daily() -> None: ...

    return dg.materialize([market_daily], partition_key=MARKET, instance=instance).run_id


def test_what_was_made_is_shown_under_the_new_keys_once_and_runs_stay(parts: Platform) -> None:
    day = parts.warehouse.read(FORECASTS)["issued_date"].iloc[0]
    here = installation(parts).reaching(pd.Timestamp(day, tz="UTC"))
    with dg.DagsterInstance.ephemeral() as instance:
        run = former(instance)
        assert migrate(instance, parts.warehouse, parts.outbox, here, NOW) == Migrated(newest=1, days=2, closed=0)
        event = instance.get_latest_materialization_event(key_of(MARKET, "market_daily"))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["migrated_from"].value == run
        assert instance.get_latest_materialization_event(key_of("scrap_turkey", "market_daily")) is None, "it never was"
        for name in ("forecasts", "explanations"):
            assert instance.get_materialized_partitions(key_of(MARKET, name)) == {f"{day:%Y-%m-%d}"}
        assert migrate(instance, parts.warehouse, parts.outbox, here, NOW) == Migrated(newest=0, days=0, closed=0)
        assert [found.run_id for found in instance.get_runs()] == [run]


def test_incidents_about_keys_that_are_no_more_are_closed_and_no_others(parts: Platform) -> None:
    subjects = (
        "forecasts: every_market",
        f"data_quality: quality_score [{MARKET}]",
        "system_metrics: table_contracts",
        "raw/fred_api/rates: collected",
    )
    parts.outbox.report([Condition(rule="failed_check", subject=subject, firing=True, moment=NOW) for subject in subjects], NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        assert migrate(instance, parts.warehouse, parts.outbox, installation(parts), NOW).closed == 3
    assert [incident.subject for incident in parts.outbox.alert_state().open_incidents] == ["raw/fred_api/rates: collected"]
