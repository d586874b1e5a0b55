"""The facts of a morning: what was known at its moment, and nothing that came later."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

from steel_assets.core.alerts.incidents import Incident
from steel_assets.core.calendars import session_after
from steel_assets.core.report import MarketFacts, Report
from steel_assets.core.tables import FORECASTS, MARKET_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets.operations.market_tables import write_daily
from steel_assets.operations.report import report
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.core.issued import issued

HOUR = pd.Timedelta(hours=1)
DAILY = f"processed-data/daily/{MARKET}.parquet"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """A market with an issue, one of the day before, a week of scores and a promotion in the night."""
    found = aging(tmp_path_factory.mktemp("world"))
    parts, moment = found.parts, found.issue_of(0)
    history = found.made.history(moment)
    write_daily(parts.lake, history)
    rows = issued(history)
    former = moment - pd.Timedelta(days=1)
    before = rows.assign(as_of=former, created_at=former, issued_date=rows["issued_date"] - pd.Timedelta(days=1))
    before["predicted_price"] = before["q25"]
    parts.warehouse.upsert(FORECASTS, pd.concat([rows, before]))
    parts.warehouse.upsert(PREDICTIONS_VS_REALITY, scored(found, moment))
    parts.warehouse.upsert(PROMOTIONS, decided(moment - HOUR, "ridge"))
    return found


def scored(world: Aging, created_at: pd.Timestamp) -> pd.DataFrame:
    """Three days of the last price's own forecasts, the middle one outside its interval."""
    days = world.made.sessions[-3:]
    actual = pd.Series([500.0, 560.0, 510.0])
    return PREDICTIONS_VS_REALITY.enforce(
        pd.DataFrame(
            {
                "prediction_date": days,
                "predicted_price": 505.0,
                "actual_price": actual,
                "error_absolute": (actual - 505).abs(),
                "error_percentage": 100 * (actual - 505).abs() / actual,
                "model_version": "v1",
                "created_at": created_at,
                "market": MARKET,
                "horizon": 5,
                "issued_date": days - pd.Timedelta(days=7),
                "last_price": 500.0,
                "q05": 490.0,
                "q95": 520.0,
                "simulated": True,
            }
        )
    )


def decided(at: pd.Timestamp, family: str) -> pd.DataFrame:
    row = {"decided_at": at, "market": MARKET, "horizon": 5, "candidate_version": f"{family}-1", "candidate_family": family}
    row |= {"champion_version": None, "champion_family": None, "decision": "promoted", "reason": "better", "created_at": at}
    return PROMOTIONS.enforce(pd.DataFrame([row | dict.fromkeys(("candidate_mae", "champion_mae", "naive_mae"), 1.0)]))


def morning(world: Aging, moment: pd.Timestamp, incidents: tuple[Incident, ...] = ()) -> Report:
    parts = world.parts
    return report(parts.catalog, parts.lake, parts.warehouse, incidents, moment, "https://steel.example.com/")


def of_market(found: Report, market: str = MARKET) -> MarketFacts:
    return next(facts for facts in found.markets if facts.id == market)


def test_markets_of_a_region_follow_one_another_and_say_what_it_is_called(world: Aging) -> None:
    found = morning(world, world.issue_of(0))
    regions = [facts.regions["en"] for facts in found.markets]
    assert len(set(regions)) > 1
    assert sum(region != following for region, following in pairwise(regions)) == len(set(regions)) - 1
    assert {facts.regions["es"] for facts in found.markets if facts.id == "hrc_us_midwest"} == {"Estados Unidos"}


def test_a_morning_has_price_change_forecast_odds_and_what_changed(world: Aging) -> None:
    moment = world.issue_of(0) + HOUR
    found = morning(world, moment)
    facts = of_market(found)
    prices = world.parts.lake.read(DAILY)["price"]
    assert (facts.price, facts.before) == (prices.iloc[-1], prices.iloc[-2])
    assert facts.change == pytest.approx(prices.iloc[-1] / prices.iloc[-2] - 1)
    assert facts.forecast is not None
    assert [step.horizon for step in facts.forecast.ahead] == [1, 5, 21, 63]
    assert all(step.q05 < step.q25 < step.price < step.q75 < step.q95 for step in facts.forecast.ahead)
    assert (facts.forecast.sessions, facts.forecast.stale) == (0, False)
    assert facts.news.new_forecast
    assert facts.news.moved is not None
    assert facts.news.moved.horizon == 63, "the horizon that moved most"
    assert [(replaced.horizon, replaced.family) for replaced in facts.news.replaced] == [(5, "ridge")]
    assert facts.odds is not None
    assert facts.odds.horizon == 21
    assert 0.4 < facts.odds.higher < 0.7
    assert facts.odds.risen > facts.odds.fallen > 0
    assert (found.clock, found.simulated, found.page) == ("03:00", True, "https://steel.example.com/dashboard")


