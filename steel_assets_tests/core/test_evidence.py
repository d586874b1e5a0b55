"""Evidence of an experiment: bets see nothing that comes later, open ones count as lost, and no luck of looking decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.evidence import FEWEST, LARGEST_BET, Evidence, capital, evidence, first_known, pairs
from steel_assets.core.experiments import Experiment
from steel_assets.core.scoring import pinball
from steel_assets.core.tables import EXPERIMENT_FORECASTS, FORECASTS, MARKET_DAILY
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.bench.experiments import WORLDS, differences, false_verdicts, verdict

MARKET = "rebar"
SESSIONS = pd.bdate_range("2026-01-05", periods=120)
EXPERIMENT = Experiment.model_validate(
    {
        "id": "trial",
        "name": "A trial",
        "family": "ridge",
        "markets": [MARKET],
        "horizons": [1],
        "metric": "absolute_error",
        "start": "2026-01-05",
        "planned_days": 100,
    }
)


def played(horizon: int, d: np.ndarray, looks: np.ndarray, *, better: bool = True) -> np.ndarray:
    issued = np.arange(len(d), dtype=float)
    return capital(horizon, issued, issued + horizon - 0.3, d, looks, better=better)


@pytest.mark.parametrize("horizon", [1, 5, 21])
@pytest.mark.parametrize("world", WORLDS[:4], ids=lambda world: world.name)
def test_a_variant_that_is_no_better_is_called_better_or_worse_in_at_most_a_twentieth_of_years(world, horizon: int) -> None:  # type: ignore[no-untyped-def]
    won, harmful = false_verdicts(world, horizon, count=60)
    assert won + harmful <= 3


@pytest.mark.parametrize("state", ["won", "harmful"])
def test_a_clear_difference_is_found_within_a_year_in_its_direction(state: str) -> None:
    d = differences(WORLDS[3], 1, 250, np.random.default_rng(1), skill=0.3)
    found, issues = verdict(d if state == "won" else -d, 1)
    assert found == state
    assert issues < 200


@pytest.mark.parametrize("horizon", [1, 5])
def test_no_bet_sees_what_comes_true_later(horizon: int) -> None:
    d = differences(WORLDS[1], horizon, 120, np.random.default_rng(2), skill=0.3)
    looks = np.arange(120) + 0.1
    whole = played(horizon, d, looks)
    for cut in (40, 77, 101):
        false = d.copy()
        false[cut - horizon + 1 :] *= -30  # everything that is settled after look number `cut`
        assert np.array_equal(played(horizon, false, looks[: cut + 1]), whole[: cut + 1])
    assert not np.array_equal(played(horizon, -d, looks), whole)


def test_nothing_is_bet_while_few_pairs_have_come_true_or_both_say_the_same() -> None:
    looks = np.arange(FEWEST + 1) + 0.1
    assert (played(1, -np.ones(FEWEST + 1), looks[:FEWEST]) == 1.0).all()
    assert (played(1, np.zeros(60), np.arange(60) + 0.1) == 1.0).all()


def test_an_open_bet_counts_as_lost_until_it_comes_true() -> None:
    d = np.full(40, -1.0)
    issued = np.arange(40, dtype=float)
    settled = issued + 0.7
    before = capital(1, issued[:39], settled[:39], d[:39], np.array([np.inf]), better=True)[0]
    settled[39] = np.inf
    opened = capital(1, issued, settled, np.append(d[:39], np.nan), np.array([np.inf]), better=True)[0]
    assert opened == pytest.approx((1 - LARGEST_BET) * before), "of differences this clear the largest bet was laid"


def test_a_game_whose_last_bet_is_open_lays_no_other() -> None:
    d = np.full(60, -1.0)
    issued = np.arange(60, dtype=float)
    late = issued + 0.7
    late[20:] = 200.0
    looks = np.array([19.9, 59.9])
    first, last = capital(1, issued, late, d, looks, better=True)
    assert last >= (1 - LARGEST_BET) * first - 1e-9


def test_one_game_is_played_per_day_of_the_horizon_and_their_capital_is_averaged() -> None:
    d = np.full(60, -1.0)
    issued = np.arange(60, dtype=float)
    look = np.array([np.inf])
    only = capital(60, issued, issued + 59.7, d, look, better=True)
    assert only[0] == 1.0, "nothing has come true before the last issue"
    assert capital(5, issued, issued + 4.7, d, look, better=True)[0] < capital(1, issued, issued + 0.7, d, look, better=True)[0]


def test_a_verdict_needs_evidence_and_a_gain_and_harm_comes_first() -> None:
    day, over = pd.Timestamp("2026-02-02"), pd.Timestamp("2026-04-15")
    assert Evidence(50, 0.01, 0.1, 39.9, 0.1).state(EXPERIMENT, day) == "collecting"
    assert Evidence(50, 0.01, 0.1, 40.0, 0.1).state(EXPERIMENT, day) == "won"
    assert Evidence(50, -0.01, -0.1, 40.0, 0.1).state(EXPERIMENT, day) == "collecting"
    assert Evidence(50, 0.01, 0.1, 40.0, 40.0).state(EXPERIMENT, day) == "harmful"
    assert Evidence(50, 0.01, 0.1, 39.9, 0.1).state(EXPERIMENT, over) == "inconclusive"


def prices() -> pd.DataFrame:
    walk = 600 + np.cumsum(np.random.default_rng(3).normal(0, 4, len(SESSIONS)))
    known = SESSIONS.tz_localize("UTC") + pd.Timedelta(hours=18)
    rows = {"market": MARKET, "date": SESSIONS, "price": walk, "known_at": known, "unit": "USD/t", "simulated": True}
    return MARKET_DAILY.enforce(pd.DataFrame(rows))


def issued(error: float, family: str, weekends: bool = False) -> pd.DataFrame:
    """Forecasts of each next day's price, ``error`` away from it, the morning after each close."""
    price = prices()["price"].to_numpy()
    at = np.arange(len(SESSIONS) - 1)
    signs = np.where(at % 2, 1.0, -1.0)
    point = price[at + 1] + error * signs
    found = []
    for later in (1, 2) if weekends else (1,):
        moment = SESSIONS[at].tz_localize("UTC") + pd.Timedelta(days=later, hours=8)
        rows = {"issued_date": moment.tz_localize(None).normalize(), "as_of": moment, "created_at": moment}
        rows |= {"origin": SESSIONS[at], "data_as_of": SESSIONS[at], "target_date": SESSIONS[at + 1], "last_price": price[at]}
        rows |= {"predicted_price": point} | {name: point + place for place, name in enumerate(QUANTILE_COLUMNS, start=-3)}
        fixed = {"market": MARKET, "horizon": 1, "unit": "USD/t", "model_confidence": 0.5, "model_version": "v"}
        found.append(pd.DataFrame(rows).assign(**fixed, model_family=family, simulated=True, age_sessions=0, aged_drivers=None))
    return FORECASTS.enforce(pd.concat(found, ignore_index=True).drop_duplicates(["as_of"]))


