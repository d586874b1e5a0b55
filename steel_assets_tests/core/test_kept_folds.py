"""Folds kept between trainings: found again to the last bit, and only where no byte that they were computed from has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.core import kept_folds
from steel_assets.core.asof import known_at
from steel_assets.core.evaluation import EARLIEST, Steps, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.features._pool import Generator
from steel_assets.core.fold_digests import FoldDigests
from steel_assets.core.folds import folds, past_of
from steel_assets.core.history import MarketHistory
from steel_assets.core.kept_folds import KeptFold, KeptFolds
from steel_assets.core.models import ModelError, applicable
from steel_assets.core.models.naive import Naive
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.panel import Lessons, Panel
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import Generated
from steel_assets_tests.core.synthetic import Synthetic, synthetic

HORIZON, CODE = 5, b"this release"
FAMILIES = ("naive", "forward_curve", "ridge", "recursive_ridge", "prophet", "drift", "ets", "boosting", "generated_ridge")
WEEKS = [pd.Timestamp("2020-11-27"), pd.Timestamp("2020-12-04")]
"""A training, and the next one: a new week and a new month have begun."""


@cache
def market() -> Synthetic:
    made = synthetic(count=520, lived=0)
    return replace(made, market=made.market.model_copy(update={"generated": Generated(windows=(2, 21))}))


def at(day: pd.Timestamp, made: Synthetic) -> tuple[MarketHistory, Samples]:
    """What is trained on when ``day`` is the newest origin."""
    history = made.history(market().history().moments[market().sessions.get_loc(day)])
    return history, build_samples(history, build_features(history), HORIZON)


def walked(history: MarketHistory, samples: Samples, kept: KeptFolds | None = None, only: tuple[str, ...] = FAMILIES) -> Any:
    families = {name: family for name, family in applicable(history.market).items() if name in only}
    start = len(history.origins) - 200
    return evaluate(history, samples, families, start, len(history.origins), Steps(0, None), kept=kept).forecasts


def same(one: Any, other: Any) -> bool:
    """Whether the forecasts are equal, and lie in memory alike: what adds them up afterwards gives the same too."""
    return one.keys() == other.keys() and all(
        one[name].equals(other[name]) and one[name]["p"].to_numpy().strides == other[name]["p"].to_numpy().strides for name in one
    )


@cache
def first() -> dict[bytes, KeptFold]:
    """What the first training leaves."""
    kept = KeptFolds(CODE, {})
    walked(*at(WEEKS[0], market()), kept)
    return kept.used


@cache
def plain() -> Any:
    """The next training without what the first one left."""
    return walked(*at(WEEKS[1], market()))


def test_a_week_later_only_what_began_since_is_computed_and_every_forecast_is_the_same() -> None:
    kept = KeptFolds(CODE, first())
    assert same(walked(*at(WEEKS[1], market()), kept), plain())
    monthly = ("naive", "forward_curve", "ridge", "drift")
    assert kept.computed == dict.fromkeys((*monthly, "recursive_ridge"), 1), "one month and one week began"
    assert kept.taken.keys() == set(FAMILIES)


def test_what_is_left_for_the_next_training_does_not_depend_on_what_was_kept() -> None:
    history, samples = at(WEEKS[1], market())
    anew, kept = KeptFolds(CODE, {}), KeptFolds(CODE, first())
    for folds_kept in (anew, kept):
        walked(history, samples, folds_kept)
    again = KeptFolds(CODE, kept.used)
    assert same(walked(history, samples, again), plain())
    assert not again.computed
    for other in (kept.used, again.used):
        assert list(other) == list(anew.used)
        for digest, fold in anew.used.items():
            assert (fold.levels == other[digest].levels).all()
            assert (fold.points, fold.model) == (other[digest].points, other[digest].model)


def test_what_is_kept_is_what_is_taken() -> None:
    """So that the other tests are of something."""
    false = {digest: replace(fold, points=dict.fromkeys(fold.points, 1.0), model=b"") for digest, fold in first().items()}
    found = walked(*at(WEEKS[0], market()), KeptFolds(CODE, false))
    assert all((frame["p"] == 1.0).all() for frame in found.values())


def test_another_release_computes_everything() -> None:
    false = {digest: replace(fold, points=dict.fromkeys(fold.points, 1.0), model=b"") for digest, fold in first().items()}
    kept = KeptFolds(b"another release", false)
    assert same(walked(*at(WEEKS[1], market()), kept), plain())
    assert not kept.taken


def test_a_kept_model_that_cannot_be_read_is_fitted_again_and_named(caplog: pytest.LogCaptureFixture) -> None:
    damaged = {digest: replace(fold, model=fold.model and b"{}") for digest, fold in first().items()}
    with caplog.at_level(logging.WARNING):
        kept = KeptFolds(CODE, damaged)
        assert same(walked(*at(WEEKS[1], market()), kept), plain())
    assert "a fold of prophet that was kept is computed again" in caplog.text
    assert kept.computed["prophet"] == 1


def test_a_revised_price_is_computed_with_again_in_exactly_the_folds_that_read_it() -> None:
    """A correction that became known three months later: a label of folds from then on, a last price of no past row."""
    made = market()
    target = made.observations[made.observations["series"] == made.market.target.series]
    day = market().sessions[market().sessions.get_loc(WEEKS[0]) - 120]
    wrong = target[target["period"] == day]
    later = known_at(wrong).iloc[0] + pd.Timedelta(days=90)
    correction = wrong.assign(value=wrong["value"] * 1.01, published_at=later, collected_at=later)
    revised = made.knowing(pd.concat([made.observations, correction]))
    history, samples = at(WEEKS[0], revised)
    before_history, before = at(WEEKS[0], made)
    for family in (Naive, Ridge):
        kept = KeptFolds(CODE, first())
        found = walked(history, samples, kept, (family.family,))
        assert same(found, walked(history, samples, None, (family.family,)))
        cut = folds(history.origins, family.refit_every, len(history.origins) - 200, len(history.origins))
        changed = [
            not equal(past_of(history, samples, fold.fitted_at), past_of(before_history, before, fold.fitted_at))
            or not equal(samples.rows(slice(fold.start, fold.stop)), before.rows(slice(fold.start, fold.stop)))
            for fold in cut
        ]
        assert kept.computed == {family.family: sum(changed)}
        assert 0 < sum(changed) < len(cut)


def equal(one: Samples, other: Samples) -> bool:
    arrays = [name for name in vars(one) if isinstance(getattr(one, name), np.ndarray)]
    compared = [(getattr(one, name), getattr(other, name)) for name in [*arrays, "moves", "origins", "target_dates"]]
    return all(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f") for a, b in compared)


PLACE = 300
"""The row in which one bit is changed."""


def one_bit(values: np.ndarray) -> np.ndarray:
    """``values`` with the last bit of the first number of row ``PLACE`` changed."""
    changed = np.array(values, order="A")
    row = changed[PLACE : PLACE + 1].reshape(-1)[:1].copy()
    row.view(np.uint8)[0] ^= 1
    changed[(PLACE, *([0] * (changed.ndim - 1)))] = row[0]
    return changed


@cache
def whole() -> tuple[MarketHistory, Samples]:
    """Samples with all that any market's have."""
    history, samples = at(WEEKS[0], market())
    rng, days = np.random.default_rng(1), history.moments.tz_localize(None).to_numpy()[:350].astype("datetime64[M]").astype(int)
    lessons = Lessons(rng.normal(size=(350, 3)), rng.normal(size=350), days, days)
    bought = np.linspace(0, 1, len(samples))
    return history, replace(samples, moves=np.asarray(samples.moves), bought_predictions=bought, panel=Panel(((1.0, lessons),)))


