"""The data of the dashboard's charts: one time axis in Unix seconds each, null where a line has no value. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from steel_assets.core.service_use import Minute
from steel_assets.serving.snapshot import Snapshot

HISTORY_SHOWN = 130
MINUTES_SHOWN = 180
COST_DAYS_AT_LEAST = 14
DAY = 86_400
BANDS = ("q05", "q25", "q50", "q75", "q95")


def charts(snapshot: Snapshot, market: dict[str, Any] | None, minutes: Sequence[Minute]) -> dict[str, Any]:
    """Chart → its columns, for each chart with data; ``market`` as in ``page``."""
    found: dict[str, Any] = {}
    if market:
        history = snapshot["prices"].get(market["id"])
        if market["first"]:
            found["fan"] = _fan(history, market["rows"])
        if len(market["scored"]) > 1:
            columns = ("actual_price", "predicted_price", "q05", "q95")
            found["reality"] = {
                "x": [_seconds(row["prediction_date"]) for row in market["scored"]],
                **{name: [row[name] for row in market["scored"]] for name in columns},
            }
        if market["score"] and len(market["score"]["rolling"]) > 1:
            rolling = market["score"]["rolling"]
            found["errors"] = {
                "x": [_seconds(row["date"]) for row in rolling],
                "mape": [_percent(row["mape"]) for row in rolling],
                "naive": [_percent(row["naive_mape"]) for row in rolling],
            }
            found["coverage"] = {"x": found["errors"]["x"], "coverage": [_percent(row["coverage_90"]) for row in rolling]}
        if market["drift"] and market["drift_days"] > 1:
            found["drift"] = _drift(market["drift"]["rows"])
        found |= {
            f"evidence:{experiment['id']}": _evidence(experiment)
            for experiment in market["experiments"]
            if len(experiment["days"]) > 1
        }
    costs = snapshot["costs"]
    if costs and costs["days"]:
        x = [_seconds(day["date"]) for day in costs["days"]]
        before = list(range(x[-1] - COST_DAYS_AT_LEAST * DAY, x[0], DAY))  # one bar alone would fill the chart
        found["costs"] = {"x": [*before, *x], "cost": [None] * len(before) + [day["cost_usd"] for day in costs["days"]]}
    shown = list(minutes)[-MINUTES_SHOWN:]
    if len(shown) > 1:
        found["latency"] = {
            "x": [datetime.fromisoformat(minute.minute).timestamp() for minute in shown],
            "latency": [minute.latency_ms_sum / minute.requests if minute.requests else None for minute in shown],
            "requests": [minute.requests for minute in shown],
        }
    return found


def _fan(history: dict[str, Any] | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Past prices, then the intervals from the last price on; one time axis, null where a line has no value."""
    dates = list(history["dates"][-HISTORY_SHOWN:]) if history else []
    past = list(history["prices"][-HISTORY_SHOWN:]) if history else []
    first = rows[0]
    if not dates or dates[-1] < first["origin"]:
        dates, past = [*dates, first["origin"]], [*past, first["last_price"]]
    ahead = [row["target_date"] for row in rows if row["target_date"] > dates[-1]]
    x = [*dates, *ahead]
    start = dates.index(first["origin"]) if first["origin"] in dates else len(dates) - 1
    chart: dict[str, Any] = {"x": [_seconds(day) for day in x], "price": past + [None] * len(ahead)}
    for name in ("predicted_price", *BANDS):
        line: list[float | None] = [None] * len(x)
        line[start] = first["last_price"]
        for row in rows:
            if row["target_date"] in x:
                line[x.index(row["target_date"])] = row[name]
        chart[name] = line
    return chart


def _drift(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Scores by subject in percent, with those that mean drift repeated, to be marked."""
    days = sorted({row["date"] for row in rows})
    chart: dict[str, Any] = {"x": [_seconds(day) for day in days]}
    for subject in ("features", "returns", "errors"):
        mine = {row["date"]: row for row in rows if row["subject"] == subject}
        chart[subject] = [_percent(mine[day]["score"]) if day in mine else None for day in days]
    together = {row["date"] for row in rows if row["subject"] == "all" and row["drifted"]}
    chart["drifted"] = [100.0 if day in together else None for day in days]
    return chart


def _evidence(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence in both directions by day, on a logarithmic axis, without zeros."""
    days = experiment["days"]
    return {
        "x": [_seconds(day["date"]) for day in days],
        "better": [day["evidence_better"] or None for day in days],
        "worse": [day["evidence_worse"] or None for day in days],
        "decides": [experiment["threshold"]] * len(days),
    }


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _percent(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else 100 * value


def script_safe(content: Any) -> str:
    """JSON that is safe inside a script element."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
