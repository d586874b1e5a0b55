"""Paths agree with the published quantiles on every day, hang together as history did, and follow from market and day alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steel_assets.core.paths import FEWEST_WINDOWS, PATHS, Past, PathsError, Quantiles, levels, shuffled, windows
from steel_assets.core.types import QUANTILES

DAY = np.datetime64("2023-06-01")
FLAT = Quantiles((1, 5), np.full((2, 7), 600.0), 600.0)


def past(count: int = 900, seed: int = 1, memory: float = 0.0, last: str = "2023-05-31") -> Past:
    """Moves whose neighbours are correlated by ``memory``."""
    days = np.busday_offset(np.datetime64(last), np.arange(-count + 1, 1), roll="backward")
    noise = np.random.default_rng(seed).normal(0, 0.01, count)
    moves = noise.copy()
    for day in range(1, count):
        moves[day] = memory * moves[day - 1] + noise[day]
    return Past(days, 600 * np.exp(np.cumsum(moves)))


def wide(horizons: tuple[int, ...] = (1, 5, 21, 63), last: float = 600.0, age: int = 0) -> Quantiles:
    spread = np.array([-2.2, -1.3, -0.5, 0.1, 0.9, 1.2, 1.9])
    return Quantiles(horizons, last * np.exp(np.sqrt(horizons)[:, None] * 0.012 * spread), last, age)


def drawn(quantiles: Quantiles, known: Past, market: str = "rebar") -> np.ndarray:
    days = windows(DAY, [known], quantiles.length)
    return shuffled(quantiles, known.trajectories(days, quantiles.length), market, DAY)


@st.composite
def published(draw: st.DrawFn) -> Quantiles:
    horizons = tuple(sorted(draw(st.sets(st.integers(1, 80), min_size=1, max_size=5))))
    rows = [sorted(draw(st.lists(st.floats(1.0, 5000.0), min_size=7, max_size=7))) for _ in horizons]
    return Quantiles(horizons, np.array(rows), draw(st.floats(1.0, 5000.0)), draw(st.integers(0, 9)))


@settings(max_examples=40, deadline=None)
@given(published())
def test_on_a_published_day_the_paths_have_the_published_quantiles(quantiles: Quantiles) -> None:
    """Of 1,000 paths 50 are below q05: it lies between the 50th and the 51st."""
    paths = drawn(quantiles, past())
    for horizon, row in zip(quantiles.horizons, quantiles.prices, strict=True):
        found = np.sort(paths[:, horizon - 1])
        for level, price in zip(QUANTILES, row, strict=True):
            below = round(level * PATHS)
            assert found[below - 1] <= price * (1 + 1e-9)
            assert found[below] >= price * (1 - 1e-9)


@settings(max_examples=40, deadline=None)
@given(published())
def test_quantiles_never_cross_on_any_day(quantiles: Quantiles) -> None:
    found = quantiles.at(levels(200))
    assert found.shape == (quantiles.length, 200)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= -1e-9 * found[:, 1:]).all()


def test_between_published_days_uncertainty_grows_with_the_square_root_of_time() -> None:
    quantiles = wide((1, 63))
    logs = np.log(quantiles.at(np.array(QUANTILES)) / 600.0)
    away = logs - logs[:, [3]]
    assert away[15] == pytest.approx(away[0] * 4, abs=1e-12)
    assert logs[31, 3] == pytest.approx((logs[0, 3] + logs[62, 3]) / 2), "the median is a straight line in time"


def test_before_the_first_published_day_it_begins_with_the_last_price_which_may_be_old() -> None:
    fresh, old = wide((9,)), wide((9,), age=7)
    away = [np.log(quantiles.at(np.array([0.05, 0.5]))) for quantiles in (fresh, old)]
    narrow = [(entry[:, 1] - entry[:, 0]) / (entry[8, 1] - entry[8, 0]) for entry in away]
    assert narrow[0][0] == pytest.approx(np.sqrt(1 / 9))
    assert narrow[1][0] == pytest.approx(np.sqrt(8 / 16))


def test_beyond_the_published_levels_the_tails_are_normal() -> None:
    logs = np.log(wide().at(np.array([0.0005, 0.05, 0.5, 0.95, 0.9995])))
    away = logs - logs[:, [2]]
    assert away[:, 0] / away[:, 1] == pytest.approx(3.2905 / 1.6449, abs=1e-3)
    assert away[:, 4] / away[:, 3] == pytest.approx(3.2905 / 1.6449, abs=1e-3)


def test_paths_are_the_same_whenever_they_are_drawn_and_others_for_another_market_or_day() -> None:
    known = past()
    assert (drawn(wide(), known) == drawn(wide(), known)).all()
    standing = replace(known, prices=np.full(len(known.prices), 600.0))
    assert (drawn(wide(), standing) != drawn(wide(), standing, "scrap")).any()
    other = windows(DAY + np.timedelta64(1, "D"), [known], 63)
    assert (windows(DAY, [known], 63) != other).any()


def test_each_path_keeps_the_place_of_its_stretch_of_history() -> None:
    known = past()
    days = windows(DAY, [known], 63, 500)
    history = known.trajectories(days, 63)
    paths = shuffled(wide(), history, "rebar", DAY)
    for day in (0, 4, 40, 62):
        rank = np.argsort(np.argsort(history[:, day], kind="stable"))
        assert np.corrcoef(rank, np.argsort(np.argsort(paths[:, day])))[0, 1] > 0.9999


def test_a_market_that_trends_gives_paths_that_trend() -> None:
    """How the first week's move goes with the second's: history's own answer, not that of independent days."""

    def together(memory: float) -> float:
        logs = np.log(drawn(wide(), past(3000, memory=memory)))
        return float(np.corrcoef(logs[:, 4], logs[:, 9] - logs[:, 4])[0, 1])

    assert abs(together(0.0)) < 0.15
    assert together(0.7) > together(0.0) + 0.15


