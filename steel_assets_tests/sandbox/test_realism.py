"""The default market behaves as steel does: fat tails, clusters, rolls, leads and lags, and a last price that is hard to beat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.sandbox.market import SimulatedMarket

LATEST = pd.Timestamp("2027-12-31T23:59:00Z")
WINDOW = 250
SHORT_TON = 0.90718474


def closes(market: SimulatedMarket, series: str) -> pd.Series:
    bars = market.bars(market.catalog.series[series], LATEST)
    return bars[~bars["missing"]].set_index("day")["close"]


def in_usd_per_tonne(market: SimulatedMarket, name: str) -> pd.Series:
    target = market.catalog.markets[name].target
    prices = closes(market, target.series)
    if target.fx:
        prices = prices / closes(market, target.fx).reindex(prices.index, method="ffill")
    if market.catalog.series[target.series].unit.endswith("short_ton"):
        prices = prices / SHORT_TON
    return prices.dropna()


MARKETS = ["rebar_fob_turkey", "rebar_shanghai", "hrc_us_midwest", "scrap_turkey", "iron_ore_62"]


@pytest.mark.parametrize("name", MARKETS)
def test_in_every_window_of_250_days_the_last_price_passes_the_missions_acceptance_with_room(
    market: SimulatedMarket, name: str
) -> None:
    prices = in_usd_per_tonne(market, name)
    squares, absolutes = prices.diff() ** 2, (prices.diff() / prices).abs()
    r2 = 1 - squares.rolling(WINDOW).sum() / (prices.rolling(WINDOW).var(ddof=0) * WINDOW)
    assert r2.min() > 0.93
    assert np.sqrt(squares.rolling(WINDOW).mean()).max() < 40
    assert absolutes.rolling(WINDOW).mean().max() < 0.025


@pytest.mark.parametrize(
    ("series", "low", "high"),
    [
        ("lme_rebar_m01", 350, 900), ("lme_scrap_m01", 200, 600), ("shfe_rebar", 2400, 5600), ("hrc_us_midwest", 400, 1300),
        ("iron_ore_62", 50, 170), ("coal_thermal", 50, 200), ("copper_comex", 2, 6.5), ("crude_wti", 35, 130),
        ("natural_gas_henry_hub", 1.2, 9), ("usdcny", 6, 7.6), ("usdmxn", 12, 25), ("usdtry", 1.8, 100), ("treasury_10y", 0.5, 7),
        ("sp500", 1400, 10_000), ("share_nucor", 25, 300), ("usd_index", 82, 112),
    ],
)  # fmt: skip
def test_levels_stay_where_such_prices_live(market: SimulatedMarket, series: str, low: float, high: float) -> None:
    assert closes(market, series).between(low, high).all(), closes(market, series).describe()


@pytest.mark.parametrize("name", MARKETS)
def test_daily_volatility_is_that_of_steel_and_tails_are_fat(market: SimulatedMarket, name: str) -> None:
    moves = np.log(in_usd_per_tonne(market, name)).diff().dropna()
    assert 0.008 < moves.std() < 0.018
    assert moves.kurt() > 2


@pytest.mark.parametrize("series", ["shfe_rebar", "iron_ore_62", "share_nucor", "crude_wti", "lme_rebar_m03"])
def test_large_moves_follow_large_moves(market: SimulatedMarket, series: str) -> None:
    sizes = np.log(closes(market, series)).diff().abs()
    assert np.mean([sizes.autocorr(days) for days in range(1, 11)]) > 0.04


@pytest.mark.parametrize("metal", ["rebar", "scrap"])
def test_the_front_contract_is_unchanged_on_a_fifth_to_a_quarter_of_days(market: SimulatedMarket, metal: str) -> None:
    assert 0.20 <= (closes(market, f"lme_{metal}_m01").diff() == 0).mean() <= 0.28


@pytest.mark.parametrize("metal", ["rebar", "scrap"])
def test_on_the_first_business_day_of_a_month_the_front_becomes_what_the_second_was(market: SimulatedMarket, metal: str) -> None:
    curve = pd.DataFrame({n: closes(market, f"lme_{metal}_m0{n}") for n in (1, 2)}).dropna()
    rolls = np.concatenate([[False], curve.index.month[1:] != curve.index.month[:-1]])
    from_second, from_front = curve[1] - curve[2].shift(), curve[1] - curve[1].shift()
    assert from_second[rolls].abs().mean() < 0.75 * from_front[rolls].abs().mean()
    aware = from_front.where(~rolls, from_second)
    assert 0.85 < aware.abs().mean() / from_front.abs().mean() < 0.99


def test_further_contracts_move_less_and_the_curve_leans_both_ways(market: SimulatedMarket) -> None:
    curve = pd.DataFrame({n: closes(market, f"lme_rebar_m0{n}") for n in range(1, 7)}).dropna()
    moves = np.log(curve).diff().std()
    assert moves[1] > moves[3] > moves[6]
    contango = (curve[6] > curve[1]).mean()
    assert 0.2 < contango < 0.8


def weekly_correlation(market: SimulatedMarket, leader: str, follower: str, weeks: int = 0) -> float:
    both = pd.DataFrame({"leader": closes(market, leader), "follower": closes(market, follower)}).ffill().dropna()
    moves = np.log(both).diff(5)
    return float(moves["leader"].shift(5 * weeks).corr(moves["follower"]))


@pytest.mark.parametrize(
    ("leader", "follower", "least"),
    [
        ("lme_scrap_m02", "lme_rebar_m02", 0.5),
        ("iron_ore_62", "shfe_rebar", 0.4),
        ("shfe_rebar", "lme_scrap_m02", 0.08),
        ("hrc_us_midwest", "share_nucor", 0.2),
        ("crude_wti", "commodity_index_dbc", 0.5),
        ("usd_index", "usdmxn", 0.15),
    ],
)
def test_what_belongs_together_moves_together(market: SimulatedMarket, leader: str, follower: str, least: float) -> None:
    assert weekly_correlation(market, leader, follower) > least


@pytest.mark.parametrize(("leader", "follower"), [("lme_scrap_m02", "lme_rebar_m02"), ("iron_ore_62", "shfe_rebar")])
def test_leaders_lead_by_days(market: SimulatedMarket, leader: str, follower: str) -> None:
    both = np.log(pd.DataFrame({"leader": closes(market, leader), "follower": closes(market, follower)}).ffill().dropna()).diff()
    ahead = both["leader"].shift(1).corr(both["follower"])
    behind = both["follower"].shift(1).corr(both["leader"])
    assert ahead > behind + 0.05


def test_shares_of_steel_makers_turn_before_the_coil_price(market: SimulatedMarket) -> None:
    assert weekly_correlation(market, "share_nucor", "hrc_us_midwest", 1) > weekly_correlation(
        market, "hrc_us_midwest", "share_nucor", 1
    )


def test_a_tonne_of_rebar_always_costs_more_than_its_scrap(market: SimulatedMarket) -> None:
    spread = (closes(market, "lme_rebar_m01") - closes(market, "lme_scrap_m01")).dropna()
    assert spread.min() > 60


def test_producer_prices_follow_the_months_market_and_first_estimates_are_close(market: SimulatedMarket) -> None:
    series = market.catalog.series["ppi_scrap"]
    versions = market.versions(series, LATEST)
    final = versions.drop_duplicates("period", keep="last").set_index("period")["value"].sort_index()
    first = versions.drop_duplicates("period").set_index("period")["value"].sort_index()
    months = closes(market, "lme_scrap_m02").resample("MS").mean()
    assert np.log(final).diff().corr(np.log(months).diff()) > 0.6
    assert 0 < (first / final - 1).abs().mean() < 0.01
