"""What is not set up is not stale: its provider is not asked, or nobody brings prices of its market."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.sensors.stale_assets import set_up
from steel_assets.bootstrap import Platform, catalog
from steel_assets.settings import Settings
from steel_assets_tests.core.synthetic import LONDON, declare, publish

FED, UNFED = "hrc_us_midwest", "rebar_fob_turkey"
KEYS = [
    dg.AssetKey(path)
    for path in (
        ["raw", "yahoo_finance", "steel_futures"],
        ["raw", "trading_economics", "commodity_prices"],
        [FED, "forecasts"],
        [UNFED, "market_daily"],
        [UNFED, "forecasts"],
        ["system_metrics"],
    )
]


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """A live installation without any paid key."""
    return Platform(Settings(home=tmp_path / "home", sources="live"), catalog())


def test_what_is_not_set_up_is_not_watched(parts: Platform) -> None:
    watched = {key.to_user_string() for key in set_up(parts.catalog, parts.lake, parts.providers, KEYS)}
    assert watched == {"raw/yahoo_finance/steel_futures", f"{FED}/forecasts", "system_metrics"}


def test_a_market_whose_prices_were_imported_is_watched_although_its_provider_has_no_key(parts: Platform) -> None:
    series = declare(parts.catalog.markets[UNFED].target.series, "USD/t", LONDON)
    days = pd.bdate_range("2026-03-02", periods=5)
    parts.lake.append_observations(publish(series, days, days.day.to_numpy(dtype=float)), "file-import", "files")
    watched = {key.to_user_string() for key in set_up(parts.catalog, parts.lake, parts.providers, KEYS)}
    assert {f"{UNFED}/market_daily", f"{UNFED}/forecasts"} <= watched
    assert "raw/trading_economics/commodity_prices" not in watched


def test_a_simulated_installation_watches_everything(tmp_path: Path) -> None:
    parts = Platform(Settings(home=tmp_path / "home"), catalog())
    assert list(set_up(parts.catalog, parts.lake, parts.providers, KEYS)) == KEYS