def test_the_week_is_what_was_inside_and_how_far_off_beside_the_last_price(world: Aging) -> None:
    record = of_market(morning(world, world.issue_of(0) + HOUR)).record
    assert record is not None
    assert (record.scored, record.inside) == (3, 2)
    assert record.error == pytest.approx((5 / 500 + 55 / 560 + 5 / 510) / 3)
    assert record.last_price_error == pytest.approx((0 + 60 / 560 + 10 / 510) / 3)
    [miss] = record.misses
    assert (miss.came, miss.q95, miss.horizon) == (560.0, 520.0, 5)


def test_a_market_without_a_forecast_has_none_and_no_odds(world: Aging) -> None:
    facts = of_market(morning(world, world.issue_of(0) + HOUR), "scrap_turkey")
    assert (facts.forecast, facts.odds, facts.no_odds, facts.record, facts.price) == (None, None, "", None, None)


def test_a_later_morning_says_that_the_price_is_old_and_nothing_is_new(world: Aging) -> None:
    facts = of_market(morning(world, world.issue_of(3) + 3 * HOUR))
    assert facts.forecast is not None
    assert (facts.forecast.sessions, facts.forecast.stale) == (3, True)
    assert (facts.news.new_price, facts.news.new_forecast, facts.news.replaced) == (False, False, ())


def test_nothing_that_came_after_the_moment_is_in_the_morning(world: Aging) -> None:
    """A canary: prices, issues, scores, decisions and incidents of later, all poisoned, change nothing."""
    parts, moment = world.parts, world.issue_of(0) + HOUR
    before = morning(world, moment)
    later = moment + HOUR
    daily, forecasts = parts.lake.read(DAILY), parts.warehouse.read(FORECASTS)
    day = session_after("XLON", pd.DatetimeIndex([world.last]), 1)[0]
    poisoned = daily.tail(1).assign(date=day, price=9999.0, known_at=later)
    parts.lake.write(DAILY, pd.concat([daily, poisoned]), MARKET_DAILY)
    newest = forecasts[(forecasts["market"] == MARKET) & (forecasts["as_of"] == forecasts["as_of"].max())]
    parts.warehouse.upsert(FORECASTS, newest.assign(as_of=later, created_at=later, predicted_price=9999.0, q95=99999.0))
    late = newest.assign(as_of=moment - pd.Timedelta(minutes=1), created_at=later, predicted_price=9998.0, q95=99999.0)
    parts.warehouse.upsert(FORECASTS, late)
    score = scored(world, later).tail(1)
    parts.warehouse.upsert(PREDICTIONS_VS_REALITY, score.assign(prediction_date=day, issued_date=day, actual_price=9999.0))
    parts.warehouse.upsert(PREDICTIONS_VS_REALITY, score.assign(horizon=21, actual_price=9999.0))
    parts.warehouse.upsert(PROMOTIONS, decided(later, "poison"))
    incident = Incident(
        id="i", rule="test_message", subject="x", severity="high", seen=later.to_pydatetime(), since=later.to_pydatetime(),
        open=True, text="later", simulated=True,
    )  # fmt: skip
    assert morning(world, moment, (incident,)) == before
    after = morning(world, later + HOUR, (incident,))
    assert of_market(after).price == 9999.0
    assert len(after.alerts) == 1, "which shows that the poison works"


def test_one_market_that_cannot_be_read_is_named_and_stops_no_other(world: Aging) -> None:
    parts = world.parts
    parts.lake.write("processed-data/daily/iron_ore_62.parquet", pd.DataFrame({"nonsense": [1]}))
    found = morning(world, world.issue_of(0) + HOUR)
    assert list(found.problems) == ["iron_ore_62"]
    assert "was damaged" in found.problems["iron_ore_62"]
    assert of_market(found).price is not None
