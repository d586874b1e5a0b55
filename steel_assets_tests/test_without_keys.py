"""A live installation without any key: what Yahoo and FRED's keyless CSV answer is enough for two of the five markets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import dagster as dg
import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.assets.resources import resources
from steel_assets.assets.runs import RunReport, run_job
from steel_assets.bootstrap import Platform
from steel_assets.catalog import load_catalog
from steel_assets.cli.main import app
from steel_assets.core.tables import FORECASTS
from steel_assets.definitions import defs
from steel_assets.operations.publication import catalogue
from steel_assets.sandbox import Sandbox
from steel_assets.settings import Settings, settings
from steel_assets_tests.isolation import NOBODY, ROOT

pytestmark = pytest.mark.slow

MOMENT = pd.Timestamp("2026-03-18T08:00:00Z")
FREE = ["hrc_us_midwest", "iron_ore_62"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, RunReport]]:
    """The first daily run; the providers that need a key are at an address where nothing answers."""
    catalog = load_catalog()
    with Sandbox(catalog) as sandbox, dg.DagsterInstance.ephemeral() as instance:
        sandbox.set_clock(MOMENT.to_pydatetime())
        free = {f"{source}_base_url": f"{sandbox.url}/{source}" for source in ("yahoo_finance", "fred_api")}
        paid = {f"{source}_base_url": NOBODY for source in ("alpha_vantage", "trading_economics")}
        home = tmp_path_factory.mktemp("without-keys")
        chosen = Settings(home=home, sources="live", history_years=2, http_timeout_seconds=300, **free, **paid)  # type: ignore[arg-type]
        platform = Platform(chosen, catalog)
        yield platform, run_job(defs(), "daily_data_update", instance, resources(platform), MOMENT)


def test_exactly_the_markets_that_need_no_key_are_published(installed: tuple[Platform, RunReport]) -> None:
    platform, _ = installed
    assert sorted(platform.warehouse.read(FORECASTS)["market"].unique()) == FREE
    assert [market for market in platform.catalog.markets if platform.providers.unfed(market) is None] == FREE


def test_the_others_are_told_as_such_and_fail_no_check(installed: tuple[Platform, RunReport]) -> None:
    platform, report = installed
    assert report.success
    assert report.failed_steps | report.failed_checks == {}
    reason = platform.providers.unfed("rebar_fob_turkey")
    assert reason is not None
    assert "STEEL_TRADING_ECONOMICS_API_KEY" in reason
    assert "import a file of your own as series lme_rebar_m01" in reason


def test_the_service_is_told_which_markets_have_no_source(installed: tuple[Platform, RunReport]) -> None:
    platform, _ = installed
    markets = catalogue.read(platform, None)["markets"]  # type: ignore[arg-type]
    assert [market["id"] for market in markets if market["unfed"] is None] == FREE


def test_steel_forecast_says_which_market_stands_in_for_the_default_one(
    installed: tuple[Platform, RunReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, _ = installed
    monkeypatch.setenv("STEEL_HOME", str(platform.settings.home))
    monkeypatch.setenv("STEEL_SOURCES", "live")
    settings.cache_clear()
    done = CliRunner().invoke(app, ["forecast", "--as-of", f"{MOMENT:%Y-%m-%d}", "--json"])
    assert sorted({row["market"] for row in json.loads(done.stdout)}) == FREE
    assert "the default market rebar_fob_turkey has none; hrc_us_midwest is shown instead" in done.stderr
    assert "set STEEL_TRADING_ECONOMICS_API_KEY" in done.stderr


def test_the_page_about_live_prices_names_them() -> None:
    text = (ROOT / "docs" / "live-prices.md").read_text()
    [sentence] = re.findall(r"Without any key[^.]*\.", text)
    assert sorted(re.findall(r"`([a-z0-9_]+)`", sentence)) == FREE
