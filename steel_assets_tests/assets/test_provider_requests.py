"""A provider is asked in one step: what hangs costs its own timeout, once, and stops nobody; an asset alone asks alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.resources import resources
from steel_assets.assets.runs import RunReport, run_job
from steel_assets.bootstrap import Platform
from steel_assets.definitions import defs
from steel_assets.sandbox import Sandbox
from steel_assets.settings import Settings
from steel_assets_tests.chaos.world import EVE, GROUPS, UNHURRIED, small_catalog
from steel_assets_tests.loopback import Loopback, misbehaving

SECONDS = 2.0
OTHERS = [source for source in GROUPS if source != "fred_api"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(small_catalog()) as here:
        here.set_clock(EVE.to_pydatetime())
        yield here


@pytest.fixture
def asked() -> list[float]:
    """When the providers that hang were asked."""
    return []


@pytest.fixture
def hung(asked: list[float]) -> Iterator[Loopback]:
    with misbehaving(lambda connection: asked.append(time.monotonic()) or time.sleep(60 * SECONDS)) as server:  # type: ignore[func-returns-value]
        yield server


def platform_where(sandbox: Sandbox, home: Path, seconds: float = UNHURRIED, **urls: str) -> Platform:
    chosen = Settings(home=home, sandbox_url=sandbox.url, history_years=1, http_timeout_seconds=seconds, **urls)  # type: ignore[arg-type]
    return Platform(chosen, small_catalog())


def collection(platform: Platform, *only: dg.AssetKey) -> RunReport:
    with dg.DagsterInstance.ephemeral() as instance:
        return run_job(defs(), "data_collection", instance, resources(platform), EVE, only=only or None)


def test_providers_that_hang_cost_their_own_timeout_each_and_the_others_are_stored(
    sandbox: Sandbox, hung: Loopback, asked: list[float], tmp_path: Path
) -> None:
    assert collection(platform_where(sandbox, tmp_path / "warm")).failed_checks == {}, "its market is made when first asked for"
    platform = platform_where(sandbox, tmp_path, SECONDS, **{f"{source}_base_url": hung.url for source in OTHERS})
    report = collection(platform)
    assert report.seconds > 0.9 * SECONDS * len(OTHERS)
    assert len(OTHERS) <= len(asked) <= 2 * len(OTHERS), "two calls side by side and no more, though each has two groups"
    assert report.success, "a provider that fails degrades that provider alone"
    assert sorted(report.failed_checks) == [f"raw/{source}/{GROUPS[source][0]}: collected" for source in sorted(OTHERS)]
    assert report.materialised == {"raw/fred_api/economic_indicators", "raw/file_import/files"}
    assert set(platform.lake.observations()["source"]) == {"fred_api"}


def test_every_asset_of_a_run_takes_its_own_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    platform = platform_where(sandbox, tmp_path)
    assert collection(platform).failed_checks == {}
    rows = platform.lake.observations()
    assert rows.groupby("source")["series"].unique().map(set).to_dict() == {
        source: set(names) for source, (_, names) in GROUPS.items()
    }
    assert (rows["collected_at"] == EVE).all()


def test_an_asset_that_is_run_alone_asks_alone_and_a_second_run_asks_again(
    sandbox: Sandbox, hung: Loopback, tmp_path: Path
) -> None:
    platform = platform_where(sandbox, tmp_path, yahoo_finance_base_url=hung.url)
    fred = dg.AssetKey(["raw", "fred_api", "economic_indicators"])
    assert collection(platform, fred).failed_checks == {}
    assert hung.asked == []
    assert set(platform.lake.observations()["source"]) == {"fred_api"}
    before = platform.lake.observations()
    down = platform_where(sandbox, tmp_path, 0.5, fred_api_base_url=hung.url)
    [failed] = collection(down, fred).failed_checks.values()
    assert "its own last good answer stands in" in failed
    pd.testing.assert_frame_equal(down.lake.observations(), before)


def test_a_provider_is_asked_by_one_process_at_a_time(sandbox: Sandbox, tmp_path: Path) -> None:
    from filelock import FileLock

    platform = platform_where(sandbox, tmp_path)
    lock = tmp_path / "turns" / "fred_api.lock"
    lock.parent.mkdir()
    fred = dg.AssetKey(["raw", "fred_api", "economic_indicators"])
    with FileLock(lock), pytest.MonkeyPatch.context() as patch:
        patch.setattr("steel_assets.operations.provider_requests.LONGEST_TURN_SECONDS", 0.2)
        failed = collection(platform, fred).failed_checks
    [why] = failed.values()
    assert "another process has been asking FRED" in why
    assert platform.lake.observations().empty
    assert collection(platform, fred).failed_checks == {}
    assert isinstance(platform.lake.observations()["period"].max(), pd.Timestamp)


def test_a_fault_in_a_connector_costs_its_own_source_and_says_what_it_was(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steel_assets.sources.yahoo_finance.collect", lambda *_: {}["rows"])
    platform = platform_where(sandbox, tmp_path)
    report = collection(platform)
    groups = platform.catalog.sources["yahoo_finance"].groups
    why = "KeyError: 'rows' (where: see this run's log)"
    assert report.failed_checks == {f"raw/yahoo_finance/{group}: collected": why for group in groups}
    assert set(platform.lake.observations()["source"]) == {*GROUPS} - {"yahoo_finance"}