def digest(samples: Samples, fitted_at: int, history: MarketHistory | None = None) -> bytes:
    return FoldDigests(history or whole()[0], samples, CODE).fit(Ridge, fitted_at)


ROWS = sorted({field.name for field in fields(Samples)} - {"horizon", "feature_names", "y", "panel", "frequency", "pool"})


@pytest.mark.parametrize("name", ROWS)
def test_one_bit_of_a_row_makes_other_folds_of_those_that_learn_from_it_and_another_row(name: str) -> None:
    history, samples = whole()
    values = getattr(samples, name)
    changed = one_bit(np.asarray(values))
    other = replace(samples, **{name: pd.DatetimeIndex(changed) if isinstance(values, pd.DatetimeIndex) else changed})
    assert digest(samples, PLACE - 1) == digest(other, PLACE - 1)
    assert digest(samples, PLACE) != digest(other, PLACE)
    rows, others = (FoldDigests(history, one, CODE).rows for one in (samples, other))
    assert [place for place in range(len(rows)) if rows[place] != others[place]] == [PLACE]


def generated_anew(history: MarketHistory, samples: Samples) -> tuple[MarketHistory, Samples]:
    """The generated features of a history in which one driver's value is another."""
    assert samples.pool is not None
    other = replace(
        history, known=history.known.assign(scrap=history.known["scrap"].where(np.arange(len(samples)) != PLACE, 1.0))
    )
    assert history.market.generated is not None
    return history, replace(samples, pool=replace(samples.pool, generator=Generator(other, history.market.generated)))


