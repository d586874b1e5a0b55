"""A price that is carried forward is missing: it makes a forecast wider, teaches nothing, and is no error when it comes back."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.calibration import Track
from steel_assets.core.explanation import explain
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle, issue
from steel_assets.core.history import MarketHistory, labels
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.returns import daily_returns
from steel_assets.core.samples import build_samples
from steel_assets.core.sanity import absurdities
from steel_assets.core.training import baseline
from steel_assets_tests.core.synthetic import CONTRACTS, Synthetic, synthetic

COUNT = 760


@cache
def market() -> Synthetic:
    return synthetic(count=COUNT, lived=0)


@cache
def moments() -> pd.DatetimeIndex:
    """When each session's forecast is issued."""
    return market().history().moments


@cache
def champions() -> tuple[Bundle, ...]:
    """Fitted on the first two years: one that learned from drivers, and the last price."""
    history = until(500)
    features = build_features(history)
    samples = build_samples(history, features, 1)
    ridge = Ridge().fit(samples.with_labels(labels(history, 1, history.as_of)))
    track = Track(history.origins[300:], samples.roll_aware[300:])
    return Bundle("rebar_test", 1, ridge, track, 0.5), baseline(history, features, 5)


def until(place: int, of: Synthetic | None = None) -> MarketHistory:
    """What was known at the moment of session number ``place``."""
    return (of or market()).history(moments()[place])


def dead_since(place: int) -> Synthetic:
    """The market whose target and curve bring nothing after session number ``place``; everything else lives."""
    rows = market().observations
    gone = rows["series"].isin(CONTRACTS) & (rows["period"] > market().sessions[place])
    return market().knowing(rows[~gone])


def interrupted(first: int, back: int, *, backfilled: bool) -> Synthetic:
    """The market without the prices of sessions ``first`` to ``back`` - 1 until that of ``back`` is there, or for ever."""
    rows = market().observations
    gap = rows["series"].isin(CONTRACTS) & rows["period"].between(market().sessions[first], market().sessions[back - 1])
    if not backfilled:
        return market().knowing(rows[~gap])
    returned = rows.loc[rows["period"] == market().sessions[back], "published_at"].max()
    return market().knowing(rows.assign(published_at=rows["published_at"].where(~gap, returned)))


def issued(history: MarketHistory, bundles: tuple[Bundle, ...] | None = None) -> pd.DataFrame:
    return issue(history, build_features(history), bundles or champions())


def width(rows: pd.DataFrame) -> np.ndarray:
    return np.log(rows["q95"] / rows["q05"]).to_numpy()


def test_the_longer_a_feed_is_dead_the_wider_the_forecast_and_the_lower_its_confidence() -> None:
    tables = [issued(until(560, dead_since(560 - dead))) for dead in (0, 1, 10, 30, 60)]
    assert [rows["age_sessions"].tolist() for rows in tables] == [[age, age] for age in (0, 1, 10, 30, 60)]
    widths = np.array([width(rows) for rows in tables])
    assert (np.diff(widths, axis=0) > 0).all()
    assert (widths[2] > 2 * widths[0])[0]  # one day ahead of a price of ten days ago
    confidence = np.array([rows["model_confidence"] for rows in tables])
    assert (np.diff(confidence, axis=0) < 0).all()
    assert confidence[1, 0] == pytest.approx(confidence[0, 0] / np.sqrt(2))
    for rows in tables:
        assert rows["origin"].tolist() == [market().sessions[560]] * 2
        assert rows["target_date"].tolist() == [market().sessions[561], market().sessions[565]]


def test_a_year_after_prices_ended_the_interval_is_that_of_a_year() -> None:
    fresh, aged = issued(until(500)), issued(until(750, dead_since(500)))
    assert aged["data_as_of"].tolist() == [market().sessions[500]] * 2
    assert (width(aged) > [8 * width(fresh)[0], 4 * width(fresh)[1]]).all()


def test_contributions_of_a_forecast_from_an_old_price_add_up() -> None:
    history = until(560, dead_since(550))
    features = build_features(history)
    rows, reasons = issue(history, features, champions()), explain(history, features, champions())
    for row in rows.itertuples():
        told = reasons.loc[reasons["horizon"] == row.horizon, "contribution"].sum()
        assert told == pytest.approx(row.predicted_price - row.last_price, abs=1e-6)


