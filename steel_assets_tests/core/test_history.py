"""What was known about a market at each origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.calendars import publication_moments
from steel_assets.core.history import MINIMUM_PRICES, HistoryError, labels
from steel_assets.core.types import Market, Target
from steel_assets_tests.core.synthetic import LONDON, Synthetic, declare, publish, runs, synthetic

DAYS = pd.bdate_range("2021-01-04", periods=60)


def one_series(values: np.ndarray | None = None, **market: object) -> Synthetic:
    """A market of one price on weekdays: 100, 101, 102, …"""
    price = declare("price", "USD/t", LONDON, "weekdays")
    rows = publish(price, DAYS, np.arange(100.0, 160.0) if values is None else values)
    declared = Market(
        id="m", name="m", commodity="c", region="r", target=Target(series="price"), horizons=(1, 5), **market  # type: ignore[arg-type]
    )  # fmt: skip
    return Synthetic(rows, declared, {"price": price}, DAYS)


def publication(day: str) -> pd.Timestamp:
    return publication_moments(pd.DatetimeIndex([day]), "daily", LONDON)[0]


def test_an_origin_knows_its_own_close_and_its_moment_is_the_first_issue_after_it() -> None:
    history = one_series().history(publication(str(DAYS[-1].date())))
    assert history.origins.equals(DAYS)
    assert history.last.tolist() == list(np.arange(100.0, 160.0))
    assert history.moments[0] == pd.Timestamp("2021-01-05 08:00", tz="UTC")  # 02:00 in Mexico City


def test_the_last_origin_is_the_last_close_published_and_its_moment_is_now() -> None:
    published = publication(str(DAYS[40].date()))
    assert one_series().history(published).origins[-1] == DAYS[40]
    before = one_series().history(published - pd.Timedelta(seconds=1))
    assert before.origins[-1] == DAYS[39]
    assert before.moments[-1] == published - pd.Timedelta(seconds=1)
    assert before.prices["period"].max() == DAYS[39]


def test_a_price_published_late_is_not_known_before_and_the_one_before_stands() -> None:
    market = one_series()
    late = market.observations.copy()
    late.loc[10, "published_at"] += pd.Timedelta(days=3)  # a Monday's price, out on Thursday
    history = market.knowing(late).history()
    assert history.last.iloc[9:14].tolist() == [109.0, 109.0, 111.0, 112.0, 113.0]
    assert history.ages["price"].iloc[9:12].tolist() == [0.0, 3.0, 0.0]


def test_an_older_period_that_arrives_late_never_hides_a_newer_one() -> None:
    market = one_series()
    late = market.observations.copy()
    late.loc[10, "published_at"] += pd.Timedelta(days=8)
    assert market.knowing(late).history().last.iloc[16:20].tolist() == [116.0, 117.0, 118.0, 119.0]


def test_a_revision_counts_from_its_own_moment_and_only_for_its_own_period() -> None:
    market = one_series()
    revised = market.observations.iloc[[20]].assign(
        value=500.0, published_at=publication(str(DAYS[20].date())) + pd.Timedelta("1D")
    )
    history = market.knowing(pd.concat([market.observations, revised])).history()
    assert history.last.iloc[19:23].tolist() == [119.0, 120.0, 121.0, 122.0]
    assert labels(history, 1, history.moments[20])[19] == 120.0
    assert labels(history, 1, history.moments[21])[19] == 500.0


def test_a_figure_about_a_later_day_is_not_used_however_early_it_is_known() -> None:
    market = one_series()
    early = market.observations.assign(published_at=market.observations["published_at"].min())
    history = market.knowing(early).history(publication(str(DAYS[-1].date())))
    assert history.last.tolist() == list(np.arange(100.0, 160.0))


def test_labels_are_known_only_once_their_price_is_published() -> None:
    history = one_series().history()
    known = labels(history, 5, history.moments[30])
    assert known[25] == 130.0
    assert np.isnan(known[26:]).all()
    assert known[0] == 105.0


def test_a_target_date_without_a_price_has_no_label() -> None:
    market = one_series()
    history = market.knowing(market.observations.drop(index=15)).history()
    assert np.isnan(labels(history, 5, history.as_of)[10])
    assert labels(history, 5, history.as_of)[11] == 116.0


def test_what_the_run_of_the_day_collected_minutes_after_the_issue_moment_counts_as_known_at_it() -> None:
    market = synthetic(count=120, lived=40)
    history = market.history()
    stale = history.ages["rebar_m01"] > 0
    assert list(np.flatnonzero(stale) - len(history.origins) + 40) == [10, 11, 12]  # the three runs that failed
    fresh = history.periods["rebar_m01"][~stale]
    assert (fresh == fresh.index).all()


def test_an_outage_is_seen_by_a_replay_as_it_was_lived() -> None:
    market = synthetic(count=120, lived=40)
    blind = market.history(runs(market.sessions)[-40 + 12])
    assert blind.last.iloc[-1] == blind.last.iloc[-4]
    assert blind.ages["rebar_m01"].iloc[-1] > 0


def test_prices_take_the_target_unit_at_the_rate_known_when_they_were() -> None:
    market = one_series()
    price = declare("price", "CNY/short_ton", LONDON, "weekdays")
    rate = declare("rate", "CNY/USD", LONDON, "weekdays")
    rates = publish(rate, DAYS, np.where(np.arange(60) < 30, 7.0, 8.0))
    rates.loc[35, "value"] = 9.0
    rates.loc[35, "published_at"] += pd.Timedelta(minutes=1)  # a minute too late for that day's price
    declared = Synthetic(
        pd.concat([market.observations, rates]),
        market.market.model_copy(update={"target": Target(series="price", fx="rate")}),
        {"price": price, "rate": rate},
        DAYS,
    )
    last = declared.history().last
    assert last.iloc[29] == pytest.approx(129 / 0.90718474 / 7)
    assert last.iloc[30] == pytest.approx(130 / 0.90718474 / 8)
    assert last.iloc[35] == pytest.approx(135 / 0.90718474 / 8)
    assert last.iloc[36] == pytest.approx(136 / 0.90718474 / 8)


def test_a_rate_that_begins_later_than_the_prices_starts_the_history_there() -> None:
    market = one_series()
    rate = declare("rate", "CNY/USD", LONDON, "weekdays")
    declared = Synthetic(
        pd.concat([market.observations, publish(rate, DAYS[10:], np.full(50, 7.0))]),
        market.market.model_copy(update={"target": Target(series="price", fx="rate")}),
        {"price": declare("price", "CNY/t", LONDON, "weekdays"), "rate": rate},
        DAYS,
    )
    history = declared.history()
    assert history.origins[0] == DAYS[10]
    assert history.last.iloc[0] == pytest.approx(110 / 7)


def test_a_price_that_is_not_above_zero_counts_as_missing() -> None:
    values = np.arange(100.0, 160.0)
    values[20], values[21] = -37.6, 0.0
    history = one_series(values).history()
    assert history.last.iloc[20:23].tolist() == [119.0, 119.0, 122.0]
    assert np.isnan(labels(history, 1, history.as_of)[19])


def test_a_driver_that_was_never_collected_is_unknown_and_no_error() -> None:
    market = one_series(drivers=("ghost",))
    history = Synthetic(
        market.observations, market.market, {**market.series, "ghost": declare("ghost", "index", LONDON)}, DAYS
    ).history()
    assert history.known["ghost"].isna().all()


def test_simulated_figures_mark_the_whole_history() -> None:
    market = one_series()
    assert not market.history().simulated
    assert market.knowing(market.observations.assign(simulated=True)).history().simulated


def test_without_prices_the_error_names_the_series_and_the_remedy() -> None:
    market = one_series()
    with pytest.raises(HistoryError, match=r"target has no observations yet; import or collect series price"):
        market.knowing(market.observations.iloc[:0]).history(publication("2021-03-01"))
    with pytest.raises(HistoryError, match=r"no observations yet"):
        market.history(pd.Timestamp("2020-01-01", tz="UTC"))


def test_too_few_prices_are_an_error_that_says_how_many_are_needed() -> None:
    market = one_series()
    with pytest.raises(HistoryError, match=rf"only {MINIMUM_PRICES - 1} prices .* at least {MINIMUM_PRICES} are needed"):
        market.history(publication(str(DAYS[MINIMUM_PRICES - 2].date())))
    assert len(market.history(publication(str(DAYS[MINIMUM_PRICES - 1].date()))).origins) == MINIMUM_PRICES


def test_an_exchange_rate_that_is_missing_is_an_error_that_names_it() -> None:
    market = one_series()
    declared = Synthetic(
        market.observations,
        market.market.model_copy(update={"target": Target(series="price", fx="rate")}),
        {"price": declare("price", "CNY/t", LONDON), "rate": declare("rate", "CNY/USD", LONDON)},
        DAYS,
    )
    with pytest.raises(HistoryError, match="import or collect series rate"):
        declared.history()


def test_an_undeclared_series_is_an_error_that_names_it() -> None:
    market = one_series(drivers=("ghost",))
    with pytest.raises(HistoryError, match="series ghost are not declared"):
        market.history()


def test_one_read_equals_asking_the_lake_day_by_day() -> None:
    from steel_assets.core.asof import asof

    market = synthetic(count=90, lived=0)
    history = market.history()
    for place in range(0, 89, 4):
        known = asof(market.observations, history.moments[place])
        known = known[known["period"] <= history.origins[place]].drop_duplicates("series", keep="last").set_index("series")
        for name in market.market.series_ids:
            value = history.known[name].iloc[place]
            assert (np.isnan(value) and name not in known.index) or value == known.loc[name, "value"]
