"""Compares published forecasts with actual prices, and computes the daily metrics.

Only published forecasts count, never backtests; a metric without any scored forecast is empty.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from steel_assets.core.restatements import FEWEST, SAME, SMALLEST_OF_REVISED
from steel_assets.core.scoring import WINDOW, each_day, published_scores, relative_errors
from steel_assets.core.tables import FORECASTS, MARKET_DAILY, METRICS_DAILY, PREDICTIONS_VS_REALITY


def predictions_vs_reality(forecasts: pd.DataFrame, prices: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Every published forecast whose target date has a price known at ``as_of``, as ``tables.PREDICTIONS_VS_REALITY`` declares.

    A day that was forecast twice (a re-run) counts once, with the newest forecast. If the whole history was restated since the
    issue (a split, another unit), the actual price is converted back to the basis of the issue, so that the step is not counted
    as an error.

    Args:
        forecasts: rows of ``tables.FORECASTS``.
        prices: rows of ``tables.MARKET_DAILY``.
        as_of: UTC; also ``created_at`` of the rows.

    Raises:
        ValueError: forecast and price of a market are in different units, or a price is not above zero.
        TableError: a frame does not fit its table.
    """
    published = FORECASTS.enforce(forecasts)
    published = published[published["as_of"] <= as_of].sort_values("as_of", kind="stable")
    published = published.drop_duplicates(list(PREDICTIONS_VS_REALITY.key), keep="last")
    actual = MARKET_DAILY.enforce(prices)
    actual = actual.loc[actual["known_at"] <= as_of, ["market", "date", "price", "unit"]]
    rows = published.merge(actual, left_on=["market", "target_date"], right_on=["market", "date"], suffixes=("", "_actual"))
    _comparable(rows)
    rows["price"] = rows["price"] / _restated_since(rows, actual)
    error = (rows["predicted_price"] - rows["price"]).abs()
    return PREDICTIONS_VS_REALITY.enforce(
        pd.DataFrame(
            {
                "prediction_date": rows["target_date"],
                "predicted_price": rows["predicted_price"],
                "actual_price": rows["price"],
                "error_absolute": error,
                "error_percentage": 100 * relative_errors(rows["price"], rows["predicted_price"]),
                "model_version": rows["model_version"],
                "created_at": as_of,
                "market": rows["market"],
                "horizon": rows["horizon"],
                "issued_date": rows["issued_date"],
                "last_price": rows["last_price"],
                "q05": rows["q05"],
                "q95": rows["q95"],
                "simulated": rows["simulated"],
            }
        ).sort_values(["market", "horizon", "issued_date"])
    )


def metrics_daily(
    date: pd.Timestamp,
    versions: Mapping[tuple[str, int], str],
    forecasts: pd.DataFrame,
    realised: pd.DataFrame,
    *,
    simulated: bool,
    created_at: pd.Timestamp,
    latency_ms: float | None = None,
    cost_usd: float | None = None,
    drift_scores: Mapping[str, float] | None = None,
    window: int = WINDOW,
) -> pd.DataFrame:
    """One row per market and horizon in production on ``date``, as ``tables.METRICS_DAILY`` declares.

    The model metrics are over the last ``window`` forecast trading days up to ``date``; empty without one. A trading day forecast
    several times at one horizon (over a weekend) counts once, with the newest forecast.

    Args:
        date: the day measured, midnight without a zone.
        versions: version in production by (market, horizon).
        forecasts: rows of ``tables.FORECASTS``.
        realised: rows of ``tables.PREDICTIONS_VS_REALITY``.
        latency_ms: mean recent response time of the service; None if it had no requests or did not measure.
        cost_usd: estimated cost of the whole day, divided equally among the rows.
        drift_scores: the newest drift of each market, see ``core.drift``; markets without one are left out.

    Raises:
        TableError: a frame does not fit its table.
    """
    if not versions:
        return METRICS_DAILY.empty()
    published = FORECASTS.enforce(forecasts)
    published = published[published["issued_date"] == date].drop_duplicates(["market", "horizon"])
    come_true = PREDICTIONS_VS_REALITY.enforce(realised)
    come_true = each_day(come_true[come_true["prediction_date"] <= date])
    rows = []
    for (market, horizon), version in versions.items():
        mine = come_true[(come_true["market"] == market) & (come_true["horizon"] == horizon)]
        found = published_scores(mine, window)
        rows.append(
            {
                "date": date,
                "model_version": version,
                "mape": found.own.mape,
                "r2_score": found.own.r2,
                "rmse": found.own.rmse,
                "naive_mape": found.naive.mape,
                "coverage_90": found.coverage_90,
                "prediction_count": int(((published["market"] == market) & (published["horizon"] == horizon)).sum()),
                "avg_latency_ms": np.nan if latency_ms is None else latency_ms,
                "cost_usd": np.nan if cost_usd is None else cost_usd / len(versions),
                "created_at": created_at,
                "market": market,
                "horizon": horizon,
                "origins": found.own.origins,
                "simulated": simulated,
                "drift_score": (drift_scores or {}).get(market, np.nan),
            }
        )
    return METRICS_DAILY.enforce(pd.DataFrame(rows))


def _restated_since(rows: pd.DataFrame, actual: pd.DataFrame) -> np.ndarray:
    """For each forecast the factor by which prices were restated since its issue; 1 if they were not.

    It compares the last price as it was then with the present one. A single corrected price is not a restatement: the factor must
    hold for several days.
    """
    now = actual.set_index(["market", "date"])["price"]
    last = pd.MultiIndex.from_arrays([rows["market"], rows["data_as_of"]])
    change = pd.Series(np.log(now.reindex(last).to_numpy(dtype=float) / rows["last_price"].to_numpy(dtype=float)), rows.index)
    factors = pd.Series(1.0, rows.index)
    for _, mine in change.dropna().groupby(rows["market"]):
        days = np.sort(mine.groupby(rows["data_as_of"]).last().to_numpy())
        alike = np.searchsorted(days, mine + SAME, "right") - np.searchsorted(days, mine - SAME, "left")
        restated = mine[(alike >= FEWEST) & (mine.abs() >= SMALLEST_OF_REVISED)]
        factors[restated.index] = np.exp(restated)
    return factors.to_numpy()


def _comparable(rows: pd.DataFrame) -> None:
    mixed = rows[rows["unit"] != rows["unit_actual"]]
    if len(mixed):
        first = mixed.iloc[0]
        raise ValueError(f"market {first['market']}: forecasts are in {first['unit']} and prices in {first['unit_actual']}")
    wrong = rows[~(rows["price"] > 0)]
    if len(wrong):
        first = wrong.iloc[0]
        raise ValueError(f"market {first['market']}: the price of {first['date']:%Y-%m-%d} is {first['price']}, not above zero")