def shadow(error: float) -> pd.DataFrame:
    return EXPERIMENT_FORECASTS.enforce(issued(error, "ridge").assign(experiment="trial"))


NOW = pd.Timestamp("2026-07-01T00:00Z")


def test_a_pair_is_of_one_issue_and_its_losses_are_shares_of_the_last_price() -> None:
    made, published = shadow(1.0), issued(4.0, "naive")
    found = pairs(made, published.drop(index=[7]), prices(), EXPERIMENT, NOW)
    assert len(found) == len(published) - 1
    row = found.iloc[0]
    assert row["champion"] == pytest.approx(4.0 / published["last_price"].iloc[0])
    assert row["variant"] == pytest.approx(1.0 / published["last_price"].iloc[0])
    assert (found["settled"] > found["issued"]).all()
    result = evidence(found)
    assert result.n == len(found)
    assert result.gain_share == pytest.approx(0.75)
    assert result.better > 40 > 1 >= result.worse


def test_the_pinball_loss_of_all_quantiles_is_compared_where_it_is_the_metric() -> None:
    by_quantiles = EXPERIMENT.model_copy(update={"metric": "pinball"})
    made, published = shadow(1.0), issued(4.0, "naive")
    row = pairs(made, published, prices(), by_quantiles, NOW).iloc[0]
    first = published.head(1).assign(y=prices()["price"].iloc[1])
    assert row["champion"] == pytest.approx(pinball(first)[0] / first["last_price"].iloc[0])


def test_what_was_not_known_at_the_moment_is_open() -> None:
    moment = SESSIONS[50].tz_localize("UTC") + pd.Timedelta(hours=9)
    found = pairs(shadow(1.0), issued(4.0, "naive"), prices(), EXPERIMENT, moment)
    assert (found["issued"] <= moment).all()
    assert found["settled"].isna().sum() == found["variant"].isna().sum() == 1
    later = pairs(shadow(1.0), issued(4.0, "naive"), prices(), EXPERIMENT, NOW)
    assert later.head(len(found) - 1).equals(found.head(len(found) - 1)), "what came later changed nothing of before"


def test_a_trading_day_that_was_forecast_on_several_days_counts_once_as_it_was_forecast_first() -> None:
    both = issued(4.0, "naive", weekends=True)
    made = EXPERIMENT_FORECASTS.enforce(both.assign(experiment="trial"))
    found = pairs(made, both, prices(), EXPERIMENT, NOW)
    assert len(found) == len(SESSIONS) - 1
    friday = both[both["origin"] == SESSIONS[4]]
    assert friday["issued_date"].nunique() == 2
    assert friday["as_of"].min() in set(found["issued"])
    assert friday["as_of"].max() not in set(found["issued"])


def test_a_correction_that_came_later_changes_no_bet() -> None:
    versions = prices().rename(columns={"date": "period"})[["period", "price", "known_at"]]
    corrected = versions.iloc[[30]].assign(price=1.0, known_at=NOW)
    again = first_known(pd.concat([versions, corrected]))
    assert again["price"].tolist() == versions["price"].tolist()


def test_nothing_is_no_evidence() -> None:
    found = evidence(pairs(EXPERIMENT_FORECASTS.empty(), FORECASTS.empty(), MARKET_DAILY.empty(), EXPERIMENT, NOW))
    assert (found.n, found.better, found.worse) == (0, 1.0, 1.0)
    assert found.state(EXPERIMENT, pd.Timestamp("2026-01-06")) == "collecting"