def test_a_driver_that_died_is_named_by_the_forecasts_that_lean_on_it() -> None:
    rows = issued(until(560))
    dead = market().sessions[COUNT // 2 - 1]
    assert rows["aged_drivers"].tolist() == [f"dead={dead:%Y-%m-%d}", None]  # the last price leans on none


@pytest.mark.parametrize("backfilled", [True, False])
@pytest.mark.parametrize("gap", [2, 30, 250])
def test_the_first_day_with_prices_again_has_a_sane_forecast_as_wide_as_if_nothing_had_happened(
    gap: int, backfilled: bool
) -> None:
    first = 505
    back = first + gap
    bounds = load_catalog().rules.sanity
    returned = interrupted(first, back, backfilled=backfilled)
    history, never = until(back, returned), until(back)
    rows, expected = issued(history), issued(never)
    assert rows["age_sessions"].tolist() == [0, 0]
    assert absurdities(history, rows, expected, bounds) == []
    assert width(rows) == pytest.approx(width(expected), rel=0.35)
    anew = baseline(history, build_features(history), 1)
    assert width(issued(history, (anew,))) == pytest.approx(width(expected)[:1], rel=0.35)


def test_days_that_come_back_together_have_returns_of_their_own_and_are_no_errors() -> None:
    history, never = until(540, interrupted(505, 520, backfilled=True)), until(540)
    found, expected = daily_returns(history), daily_returns(never)
    month = market().sessions.month
    roll = next(k for k in range(505, 521) if month[k] != month[k - 1])
    same = [k for k in range(541) if k != roll]
    assert np.allclose(found.moves.iloc[same], expected.moves.iloc[same], equal_nan=True)
    assert np.isnan(found.moves.iloc[roll])  # what the new front contract cost the day before did not come
    rows = build_samples(history, build_features(history), 1)
    assert not rows.with_labels(np.ones(len(rows))).labelled[505:520].any()
    assert list(np.flatnonzero(~rows.news)) == list(range(505, 520))


def test_a_return_over_a_gap_counts_as_that_many_days() -> None:
    found = daily_returns(until(540, interrupted(505, 530, backfilled=False)))
    assert found.moves.iloc[505:530].isna().all()
    assert found.spans[530] == 26
    assert found.squares.iloc[530] == pytest.approx(found.moves.iloc[530] ** 2 / 26)
    assert found.daily.iloc[530] == pytest.approx(found.moves.iloc[530] / np.sqrt(26))


def broken() -> Synthetic:
    """Gaps that were filled on return, after it, and never; around the first sessions of months as well."""
    rows = market().observations
    days = market().sessions
    own = rows["series"].isin(CONTRACTS)

    def late(rows: pd.DataFrame, gap: range, known: int) -> pd.DataFrame:
        returned = rows.loc[rows["period"] == days[known], "published_at"].max()
        missing = own & rows["period"].isin(days[list(gap)])
        return rows.assign(published_at=rows["published_at"].where(~missing, returned))

    rows = late(late(rows, range(520, 545), 545), range(560, 562), 566)
    return market().knowing(rows[~(own & rows["period"].isin(days[580:590]))])


def test_around_gaps_no_row_knows_what_came_after_it() -> None:
    whole = until(600, broken())
    features = build_features(whole)
    for place in (519, 530, 544, 545, 560, 562, 565, 566, 585, 590):
        cut = until(place, broken())
        assert cut.known.equals(whole.known.iloc[: place + 1])
        assert np.array_equal(build_features(cut).to_numpy(), features.to_numpy()[: place + 1], equal_nan=True)
        for horizon in (1, 5):
            then, later = (build_samples(history, features.iloc[: len(history.origins)], horizon) for history in (cut, whole))
            for name in ("volatility", "moves", "curve", "roll_aware", "last", "ages", "news"):
                assert np.array_equal(getattr(then, name), getattr(later, name)[: place + 1], equal_nan=True), name


def test_a_day_that_is_filled_in_after_later_ones_changes_no_row() -> None:
    rows = broken().observations
    never = broken().knowing(rows[~(rows["series"].isin(CONTRACTS) & rows["period"].isin(market().sessions[560:562]))])
    found, other = (until(600, synthetic) for synthetic in (broken(), never))
    assert np.array_equal(build_features(found).to_numpy(), build_features(other).to_numpy(), equal_nan=True)
    assert np.array_equal(
        *(build_samples(history, pd.DataFrame(index=history.origins), 5).volatility for history in (found, other))
    )


def test_a_feed_that_is_always_a_day_late_is_learned_from_all_the_same() -> None:
    rows = market().observations
    target = rows["series"].isin(CONTRACTS)
    late = rows.assign(published_at=rows["published_at"].where(~target, rows["published_at"] + pd.Timedelta(days=1)))
    history = until(600, market().knowing(late))
    assert np.median(history.price_ages) == 1
    samples = build_samples(history, build_features(history), 1)
    assert samples.news.mean() > 0.75
    bundle = baseline(history, build_features(history), 1)
    fresh = baseline(until(600), build_features(until(600)), 1)
    ratio = width(issued(history, (bundle,))) / width(issued(until(600), (fresh,)))
    assert 1.1 < ratio[0] < 2.5
