"""Metrics: published forecasts against known prices, and empty figures where nothing came true yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.metrics import metrics_daily, predictions_vs_reality
from steel_assets.core.table_schema import TableError
from steel_assets.core.tables import METRICS_DAILY, PREDICTIONS_VS_REALITY
from steel_assets.core.types import QUANTILE_COLUMNS

DAYS = pd.bdate_range("2024-01-01", periods=400)
NOW = pd.Timestamp("2026-01-01", tz="UTC")


def prices(values: np.ndarray | None = None, market: str = "rebar") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "market": market,
            "date": DAYS,
            "price": 600.0 + np.arange(len(DAYS)) % 7 if values is None else values,
            "known_at": DAYS.tz_localize("UTC") + pd.Timedelta(hours=18),
            "unit": "USD/t",
            "simulated": False,
        }
    )


def forecasts(origins: range, *, horizon: int = 1, market: str = "rebar", off: float = 6.0) -> pd.DataFrame:
    """One forecast per origin, ``off`` above the price that came."""
    daily = prices(market=market)
    actual = daily["price"].to_numpy()
    rows = list(origins)
    predicted = np.array([actual[i + horizon] + off if i + horizon < len(actual) else 600.0 for i in rows])
    frame = pd.DataFrame(
        {
            "issued_date": DAYS[rows] + pd.Timedelta(days=1),
            "as_of": DAYS[rows].tz_localize("UTC") + pd.Timedelta(hours=32),
            "market": market,
            "horizon": horizon,
            "origin": DAYS[rows],
            "target_date": [DAYS[i + horizon] if i + horizon < len(DAYS) else pd.Timestamp("2030-01-01") for i in rows],
            "last_price": actual[rows],
            "predicted_price": predicted,
            "unit": "USD/t",
            "model_confidence": 0.5,
            "model_version": "v1",
            "model_family": "ridge",
            "data_as_of": DAYS[rows],
            "simulated": False,
            "created_at": NOW,
        }
    )
    for name in QUANTILE_COLUMNS:
        frame[name] = predicted + (int(name[1:]) - 50) / 5
    return frame


def test_a_day_on_which_no_price_came_scores_no_forecast() -> None:
    """Neither as an error nor, with the price of the day before carried forward, as none."""
    missing = prices().drop(index=[10, 11])
    assert sorted(set(predictions_vs_reality(forecasts(range(8, 13)), missing, NOW)["prediction_date"])) == list(
        DAYS[[9, 12, 13]]
    )


def metrics(date: pd.Timestamp, published: pd.DataFrame, realised: pd.DataFrame, **more: object) -> pd.DataFrame:
    return metrics_daily(date, {("rebar", 1): "v1"}, published, realised, simulated=False, created_at=NOW, **more)


def test_a_forecast_stands_beside_the_price_of_its_target_date():
    found = predictions_vs_reality(forecasts(range(10)), prices(), NOW)
    assert list(found.columns) == PREDICTIONS_VS_REALITY.column_names
    assert len(found) == 10
    assert found.loc[0, "prediction_date"] == DAYS[1]
    assert found.loc[0, "actual_price"] == 601
    assert found["error_absolute"].tolist() == pytest.approx([6.0] * 10)
    assert found.loc[0, "error_percentage"] == pytest.approx(100 * 6 / 601)
    assert found.loc[0, "last_price"] == 600


def test_a_forecast_whose_day_has_not_come_or_whose_price_is_not_known_yet_is_not_there():
    assert len(predictions_vs_reality(forecasts(range(390, 400)), prices(), NOW)) == 9
    as_of = DAYS[5].tz_localize("UTC") + pd.Timedelta(hours=17)
    found = predictions_vs_reality(forecasts(range(10)), prices(), as_of)
    assert found["prediction_date"].max() == DAYS[4]
    assert predictions_vs_reality(forecasts(range(10)).iloc[:0], prices(), NOW).empty


def test_a_day_published_twice_counts_with_what_was_published_last():
    first = forecasts(range(10))
    again = first.assign(as_of=first["as_of"] + pd.Timedelta(hours=3), predicted_price=first["predicted_price"] + 1)
    found = predictions_vs_reality(pd.concat([again, first]), prices(), NOW)
    assert len(found) == 10
    assert found["error_absolute"].tolist() == pytest.approx([7.0] * 10)


def test_markets_do_not_mix():
    both = pd.concat([forecasts(range(5)), forecasts(range(5), market="scrap").assign(last_price=300.0)])
    found = predictions_vs_reality(both, pd.concat([prices(), prices(market="scrap").assign(price=300.0)]), NOW)
    assert found.groupby("market")["actual_price"].max().to_dict() == {"rebar": 605.0, "scrap": 300.0}


def test_two_units_a_price_of_zero_and_a_broken_frame_are_refused():
    with pytest.raises(ValueError, match=r"rebar.*USD/t.*CNY/t"):
        predictions_vs_reality(forecasts(range(5)), prices().assign(unit="CNY/t"), NOW)
    with pytest.raises(ValueError, match=r"2024-01-02 is 0"):
        predictions_vs_reality(forecasts(range(5)), prices(np.zeros(400)), NOW)
    with pytest.raises(TableError, match="q05"):
        predictions_vs_reality(forecasts(range(5)).drop(columns="q05"), prices(), NOW)


def test_the_daily_metrics_are_those_of_the_published_forecasts():
    published = forecasts(range(300))
    realised = predictions_vs_reality(published, prices(), NOW)
    date = published["issued_date"].iloc[-1]
    found = metrics(date, published, realised, latency_ms=12.5, cost_usd=0.02, drift_scores={"rebar": 0.7}).iloc[0]
    assert list(metrics(date, published, realised).columns) == METRICS_DAILY.column_names
    assert found["origins"] == 250
    assert found["rmse"] == pytest.approx(6.0)
    assert found["mape"] == pytest.approx(6 / 603, rel=0.01)
    assert 0 < found["naive_mape"] < found["mape"]
    assert found["coverage_90"] == 1.0
    assert (found["prediction_count"], found["avg_latency_ms"], found["cost_usd"], found["drift_score"]) == (1, 12.5, 0.02, 0.7)


def test_nothing_realised_yet_is_empty_figures_and_not_zeros():
    published = forecasts(range(1))
    found = metrics(published["issued_date"].iloc[0], published, PREDICTIONS_VS_REALITY.empty()).iloc[0]
    assert (
        found[["mape", "r2_score", "rmse", "naive_mape", "coverage_90", "avg_latency_ms", "cost_usd", "drift_score"]].isna().all()
    )
    assert (found["origins"], found["prediction_count"]) == (0, 1)


def test_no_forecast_of_the_future_is_scored_on_an_earlier_day():
    published = forecasts(range(20))
    realised = predictions_vs_reality(published, prices(), NOW)
    assert metrics(DAYS[10], published, realised).loc[0, "origins"] == 10


def test_a_trading_day_forecast_on_saturday_sunday_and_monday_counts_once():
    friday = forecasts(range(4, 5))
    weekend = pd.concat(
        [
            friday.assign(issued_date=friday["issued_date"] + pd.Timedelta(days=i), as_of=friday["as_of"] + pd.Timedelta(days=i))
            for i in range(3)
        ]
    )
    realised = predictions_vs_reality(weekend, prices(), NOW)
    assert len(realised) == 3
    assert metrics(DAYS[10], weekend, realised).loc[0, "origins"] == 1


def test_an_interval_that_missed_shows_in_the_coverage():
    published = forecasts(range(100))
    published.loc[:9, "q95"] = published.loc[:9, "q05"]
    found = metrics(DAYS[200], published, predictions_vs_reality(published, prices(), NOW))
    assert found.loc[0, "coverage_90"] == pytest.approx(0.9)


def test_the_cost_of_a_day_is_the_sum_of_its_rows():
    versions = {("rebar", 1): "v1", ("rebar", 5): "v1", ("scrap", 1): "v2"}
    found = metrics_daily(
        DAYS[3], versions, forecasts(range(3)), PREDICTIONS_VS_REALITY.empty(), simulated=True, created_at=NOW, cost_usd=0.3
    )
    assert len(found) == 3
    assert found["cost_usd"].sum() == pytest.approx(0.3)
    assert found["simulated"].all()


def test_nothing_in_production_is_no_row():
    assert metrics_daily(DAYS[3], {}, forecasts(range(3)), PREDICTIONS_VS_REALITY.empty(), simulated=True, created_at=NOW).empty


@pytest.mark.parametrize("factor", [0.5, 0.90718474, 10.0])
def test_a_restatement_of_the_prices_after_the_issue_is_no_error_of_the_forecast(factor: float) -> None:
    published = forecasts(range(5, 25))
    before = predictions_vs_reality(published, prices(), NOW)
    after = predictions_vs_reality(published, prices(prices()["price"].to_numpy() * factor), NOW)
    assert np.allclose(after["actual_price"], before["actual_price"])
    assert np.allclose(after["error_percentage"], before["error_percentage"])


def test_forecasts_of_before_and_after_a_restatement_each_count_on_their_own_basis() -> None:
    published = forecasts(range(5, 25))
    money = ["last_price", "predicted_price", *QUANTILE_COLUMNS]
    published.loc[10:, money] *= 0.5
    rows = predictions_vs_reality(published, prices(prices()["price"].to_numpy() * 0.5), NOW)
    assert (rows["error_percentage"] < 2.1).all()


def test_a_single_price_that_was_corrected_after_the_issue_counts_as_the_error_that_it_was() -> None:
    published = forecasts(range(5, 25))
    published.loc[3, "last_price"] *= 2
    published.loc[3, "predicted_price"] *= 2
    assert predictions_vs_reality(published, prices(), NOW)["error_percentage"].max() > 90
