"""What the simulated market reveals, when, and that its past is one past."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.core.calendars import publication_moments, sessions
from steel_assets.sandbox import Sandbox
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets_tests.sandbox.conftest import BROWSER, MOMENT

QUESTIONS = [
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=0&period2=1893456000&interval=1d",
    "/alpha_vantage/query?function=TIME_SERIES_DAILY&symbol=NUE&outputsize=full&apikey=k",
    "/fred_api/fred/series/observations?series_id=WPU1012&api_key=k&file_type=json&realtime_start=1776-07-04&realtime_end=9999-12-31",
    "/trading_economics/markets/historical/LSR1:COM,JBP:COM?c=k",
    "/trading_economics/calendar/country/all/2025-01-01/2040-01-01?c=k",
]


def answers(sandbox: Sandbox) -> list[bytes]:
    return [httpx.get(f"{sandbox.url}{question}", headers=BROWSER).content for question in QUESTIONS]


def test_the_same_seed_and_clock_give_the_same_bytes_whatever_was_asked_before(catalog: Catalog, sandbox: Sandbox) -> None:
    with Sandbox(catalog) as other:
        other.set_clock(pd.Timestamp("2031-07-01T00:00Z"))
        answers(other)
        other.set_clock(MOMENT)
        assert answers(other) == answers(sandbox)


def test_another_seed_is_another_market(catalog: Catalog, sandbox: Sandbox) -> None:
    with Sandbox(catalog, seed=8) as other:
        other.set_clock(MOMENT)
        assert all(entry != another for entry, another in zip(answers(other), answers(sandbox), strict=True))


def daily_series(catalog: Catalog) -> list[str]:
    return [s.id for s in catalog.series.values() if s.frequency == "daily" and s.symbol]


def test_every_daily_series_shows_exactly_what_its_publication_rule_allows(catalog: Catalog, market: SimulatedMarket) -> None:
    for name in daily_series(catalog):
        series = catalog.series[name]
        days = sessions(series.calendar, pd.Timestamp("2014-01-01"), MOMENT.tz_localize(None))
        allowed = days[publication_moments(days, "daily", series.published) <= MOMENT]
        assert list(market.bars(series, MOMENT)["day"]) == list(allowed), name


def test_a_price_appears_at_its_moment_and_not_a_second_before(catalog: Catalog, market: SimulatedMarket) -> None:
    series = catalog.series["lme_rebar_m01"]
    published = pd.Timestamp("2026-03-03T18:30:00Z")
    before = market.bars(series, published - pd.Timedelta(seconds=1))
    at = market.bars(series, published)
    assert at["day"].iloc[-1] == pd.Timestamp("2026-03-03")
    pd.testing.assert_frame_equal(at.iloc[:-1], before)


def test_advancing_the_clock_only_appends(catalog: Catalog) -> None:
    short, long = SimulatedMarket(catalog), SimulatedMarket(catalog)
    for series in catalog.series.values():
        if not series.symbol:
            continue
        early = short.versions(series, pd.Timestamp("2024-12-31T12:00Z"))
        late = long.versions(series, pd.Timestamp("2029-02-01T12:00Z"))
        pd.testing.assert_frame_equal(early, late.iloc[: len(early)], obj=series.id)
        assert (late["published_at"].iloc[len(early) :] > pd.Timestamp("2024-12-31T12:00Z")).all()
        assert len(late) > len(early)


def test_one_more_series_changes_no_other(tmp_path: Path, market: SimulatedMarket) -> None:
    mine = SimulatedMarket(catalog_with(tmp_path, unit="USD/t"))
    series = mine.catalog.series["lme_rebar_m01"]
    assert mine.bars(mine.catalog.series["billet_black_sea"], MOMENT).shape == market.bars(series, MOMENT).shape
    pd.testing.assert_frame_equal(mine.bars(series, MOMENT), market.bars(series, MOMENT))


def catalog_with(folder: Path, **declared: object) -> Catalog:
    entry = {
        "id": "billet_black_sea", "name": "Billet", "unit": "USD/t", "source": "trading_economics", "group": "commodity_prices",
        "symbol": "BIL1:COM", "calendar": "XLON", "published": {"at": "18:30", "zone": "Europe/London"},
    } | declared  # fmt: skip
    (folder / "series").mkdir()
    (folder / "series" / "mine.yaml").write_text(yaml.safe_dump({"series": [entry]}))
    return load_catalog(folder)


@pytest.mark.parametrize(
    ("unit", "frequency", "low", "high"),
    [
        ("USD/t", "daily", 200, 1800),
        ("EUR/t", "daily", 200, 1600),
        ("CNY/t", "daily", 1400, 12_000),
        ("USD/short_ton", "daily", 250, 2200),
        ("USD/kg", "daily", 0.2, 1.8),
        ("USD/bbl", "daily", 25, 220),
        ("USD", "daily", 15, 150),
        ("EUR/USD", "daily", 0.5, 1.6),
        ("index", "monthly", 50, 200),
        ("percent", "weekly", 1, 9),
    ],
)
def test_a_series_of_ones_own_catalogue_gets_a_plausible_path(
    tmp_path: Path, unit: str, frequency: str, low: float, high: float
) -> None:
    catalog = catalog_with(tmp_path, unit=unit, frequency=frequency, calendar="weekdays")
    bars = SimulatedMarket(catalog).bars(catalog.series["billet_black_sea"], MOMENT)
    assert bars["close"].between(low, high).all(), bars["close"].describe()
    assert len(bars) > 140
    assert bars["close"].nunique() > 30


def test_a_calendar_of_seven_days_a_week_is_answered_too(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, calendar="24/7")
    bars = SimulatedMarket(catalog).bars(catalog.series["billet_black_sea"], MOMENT)
    assert bars["day"].dt.dayofweek.max() == 6
    assert len(SimulatedMarket(catalog).versions(catalog.series["billet_black_sea"], MOMENT)) == len(bars)


def test_revised_figures_have_later_versions_and_others_have_one(catalog: Catalog, market: SimulatedMarket) -> None:
    for series in catalog.series_of("fred_api"):
        versions = market.versions(series, MOMENT)
        counts = versions.groupby("period").size()
        assert counts.max() == (3 if series.revised else 1), series.id
        assert versions["published_at"].is_monotonic_increasing
        assert not versions.duplicated(["period", "published_at"]).any()


def test_prices_hold_their_range_and_their_ticks(catalog: Catalog, market: SimulatedMarket) -> None:
    for name in daily_series(catalog):
        bars = market.bars(catalog.series[name], MOMENT)
        prices = bars[["open", "high", "low", "close"]]
        assert np.isfinite(prices.to_numpy()).all(), name
        assert (prices > 0).all(axis=None), name
        assert (prices.max(axis=1) == bars["high"]).all(), name
        assert (prices.min(axis=1) == bars["low"]).all(), name
    rebar = market.bars(catalog.series["lme_rebar_m01"], MOMENT)["close"]
    assert (rebar * 2 == (rebar * 2).round()).all()