def test_a_price_that_stands_still_keeps_its_place() -> None:
    known = past()
    paths = drawn(wide((1, 5)), Past(known.sessions, np.full(len(known.prices), 600.0)))
    places = np.argsort(np.argsort(paths, axis=0), axis=0)
    assert (places == places[:, [0]]).all()


def test_markets_asked_about_together_move_together_as_they_did() -> None:
    rebar, scrap = past(seed=3), past(seed=4)
    scrap = Past(scrap.sessions, rebar.prices**0.8 * scrap.prices**0.6)
    days = windows(DAY, [rebar, scrap], 21)
    logs = [np.log(shuffled(wide((1, 5, 21)), entry.trajectories(days, 21), name, DAY)[:, 20]) for name, entry in
            (("rebar", rebar), ("scrap", scrap))]  # fmt: skip
    assert np.corrcoef(*logs)[0, 1] == pytest.approx(0.8, abs=0.12)
    assert (windows(DAY, [rebar], 21) == days).all(), "histories that reach equally far have the same stretches alone"


def test_stretches_lie_in_the_history_of_every_market() -> None:
    long, short = past(900), past(300, seed=2, last="2023-05-24")
    days = windows(DAY, [long, short], 63)
    assert (short.rows(days, 63) >= 0).all()
    assert (long.rows(days, 63) >= 0).all()
    assert (long.rows(days, 63) + 63 < 900).all()


def test_what_moved_after_the_stretch_is_not_in_it() -> None:
    known = Past(np.arange("2023-01-02", "2023-01-12", dtype="datetime64[D]"), np.exp(np.cumsum(np.arange(10) / 100)))
    days = np.array(["2023-01-03", "2023-01-05"], dtype="datetime64[D]")
    assert known.trajectories(days, 2) == pytest.approx(np.array([[0.02, 0.05], [0.04, 0.09]]))
    assert known.rows(np.array(["2023-01-01", "2023-01-10"], dtype="datetime64[D]"), 2).tolist() == [-1, -1]
    prices = known.prices.copy()
    prices[2] = np.nan
    gap = replace(known, prices=prices).trajectories(days, 2)
    assert gap == pytest.approx(np.array([[0.0, 0.05], [0.04, 0.09]])), "a session without a price is carried, then caught up"
    cut = known.until(np.datetime64("2023-01-06"))
    assert cut.sessions[-1] == np.datetime64("2023-01-06")


def test_too_short_a_history_is_told() -> None:
    with pytest.raises(PathsError, match=rf"at least {FEWEST_WINDOWS} are needed"):
        windows(DAY, [past(120)], 63)


def test_a_forecast_without_any_doubt_has_one_path() -> None:
    assert drawn(FLAT, past()) == pytest.approx(600.0)
