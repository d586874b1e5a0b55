"""Drift is said when the world has changed, and seldom when it has not, although markets always look changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.drift import CURRENT, EVERY, LOOKBACK, REFERENCE, Drift, market_drift, measure, newest_rows
from steel_assets.core.features import build_features
from steel_assets_tests.core.synthetic import synthetic


def market(seed: int, count: int = 1500, changed_from: int | None = None) -> dict[str, pd.DataFrame]:
    """Returns whose volatility comes in bursts, what is made of them, and their errors; three times as large from some day on."""
    rng = np.random.default_rng(seed)
    moves, variance = np.empty(count), 1.0
    for day in range(count):
        moves[day] = np.sqrt(variance) * rng.standard_t(5) / 1.29
        variance = 0.02 + 0.08 * moves[day] ** 2 + 0.9 * variance
    if changed_from is not None:
        moves[changed_from:] = 3 * moves[changed_from:] + 0.5
    returns = pd.Series(moves, index=pd.bdate_range("2015-01-01", periods=count))
    features = pd.DataFrame(
        {f"mean_{days}": returns.rolling(days).mean() for days in (5, 21, 63)}
        | {f"size_{days}": returns.abs().rolling(days).mean() for days in (5, 21)}
    )
    errors = returns / returns.pow(2).ewm(alpha=0.05).mean().pow(0.5).shift()
    return {"features": features, "returns": returns.to_frame(), "errors": errors.to_frame()}


@pytest.mark.slow  # eight markets of years
def test_where_nothing_changes_there_is_less_than_one_false_alarm_a_quarter() -> None:
    found = [measure(market(seed)) for seed in range(8)]
    years = sum(drift.judged for drift in found) * 5 / 250
    assert sum(drift.episodes for drift in found) / years < 1.5
    assert sum(int(drift.alarms.sum()) for drift in found) / sum(drift.judged for drift in found) < 0.06


@pytest.mark.slow  # six markets of years
def test_a_market_that_changes_is_mostly_noticed_within_a_quarter() -> None:
    noticed = 0
    for seed in range(6):
        groups = market(seed, changed_from=1350)
        alarms = measure(groups).alarms
        after = alarms[alarms.index >= groups["returns"].index[1350]]
        noticed += bool(after.iloc[:13].any())
    assert noticed >= 4


def test_one_group_alone_is_no_drift() -> None:
    groups = market(1)
    before = measure(groups).episodes
    groups["features"].iloc[1350:] += 100.0
    found = measure(groups)
    assert (found.scores["features"].iloc[-30:] == 1.0).any()
    assert found.episodes <= before + 1


def test_a_measurement_does_not_depend_on_what_came_later() -> None:
    groups = market(3)
    whole = measure(groups).scores
    cut = measure({name: table.iloc[:1200] for name, table in groups.items()}).scores
    pd.testing.assert_frame_equal(cut, whole.iloc[: len(cut)])


@pytest.mark.slow  # twelve years of measurements, three times
def test_the_newest_alone_needs_eight_years_of_measurements_however_long_the_history_is() -> None:
    groups = market(5, count=3000)
    newest = measure(groups, newest=1)
    needed = REFERENCE + CURRENT + LOOKBACK * EVERY
    recent = measure({name: table.iloc[-needed:] for name, table in groups.items()})
    for table in ("scores", "wasserstein", "psi"):
        pd.testing.assert_frame_equal(getattr(newest, table), getattr(measure(groups), table).iloc[-1:])
        pd.testing.assert_frame_equal(getattr(newest, table), getattr(recent, table).iloc[-1:])
    assert measure({name: table.iloc[:500] for name, table in groups.items()}, newest=1).scores.empty


def test_what_one_process_has_measured_it_does_not_measure_again_unless_a_value_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = market(6, count=600)
    first = measure(groups)
    again = {name: table.copy() for name, table in groups.items()}
    monkeypatch.delattr("steel_assets.core.drift._of_column")
    pd.testing.assert_frame_equal(measure(again).psi, first.psi)
    again["returns"].iloc[300, 0] += 1e-9
    with pytest.raises(NameError):
        measure(again)


@pytest.mark.parametrize("count", [0, 10, 559, 560, 700])
def test_a_short_history_says_nothing(count: int) -> None:
    found = measure({name: table.iloc[:count] for name, table in market(2).items()})
    assert isinstance(found, Drift)
    assert found.judged == found.episodes == 0
    assert not found.alarms.any()
    rows = newest_rows(found, "gold", simulated=False, created_at=pd.Timestamp("2026-11-20", tz="UTC"))
    assert len(rows) == (4 if count >= 560 else 0)
    assert rows["score"].isna().all()
    assert not rows["drifted"].any()


def test_the_rows_say_what_two_of_three_reach_and_are_drift_exactly_when_the_measurement_is() -> None:
    for seed in range(2):
        found = measure(market(seed, changed_from=1430))
        rows = newest_rows(found, "gold", simulated=True, created_at=pd.Timestamp("2026-11-20", tz="UTC")).set_index("subject")
        assert list(rows.index) == ["features", "returns", "errors", "all"]
        assert rows.loc["all", "score"] == rows["score"][:3].sort_values().iloc[1]
        assert rows.loc["all", "drifted"] == found.alarms.iloc[-1]
        assert (rows["date"] == found.scores.index[-1]).all()


@pytest.mark.parametrize("shift", [-30.0, 0.0, 30.0], ids=["all lower than ever", "as before", "all higher than ever"])
def test_a_value_counts_in_the_decile_of_its_own_window_wherever_the_others_lie(shift: float) -> None:
    values = np.random.default_rng(6).normal(size=620)
    values[500:] += shift
    values[:500:50] = values[0]  # what repeats a decile's edge lies below it
    table = pd.DataFrame(values, index=pd.bdate_range("2020-01-01", periods=620))
    found = measure(dict.fromkeys(("features", "returns", "errors"), table))
    for end, said in zip(range(560, 621, EVERY), found.psi["returns"], strict=True):
        then, now = np.sort(values[end - 560 : end - 60]), values[end - 60 : end]
        edges = then[(np.arange(1, 10) / 10 * 500).astype(int)]
        below = [np.r_[0, (part[:, None] <= edges).sum(axis=0), len(part)] for part in (then, now)]
        before, after = ((np.diff(count) + 0.5) / (count[-1] + 5) for count in below)
        assert said == pytest.approx(((after - before) * np.log(after / before)).sum(), rel=1e-12)


def test_the_stability_index_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(5)
    values = np.r_[rng.normal(size=500), rng.normal(1.0, size=60)]
    edges = np.quantile(values[:500], np.arange(1, 10) / 10)
    then, now = ((np.histogram(part, np.r_[-9, edges, 9])[0] + 0.5) / (len(part) + 5) for part in (values[:500], values[500:]))
    table = pd.DataFrame(values, index=pd.bdate_range("2020-01-01", periods=560))
    found = measure({"features": table, "returns": table, "errors": table})
    assert found.psi["returns"].iloc[-1] == pytest.approx(((now - then) * np.log(now / then)).sum(), rel=0.02)


def test_every_distance_is_the_one_between_its_two_windows_with_gaps_or_without() -> None:
    random = np.random.default_rng(5)
    values = random.standard_t(3, (900, 3))
    values[random.random(900) < 0.2, 1] = np.nan
    days = pd.bdate_range("2020-01-01", periods=900)
    groups = {"features": values, "returns": values[:, :1], "errors": values[:, 1:2]}
    found = measure({name: pd.DataFrame(columns, index=days) for name, columns in groups.items()})
    levels = np.linspace(0.025, 0.975, 20)

    def moved(window: np.ndarray, then: np.ndarray) -> float:
        now, before = (np.sort(column[np.isfinite(column)]) for column in (window, then))
        picked = [column[np.minimum((levels * len(column)).astype(int), len(column) - 1)] for column in (now, before)]
        return float(np.abs(picked[0] - picked[1]).mean() / before.std())

    for name, columns in groups.items():
        for end, said in zip(days.searchsorted(found.wasserstein.index) + 1, found.wasserstein[name], strict=True):
            then, now = columns[end - CURRENT - REFERENCE : end - CURRENT], columns[end - CURRENT : end]
            assert said == pytest.approx(np.median([moved(a, b) for a, b in zip(now.T, then.T, strict=True)]), rel=1e-12)


def test_the_newest_day_is_always_measured() -> None:
    for count in (1200, 1201, 1203):
        groups = {name: table.iloc[:count] for name, table in market(1).items()}
        assert measure(groups).scores.index[-1] == groups["returns"].index[-1]


def test_columns_without_a_figure_do_not_speak() -> None:
    groups = market(4)
    groups["features"] = groups["features"].assign(never=np.nan, still=1.0)
    assert measure(groups).scores["features"].iloc[-1] >= 0


def test_a_whole_market_can_be_measured() -> None:
    history = synthetic(count=900, lived=0).history()
    found = market_drift(history, build_features(history))
    assert list(found.scores.columns) == ["features", "returns", "errors"]
    assert found.scores.index[-1] >= history.origins[-6]
