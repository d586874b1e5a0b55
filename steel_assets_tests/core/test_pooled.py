"""The model over all markets: what it takes from the others, and that it never takes anything of their future."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.asof import known_at
from steel_assets.core.backtest import backtest
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.panel import INPUTS, OTHER, RELATED, Panel, PanelRows, spread
from steel_assets.core.panel_rows import panel_rows
from steel_assets.core.samples import build_samples
from steel_assets_tests.core.synthetic import Synthetic, synthetic

COUNT, YOUNG = 700, 120


@cache
def other(number: int) -> Synthetic:
    """Another market of the same kind; scrap leads all of them by a day."""
    found = synthetic(count=COUNT, seed=100 + number, lived=0).of(drivers=("scrap",))
    return replace(found, market=found.market.model_copy(update={"id": f"other_{number}"}))


def rows_of(made: Synthetic, as_of: pd.Timestamp | None = None) -> PanelRows:
    history = made.history(as_of)
    return panel_rows(history, build_features(history))


@cache
def young() -> MarketHistory:
    """A market whose first price is of the last ``YOUNG`` days, on the calendar of the others."""
    made = synthetic(count=COUNT, lived=0).of(drivers=("scrap",))
    late = made.observations["period"] >= made.sessions[COUNT - YOUNG]
    return made.knowing(made.observations[late]).history()


@cache
def others() -> tuple[PanelRows, ...]:
    return tuple(rows_of(other(number)) for number in range(3))


def forecasts(history: MarketHistory, last: int) -> pd.DataFrame:
    rows = backtest(history, history.origins[40], history.origins[last], families=["naive", "pooled"])
    return rows[rows["model"] == "pooled"].reset_index(drop=True)[["origin", "h", "p", "q05", "q50", "q95"]]


def error(rows: pd.DataFrame, history: MarketHistory) -> float:
    """Mean absolute error one day ahead ÷ that of the forward curve."""
    samples = build_samples(history, build_features(history), 1)
    mine = rows[rows["h"] == 1].set_index("origin")["p"]
    there = samples.origins.isin(mine.index)
    y = history.prices_at(samples.target_dates, history.as_of)[there]
    known = np.isfinite(y)
    return float(np.abs(mine.to_numpy() - y)[known].mean() / np.abs(samples.curve[there] - y)[known].mean())


def test_a_market_too_young_to_learn_anything_by_itself_forecasts_with_what_the_others_taught() -> None:
    alone = forecasts(young(), YOUNG - 2)
    taught = forecasts(replace(young(), others=others()), YOUNG - 2)
    assert error(alone, young()) == pytest.approx(1.0)
    assert error(taught, young()) < 0.99


@pytest.mark.parametrize("place", [50, 75, 100])
def test_falsifying_or_removing_the_future_of_the_other_markets_changes_no_forecast(place: int) -> None:
    moment = young().moments[place]
    expected = forecasts(replace(young(), others=others()), place)

    def falsified(number: int) -> PanelRows:
        rows = other(number).observations
        future = (known_at(rows) > moment).to_numpy()
        noise = np.exp(3 * np.random.default_rng(number).uniform(-1, 1, len(rows)))
        return rows_of(other(number).knowing(rows.assign(value=np.where(future, rows["value"] * noise, rows["value"]))))

    false = tuple(falsified(number) for number in range(3))
    assert not np.allclose(false[0].inputs, others()[0].inputs)
    assert forecasts(replace(young(), others=false), place).equals(expected)
    assert forecasts(replace(young(), others=tuple(rows_of(other(number), moment) for number in range(3))), place).equals(
        expected
    )


def test_the_past_of_the_other_markets_does_change_what_is_forecast() -> None:
    turned = tuple(replace(rows, returns={h: -found for h, found in rows.returns.items()}) for rows in others())
    assert not forecasts(replace(young(), others=turned), 75).equals(forecasts(replace(young(), others=others()), 75))


def test_a_return_counts_from_the_month_after_it_was_published_not_from_its_own_day() -> None:
    """A market whose prices are published two months late teaches two months later."""
    rows = others()[0]
    late = replace(rows, known_at={h: moments + np.timedelta64(61, "D") for h, moments in rows.known_at.items()})
    moment = young().moments[60]

    def counted(found: PanelRows) -> float:
        return Panel.beside(young().market, 1, [found]).known_by(moment).sums().rows

    month = np.datetime64(moment.tz_localize(None), "M")
    assert counted(rows) == (rows.known_at[1].astype("datetime64[M]") < month).sum()
    assert counted(late) == (rows.known_at[1] + np.timedelta64(61, "D") < month.astype("datetime64[D]")).sum() < counted(rows)


def test_the_sums_by_month_are_those_of_the_rows_themselves() -> None:
    lessons = others()[0].lessons(5)
    months = np.unique(lessons.known)
    for month in (months[0], months[3], months[-1] + 1):
        there = lessons.known < month
        found = lessons.before(int(month))
        assert found.rows == there.sum()
        assert found.products == pytest.approx(lessons.inputs[there].T @ lessons.inputs[there])
        assert found.cross_products == pytest.approx(lessons.inputs[there].T @ lessons.returns[there])


def test_related_markets_count_more_and_all_of_them_as_much_as_one_however_many_there_are() -> None:
    market = young().market
    far = replace(others()[0], market="far", commodity="gas", region="elsewhere")
    panel = Panel.beside(market, 1, [others()[1], far, replace(far, market=market.id)])
    assert [weight for weight, _ in panel.parts] == pytest.approx([OTHER / (OTHER + RELATED), RELATED / (OTHER + RELATED)])
    assert Panel.beside(market, 21, others()).parts == (), "a horizon that the others do not have"


def test_an_input_over_drivers_is_the_mean_of_those_that_are_known() -> None:
    names = ("overnight.a", "overnight.b", "drivers.a_change_1", "macro.ppi_change", "windows.momentum_21")
    features = np.array([[1.0, 3.0, 0.5, 9.0, -9.0], [np.nan, 3.0, np.nan, 9.0, 0.25]])
    inputs = pd.DataFrame(spread(features, names).inputs, columns=list(INPUTS))
    assert inputs["overnight"].tolist() == [2.0, 3.0]
    assert inputs["drivers.change_1"].tolist() == [0.5, 0.0]
    assert inputs["windows.momentum_21"].tolist() == [-4.0, 0.25]
    assert inputs.drop(columns=["overnight", "drivers.change_1", "windows.momentum_21"]).to_numpy().any() == np.False_


def test_what_is_learned_from_others_is_in_the_stored_model() -> None:
    history = replace(young(), others=others())
    samples = build_samples(history, build_features(history), 1)
    y = history.prices_at(samples.target_dates, history.as_of)
    model = Pooled().fit(samples.with_labels(y, history.as_of))
    assert model.weights.any()
    assert Pooled.from_bytes(model.to_bytes()).predict(samples).equals(model.predict(samples))
    assert not Pooled().fit(samples.with_labels(y)).weights.any(), "without a moment nothing is learned from others"
