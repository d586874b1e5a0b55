"""Expert advice: what is right is believed, what is wrong costs little, and nothing is learned before it was known."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core import selection
from steel_assets.core.evaluation import Evaluation, Steps, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.folds import walk_forward
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import ModelError, applicable, experts, load_model
from steel_assets.core.models.experts import Experts, Feedback, learned_shares
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.samples import Samples, build_samples
from steel_assets_tests.core.synthetic import Synthetic, synthetic

ROWS = 1500


def walk(horizon: int, seed: int = 0) -> tuple[Samples, Feedback]:
    """A price that nobody can forecast, with its volatility known, and when each outcome became known."""
    rng = np.random.default_rng(seed)
    logs = np.log(500) + np.cumsum(0.01 * rng.standard_normal(ROWS + horizon))
    empty = np.zeros(ROWS)
    samples = Samples(
        horizon=horizon,
        origins=pd.bdate_range("2015-01-01", periods=ROWS),
        target_dates=pd.bdate_range("2015-01-01", periods=ROWS + horizon)[horizon:],
        ages=np.zeros(ROWS, dtype=int),
        news=np.ones(ROWS, dtype=bool),
        last=np.exp(logs[:ROWS]),
        roll_aware=empty,
        curve=empty,
        volatility=np.full(ROWS, 0.01 * np.sqrt(horizon)),
        moves=empty,
        features=np.empty((ROWS, 0)),
        feature_names=(),
        y=np.full(ROWS, np.nan),
    )
    return samples, Feedback(np.exp(logs[horizon:]), np.arange(ROWS) + horizon)


def cost(samples: Samples, feedback: Feedback, points: dict[str, np.ndarray], first: int = 20, stop: int = ROWS) -> float:
    """The mean absolute error of what is advised over that of the last price, at origins number ``first`` to ``stop - 1``."""
    at = np.arange(first, stop)
    shares = learned_shares(points, feedback, samples, at)
    said = {name: told[first:stop] for name, told in points.items()}
    error = np.abs(experts.advised(said, tuple(points), shares, samples.last[first:stop]) - feedback.outcome[first:stop])
    return float(error.mean() / np.abs(samples.last - feedback.outcome)[first:stop].mean())


def garbage(samples: Samples, members: int = 6, size: float = 1.5, seed: int = 1) -> dict[str, np.ndarray]:
    """Forecasts that know nothing and say much."""
    rng = np.random.default_rng(seed)
    names = list(experts.MEMBERS)[:members]
    return {name: samples.last * np.exp(size * samples.volatility * rng.standard_normal(len(samples))) for name in names}


@pytest.mark.parametrize("horizon", [1, 5, 21])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_all_members_say_garbage_it_is_hardly_worse_than_the_last_price(horizon: int, seed: int) -> None:
    samples, feedback = walk(horizon, seed)
    points = garbage(samples, seed=seed + 10)
    alone = np.abs(points["ridge"] - feedback.outcome).mean() / np.abs(samples.last - feedback.outcome).mean()
    assert alone > 1.5
    assert cost(samples, feedback, points) < 1.015
    assert cost(samples, feedback, points, first=ROWS // 2) < 1.01


@pytest.mark.parametrize("kind", ["opposite", "garbage", "good, then opposite"])
def test_its_loss_stays_within_the_bound_of_the_theory_whatever_members_say(kind: str) -> None:
    """Σ loss ≤ Σ loss of the last price + ln(1 / its prior) / rate + what sharing out costs + rate × Σ (range of losses)² / 8.

    Cesa-Bianchi & Lugosi 2006, theorem 2.2 and chapter 5.2, one day ahead, over the first rounds: all of them are learned from.
    """
    samples, feedback = walk(1)
    true = np.log(feedback.outcome / samples.last)
    side = {"opposite": -1.0, "garbage": 0.0, "good, then opposite": np.where(np.arange(ROWS) < 250, 1.0, -1.0)}[kind]
    noise = samples.volatility * np.random.default_rng(2).standard_normal((2, ROWS))
    moves = {name: side * 0.7 * true + some for name, some in zip(("ridge", "prophet"), 0.7 * noise, strict=True)}
    points = {name: samples.last * np.exp(move) for name, move in moves.items()}
    at = np.arange(experts.ROUNDS)
    said = {name: told[at] for name, told in points.items()}
    made = experts.advised(said, tuple(points), learned_shares(points, feedback, samples, at), samples.last[at])

    def loss(move: np.ndarray) -> np.ndarray:
        return np.abs(move[at] - true[at]) / samples.volatility[at]

    naive = loss(np.zeros(ROWS))
    each = np.stack([naive, *(loss(share * move) for move in moves.values() for share in experts.SHARES)])
    spread = each.max(axis=0) - each.min(axis=0)
    assert spread.max() < experts.LARGEST
    regret = (loss(np.pad(np.log(made / samples.last[at]), (0, ROWS - len(at)))) - naive).sum()
    sharing = -len(at) * np.log1p(-experts.SWITCHING)
    assert regret <= (np.log(1 / experts.LAST_PRICE) + sharing) / experts.RATE + experts.RATE * (spread**2).sum() / 8
    if kind != "good, then opposite":
        assert regret < 0.1 * (loss(moves["ridge"]) - naive).sum()


def test_a_member_that_is_right_is_believed_and_one_that_exaggerates_is_shrunk() -> None:
    samples, feedback = walk(1)
    true = np.log(feedback.outcome / samples.last)
    noise = 0.5 * samples.volatility * np.random.default_rng(3).standard_normal(ROWS)
    points = {**garbage(samples, members=2), "ridge": samples.last * np.exp(true + noise)}
    shares = learned_shares(points, feedback, samples, np.array([ROWS - 1]))[0]
    assert 0.7 < shares[list(points).index("ridge")] < 0.9  # of a signal with a quarter of noise four fifths are best
    assert cost(samples, feedback, points) < 0.6
    too_far = {"ridge": samples.last * np.exp(2 * true + noise)}
    assert 0.4 < learned_shares(too_far, feedback, samples, np.array([ROWS - 1]))[0][0] < 0.6


@pytest.mark.parametrize(("horizon", "most"), [(1, 1.05), (5, 1.1)])
def test_members_that_turn_to_the_opposite_after_years_cost_little(horizon: int, most: float) -> None:
    samples, feedback = walk(horizon)
    true = np.log(feedback.outcome / samples.last)
    noise = samples.volatility * np.random.default_rng(4).standard_normal((3, ROWS))
    moves = 0.4 * (true + noise)
    moves[:, 1000:] *= -1
    points = {name: samples.last * np.exp(move) for name, move in zip(("ridge", "prophet", "boosting"), moves, strict=True)}
    assert cost(samples, feedback, points, 700, 1000) < 0.9
    turned = np.abs(points["ridge"] - feedback.outcome)[1000:].mean() / np.abs(samples.last - feedback.outcome)[1000:].mean()
    assert turned > 1.3
    assert cost(samples, feedback, points, 1000, ROWS) < most


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_price_that_was_not_known_yet_changes_no_share(horizon: int) -> None:
    """The canary: outcomes known after an origin, and forecasts made after it, are falsified."""
    samples, feedback = walk(horizon)
    points = {**garbage(samples, members=3), "ridge": samples.last * np.exp(0.5 * np.log(feedback.outcome / samples.last))}
    at = np.arange(600, 700)
    honest = learned_shares(points, feedback, samples, at)
    for day in (600, 633, 699):
        future = feedback.known_at > day
        false = replace(feedback, outcome=np.where(future, feedback.outcome * 3, feedback.outcome))
        lied = {name: np.where(np.arange(ROWS) > day, told * 2, told) for name, told in points.items()}
        assert np.array_equal(learned_shares(lied, false, samples, at[at <= day]), honest[at <= day])
    seen = replace(feedback, outcome=np.where(feedback.known_at == 650, feedback.outcome * 3, feedback.outcome))
    changed = (learned_shares(points, seen, samples, at) != honest).any(axis=1)
    assert not changed[at < 650].any()
    assert changed[at >= 650].all()


def test_a_price_that_came_late_counts_from_the_day_it_came() -> None:
    samples, feedback = walk(1)
    points = {"ridge": samples.last * np.exp(np.log(feedback.outcome / samples.last))}
    known_at = feedback.known_at.copy()
    known_at[600] = 640
    late = learned_shares(points, replace(feedback, known_at=known_at), samples, np.arange(590, 660))
    plain = learned_shares(points, feedback, samples, np.arange(590, 660))
    assert (late != plain).any(axis=1).tolist() == [601 <= day < 640 for day in range(590, 660)]


def test_shares_of_an_origin_are_the_same_wherever_the_rows_begin() -> None:
    samples, feedback = walk(5)
    points = garbage(samples)
    whole = learned_shares(points, feedback, samples, np.arange(900, 910))
    start = 900 - experts.ROUNDS - samples.horizon + 1
    cut = {name: told[start:] for name, told in points.items()}
    again = learned_shares(cut, feedback.since(start), samples.rows(slice(start, None)), np.arange(900, 910) - start)
    assert np.array_equal(whole, again)


# What is issued between two trainings


@cache
def market() -> Synthetic:
    return synthetic(count=440, lived=0)


@cache
def at(place: int) -> MarketHistory:
    return market().history(market().history().moments[place])


@cache
def evaluation(place: int, horizon: int = 5) -> Evaluation:
    """Everything that was known at an origin: the cheap families and what is made of them."""
    history = at(place)
    samples = build_samples(history, build_features(history), horizon)
    wanted = ("naive", "roll_aware", "forward_curve", "experts", "recursive_ridge")
    families = {name: family for name, family in applicable(history.market).items() if name in wanted}
    return evaluate(history, samples, families, 20, len(history.origins), Steps(len(families), None))


@cache
def trained(place: int) -> bytes:
    found = evaluation(place)
    y = found.history.prices_at(found.samples.target_dates, found.history.as_of)
    return found.unfitted(Experts, place).fit(found.samples.with_labels(y)).to_bytes()


def a_monday() -> int:
    days = market().sessions
    return next(place for place in range(400, 430) if days[place].dayofweek == 0 and days[place].day > 8)


def said(model: Experts, place: int) -> tuple[list[float], bytes]:
    """The shares and the forecast of the newest origin."""
    samples = evaluation(place).samples
    today = model.today(at(place), samples)
    return today.advice.shares[-1].tolist(), today.predict(samples.rows(slice(-1, None))).to_numpy().tobytes()


def test_on_each_day_of_the_week_it_believes_what_the_backtest_believes() -> None:
    monday = a_monday()
    for place in range(monday, monday + 5):
        model = Experts.from_bytes(trained(monday))
        shares, _ = said(model, place)
        assert shares == evaluation(place).advice(np.array([place])).shares[0].tolist()
    assert len({tuple(said(Experts.from_bytes(trained(monday)), place)[0]) for place in range(monday, monday + 5)}) == 5


def test_a_day_learned_a_restart_in_between_and_days_missed_come_to_the_same_bytes() -> None:
    monday = a_monday()
    last = monday + 9  # two weeks without a training
    missed = said(Experts.from_bytes(trained(monday)), last)
    model = Experts.from_bytes(trained(monday))
    for place in range(monday, last + 1):
        model = Experts.from_bytes(model.today(at(place), evaluation(place).samples).to_bytes())
    assert said(model, last) == missed
    assert said(model, last) == said(model, last)


def test_learning_by_the_day_is_the_same_with_other_prices_later() -> None:
    monday = a_monday()
    rows = market().observations
    later = rows["period"] > market().sessions[monday + 3]
    false = market().knowing(rows.assign(value=rows["value"].where(~later, rows["value"] * 2)))
    history = false.history(market().history().moments[monday + 3])
    samples = build_samples(history, build_features(history), 5)
    lied = Experts.from_bytes(trained(monday)).today(history, samples)
    assert lied.advice.shares[-1].tolist() == said(Experts.from_bytes(trained(monday)), monday + 3)[0]


def test_a_correction_of_a_price_that_came_later_is_not_what_was_known_first() -> None:
    lived = synthetic(count=120, lived=60)
    history = lived.history()
    corrected = history.prices[history.prices["period"].duplicated(keep=False)]
    assert len(corrected) == 2
    day = pd.DatetimeIndex(corrected["period"].unique())
    (price,), (since,) = history.first_known(day)
    assert price == corrected["price"].iloc[0]
    assert price != history.prices_at(day, history.as_of)[0]
    assert history.prices_at(day, history.moments[since])[0] == price
    assert np.isnan(history.prices_at(day, history.moments[since - 1])[0])
    (nothing,), (never,) = history.first_known(history.origins[-1:] + pd.Timedelta(days=9))
    assert np.isnan(nothing)
    assert never == len(history.origins)


# Stored, and chosen


STORED = {
    "family": "experts",
    "levels": [-1.6, -1.3, -0.7, 0.0, 0.7, 1.3, 1.6],
    "heard": {"origins": ["2020-01-02", "2020-01-03"], "points": {"roll_aware": [500.0, 501.0]}},
    "advice": {"days": ["2020-01-03"], "names": ["roll_aware"], "shares": [[0.5]]},
    "members": {},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"heard": {"origins": ["2020-01-03", "2020-01-02"], "points": {"roll_aware": [500.0, 501.0]}}},
        {"heard": {"origins": ["2020-01-02", "2020-01-02"], "points": {"roll_aware": [500.0, 501.0]}}},
        {"heard": {"origins": ["2020-01-02"], "points": {"roll_aware": [500.0, 501.0]}}},
        {"heard": {"origins": ["2020-01-02", "2020-01-03"], "points": {"roll_aware": [500.0, -1.0]}}},
        {"heard": {"origins": ["2020-01-02", "2020-01-03"], "points": {"roll_aware": [500.0, float("nan")]}}},
        {"heard": {"origins": ["2020-01-02", "2020-01-03"], "points": {"naive": [500.0, 501.0]}}},
        {"heard": {"origins": ["2020-01-02"] * 100_000, "points": {"roll_aware": [500.0] * 100_000}}},
        {"heard": {"origins": ["yesterday", "today"], "points": {"roll_aware": [500.0, 501.0]}}},
        {"advice": {"days": ["2020-01-03"], "names": ["ridge"], "shares": [[0.5]]}},
        {"advice": {"days": ["2020-01-03"], "names": ["experts"], "shares": [[0.5]]}},
        {"advice": {"days": [], "names": ["roll_aware"], "shares": []}},
        {"advice": {"days": ["2020-01-03"], "names": ["roll_aware"], "shares": [[1.5]]}},
        {"advice": {"days": ["2020-01-03"], "names": ["roll_aware"], "shares": [[-0.1]]}},
        {"advice": {"days": ["2020-01-03"], "names": ["roll_aware"], "shares": [[0.5, 0.5]]}},
        {"advice": {"days": ["2020-01-03"], "names": ["roll_aware"], "shares": [[0.5], [0.5]]}},
        {"members": {"experts": "{}"}},
        {"members": {"ridge": "{}"}},
        {"members": {"roll_aware": "{}"}},
        {"members": []},
        {"more": 1},
    ],
)
def test_what_no_training_stores_is_refused(changes: dict[str, object]) -> None:
    assert load_model("experts", json.dumps(STORED).encode()).family == "experts"
    with pytest.raises(ModelError):
        load_model("experts", json.dumps(STORED | changes).encode())


def test_without_members_it_is_the_last_price_on_any_day() -> None:
    samples = evaluation(a_monday()).samples
    model = load_model("experts", json.dumps(STORED).encode()).today(at(a_monday()), samples)
    assert model.predict(samples)["p"].tolist() == samples.last.tolist()
    assert model.explain(samples).shape == (len(samples), 0)


def test_families_that_expert_advice_listens_to_are_not_chosen_beside_it() -> None:
    rng = np.random.default_rng(5)
    naive = np.abs(rng.standard_normal(750))
    better = {"roll_aware": 0.7 * naive, "ridge": 0.75 * naive}
    assert selection.choose({"naive": naive, **better}, 1).family == "roll_aware"
    assert selection.choose({"naive": naive, **better, "experts": 0.9 * naive}, 1).family == "experts"
    assert selection.choose({"naive": naive, **better, "experts": 1.1 * naive}, 1).family == "naive"
    assert selection.choose({"naive": naive, "experts": 0.9 * naive, "theta": 0.7 * naive}, 1).family == "theta"


def test_learning_bit_by_bit_is_learning_at_once() -> None:
    history = at(430)
    samples = build_samples(history, build_features(history), 1)
    y = history.prices_at(samples.target_dates, history.as_of)
    known = samples.with_labels(y)
    at_once = RecursiveRidge().fit(known)
    bit_by_bit = RecursiveRidge()
    for stop in (100, 101, 260, 300, len(samples)):
        bit_by_bit.learn(known.rows(slice(0, stop)))
    assert at_once.weights.any()
    assert bit_by_bit.to_bytes() == at_once.to_bytes()
    assert bit_by_bit.learn(known).to_bytes() == at_once.to_bytes()
    assert bit_by_bit.fit(known.rows(slice(0, 300))).to_bytes() == RecursiveRidge().fit(known.rows(slice(0, 300))).to_bytes()


def test_what_goes_on_learning_forecasts_the_same_wherever_a_walk_begins() -> None:
    history = at(430)
    samples = build_samples(history, build_features(history), 5)
    whole, _ = walk_forward(history, samples, RecursiveRidge, 250, 420)
    later, _ = walk_forward(history, samples, RecursiveRidge, 333, 400)
    assert (whole["p"].to_numpy() != samples.curve[250:420]).any()
    assert later.to_numpy().tolist() == whole.iloc[83:150].to_numpy().tolist()


def test_the_weights_of_a_year_are_the_mean_of_its_days_and_add_up_to_one_with_the_last_price() -> None:
    made = evaluation(a_monday())
    found = made.weights_by_year(200)
    assert found.groupby(["market", "h", "year"])["share"].sum().to_numpy() == pytest.approx(1.0)
    days = made.samples.origins[200 : made.stop]
    shares = made.advice(np.arange(200, made.stop))
    mine = found[found["member"] == "recursive_ridge"].set_index("year")["share"]
    assert len(mine) == days.year.nunique() > 1
    for year, share in mine.items():
        wanted = shares.shares[days.year == year, shares.names.index("recursive_ridge")].mean()
        assert share == pytest.approx(wanted)
    assert (found["share"] > 0).all()
