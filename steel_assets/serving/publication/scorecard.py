"""How good the published forecasts were: each beside what happened and beside the last price, on the same days.

A share such as ``mape`` is 0.012 for 1.2 %. ``skill`` is 1 - MAE of the forecast ÷ MAE of the last price: above 0 is better.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.core.tables import PREDICTIONS_VS_REALITY
from steel_assets.serving.publication.warehouse import Tables, records

WINDOW = 60
SHOWN = 250


def read(platform: Platform, tables: Tables) -> dict[str, Any]:
    """Market → its scorecard, for each market with at least one forecast whose day has come."""
    frame = tables.rows(PREDICTIONS_VS_REALITY)
    return {str(market): scorecard(str(market), group) for market, group in frame.groupby("market")}


def scorecard(market: str, rows: pd.DataFrame) -> dict[str, Any]:
    """One market's scorecard, from its rows of tables.PREDICTIONS_VS_REALITY."""
    horizons = []
    for horizon, group in rows.sort_values(["prediction_date", "issued_date"]).groupby("horizon"):
        horizons.append({"horizon": int(str(horizon)), **_scores(group.tail(SHOWN)), "rolling": _rolling(group.tail(SHOWN))})
    shown = rows.sort_values(["prediction_date", "horizon"]).groupby("horizon").tail(SHOWN)
    columns = ["prediction_date", "horizon", "predicted_price", "actual_price", "last_price", "q05", "q95"]
    columns += ["error_absolute", "error_percentage", "issued_date", "model_version"]
    return {"market": market, "window": WINDOW, "horizons": horizons, "rows": records(shown[columns])}


def _scores(rows: pd.DataFrame) -> dict[str, Any]:
    actual, predicted, last = rows["actual_price"], rows["predicted_price"], rows["last_price"]
    mae, naive_mae = (predicted - actual).abs().mean(), (last - actual).abs().mean()
    spread = ((actual - actual.mean()) ** 2).sum()
    inside = (actual >= rows["q05"]) & (actual <= rows["q95"])
    return {
        "forecasts": len(rows),
        "mape": _figure(((predicted - actual).abs() / actual).mean()),
        "naive_mape": _figure(((last - actual).abs() / actual).mean()),
        "mae": _figure(mae),
        "naive_mae": _figure(naive_mae),
        "skill": _figure(1 - mae / naive_mae) if naive_mae > 0 else None,
        "rmse": _figure(((predicted - actual) ** 2).mean() ** 0.5),
        "r2_score": _figure(1 - ((predicted - actual) ** 2).sum() / spread) if len(rows) > 1 and spread > 0 else None,
        "coverage_90": _figure(inside.mean()),
    }


def _rolling(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Means over the last WINDOW forecasts at each date, from the twentieth on (from the first while there are fewer)."""
    actual = rows["actual_price"]
    each = pd.DataFrame(
        {
            "date": rows["prediction_date"],
            "mape": (rows["predicted_price"] - actual).abs() / actual,
            "naive_mape": (rows["last_price"] - actual).abs() / actual,
            "coverage_90": ((actual >= rows["q05"]) & (actual <= rows["q95"])).astype(float),
        }
    )
    figures = ["mape", "naive_mape", "coverage_90"]
    means = each[figures].rolling(WINDOW, min_periods=min(20, len(each))).mean()
    rolling = pd.concat([each[["date"]], means], axis=1).dropna().drop_duplicates("date", keep="last")
    return [row | {name: _figure(row[name]) for name in figures} for row in records(rolling)]


def _figure(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 6)