def learned_elsewhere(history: MarketHistory, samples: Samples) -> tuple[MarketHistory, Samples]:
    """Another market's row that is known with row ``PLACE``."""
    [(weight, lessons)] = samples.panel.parts
    taught = lessons.known[PLACE] - 1
    returns = np.where(lessons.known == taught, np.nextafter(lessons.returns, 9.0), lessons.returns)
    return history, replace(samples, panel=Panel(((weight, replace(lessons, returns=returns)),)))


def relabelled(history: MarketHistory, samples: Samples) -> tuple[MarketHistory, Samples]:
    """The price that row ``PLACE`` forecasts, which the fit in question knows."""
    price = history.prices["price"]
    return replace(
        history,
        prices=history.prices.assign(
            price=price.where(history.prices["period"] != samples.target_dates[PLACE - 6], price * 1.01)
        ),
    ), samples


CHANGES: dict[str, Callable[[MarketHistory, Samples], tuple[MarketHistory, Samples]]] = {
    "the declaration of the market": lambda history, samples: (
        replace(history, market=history.market.model_copy(update={"name": "another name"})),
        samples,
    ),
    "the horizon": lambda history, samples: (history, replace(samples, horizon=6)),
    "the frequency": lambda history, samples: (history, replace(samples, frequency="weekly")),
    "the name of a feature": lambda history, samples: (
        history,
        replace(samples, feature_names=("x", *samples.feature_names[1:])),
    ),
    "the order of features in memory": lambda history, samples: (
        history,
        replace(samples, features=np.array(samples.features, order="C" if samples.features.flags.f_contiguous else "F")),
    ),
    "a generated feature": generated_anew,
    "a row of another market": learned_elsewhere,
    "the weight of another market": lambda history, samples: (
        history,
        replace(samples, panel=Panel(((0.5, samples.panel.parts[0][1]),))),
    ),
    "a label": relabelled,
}


@pytest.mark.parametrize("change", CHANGES)
def test_all_else_that_a_fit_reads_makes_another_fold(change: str) -> None:
    history, samples = CHANGES[change](*whole())
    assert digest(samples, PLACE, history) != digest(whole()[1], PLACE)


def test_another_family_or_another_past_of_what_it_learned_is_another_fold() -> None:
    digests = FoldDigests(*whole(), CODE)
    found = {digests.fit(family, PLACE, before) for family in (Ridge, RecursiveRidge) for before in (b"", b"x" * 32)}
    assert len(found) == 4


def test_samples_that_nobody_said_how_to_compare_are_refused() -> None:
    history, samples = whole()
    with pytest.raises(TypeError, match=r"samples\.pool: say in core/fold_digests\.py how a dict is compared"):
        FoldDigests(history, replace(samples, pool={}), CODE)  # type: ignore[arg-type]


def test_a_family_that_says_more_than_a_point_and_its_spread_is_not_kept() -> None:
    class Own(Naive):
        def predict(self, samples: Samples) -> pd.DataFrame:
            return super().predict(samples) * 1.0

    assert kept_folds.keepable(Naive)
    assert not kept_folds.keepable(Own)


def test_learning_that_was_kept_goes_on_as_if_it_had_never_stopped() -> None:
    history, samples = at(WEEKS[1], market())
    whole_way, part = (RecursiveRidge().learn(past_of(history, samples, EARLIEST + 300)) for _ in range(2))
    resumed = RecursiveRidge.resumed(part.progress())
    later = past_of(history, samples, EARLIEST + 340)
    assert resumed.learn(later).progress() == whole_way.learn(later).progress()
    content = part.progress()
    for damaged in (
        b"",
        b"[]",
        b"{}",
        content[:-40],
        content.replace(b'"rows"', b'"none"'),
        content.replace(b'"known": [', b'"known": [1.0, '),
    ):
        with pytest.raises(ModelError):
            RecursiveRidge.resumed(damaged)
