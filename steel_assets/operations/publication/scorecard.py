"""The accuracy of published forecasts, compared with the last price on the same days.

The figures are those of ``core/scoring.py``, over the same days as the table ``metrics_daily``.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.core.scoring import WINDOW, each_day, inside, published_scores, relative_errors
from steel_assets.core.tables import PREDICTIONS_VS_REALITY
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records
from steel_assets.operations.recent import SCORED_DAYS, enough_to_score

ROLLING = 60
"""Number of forecasts in the moving averages of the charts."""


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → its scorecard, for each market with at least one forecast whose day has come."""
    frame = tables.newest(PREDICTIONS_VS_REALITY, "prediction_date", SCORED_DAYS, inputs.catalog.markets, enough_to_score)
    return {str(market): scorecard(str(market), group) for market, group in frame.groupby("market")}


def scorecard(market: str, rows: pd.DataFrame) -> dict[str, Any]:
    """One market's scorecard, from its rows of tables.PREDICTIONS_VS_REALITY."""
    days = each_day(rows)
    horizons = [
        {"horizon": int(str(horizon)), **_scores(group), "rolling": _rolling(group.tail(WINDOW))}
        for horizon, group in days.groupby("horizon")
    ]
    shown = days.groupby("horizon").tail(WINDOW).sort_values(["prediction_date", "horizon"])
    columns = ["prediction_date", "horizon", "predicted_price", "actual_price", "last_price", "q05", "q95"]
    columns += ["error_absolute", "error_percentage", "issued_date", "model_version"]
    return {"market": market, "window": ROLLING, "horizons": horizons, "rows": records(shown[columns])}


def _scores(days: pd.DataFrame) -> dict[str, Any]:
    found = published_scores(days)
    figures = {
        "mape": found.own.mape,
        "naive_mape": found.naive.mape,
        "mae": found.own.mae,
        "naive_mae": found.naive.mae,
        "skill": found.skill,
        "rmse": found.own.rmse,
        "r2_score": found.own.r2,
        "coverage_90": found.coverage_90,
        "increase": found.increase,
    }
    return {"forecasts": found.own.origins, **{name: _figure(value) for name, value in figures.items()}}


def _rolling(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Means over the last ROLLING forecasts at each date, from the twentieth on (from the first if there are fewer)."""
    actual = rows["actual_price"]
    each = pd.DataFrame(
        {
            "date": rows["prediction_date"],
            "mape": relative_errors(actual, rows["predicted_price"]),
            "naive_mape": relative_errors(actual, rows["last_price"]),
            "coverage_90": inside(actual, rows["q05"], rows["q95"]).astype(float),
        }
    )
    figures = ["mape", "naive_mape", "coverage_90"]
    means = each[figures].rolling(ROLLING, min_periods=min(20, len(each))).mean()
    rolling = pd.concat([each[["date"]], means], axis=1).dropna()
    return [row | {name: _figure(row[name]) for name in figures} for row in records(rolling)]


def _figure(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 6)
