"""What the dashboard shows: a snapshot, the service's own use and a choice in, everything the template needs out. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from steel_assets.core.service_use import Minute, Use
from steel_assets.serving import answers
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import ENOUGH, Incident, light
from steel_assets.serving.words import Words

HISTORY_SHOWN = 130
REALITY_SHOWN = 120
LEDGER_SHOWN = 12
BANDS = ("q05", "q25", "q50", "q75", "q95")


def page(
    snapshot: Snapshot,
    minutes: Sequence[Minute],
    use: Use,
    found: list[Incident],
    *,
    words: Words,
    market: str | None,
    horizon: int | None,
    now: float,
    open_here: bool,
    user: str | None,
) -> dict[str, Any]:
    """The dashboard's context for one market and one horizon; the default ones where the choice does not exist."""
    catalogue = snapshot["catalogue"] or {"markets": [], "default_market": None, "acceptance": None}
    chosen = snapshot.market(market or "") or snapshot.market(catalogue["default_market"] or "")
    shown = _market(snapshot, chosen, horizon, now) if chosen else None
    return {
        "simulated": snapshot.simulated,
        "open_here": open_here,
        "user": user,
        "now": now,
        "updated": f"{datetime.fromtimestamp(now, UTC):%H:%M:%S} UTC",
        "state": light(found),
        "incidents": [_told(one, snapshot, words) for one in found],
        "markets": [_tab(snapshot, one, chosen, now) for one in _default_first(catalogue)],
        "market": shown,
        "acceptance": catalogue["acceptance"],
        "sources": snapshot["sources"],
        "use": asdict(use),
        "costs": snapshot["costs"] if snapshot["costs"] and snapshot["costs"]["days"] else None,
        "charts": _script_safe(_charts(snapshot, shown, minutes)),
    }


def _default_first(catalogue: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(catalogue["markets"], key=lambda one: one["id"] != catalogue["default_market"])


def _tab(snapshot: Snapshot, market: dict[str, Any], chosen: dict[str, Any] | None, now: float) -> dict[str, Any]:
    rows = snapshot.forecast(market["id"])
    first = rows[0] if rows else None
    return {
        "id": market["id"],
        "name": market["name"].partition(" (")[0],
        "chosen": chosen is not None and market["id"] == chosen["id"],
        "price": first["predicted_price"] if first else None,
        "change": first["predicted_price"] / first["last_price"] - 1 if first else None,
        "stale": bool(first and answers.staleness(snapshot, first, now)["stale"]),
    }


def _market(snapshot: Snapshot, market: dict[str, Any], horizon: int | None, now: float) -> dict[str, Any]:
    rows = snapshot.forecast(market["id"])
    card = snapshot["scorecards"].get(market["id"]) or {"horizons": [], "rows": [], "window": 0}
    scores = {one["horizon"]: one for one in card["horizons"]}
    at = horizon if horizon in scores else min(scores, default=None)
    quality = snapshot["quality"].get(market["id"])
    names = (snapshot["catalogue"] or {}).get("series", {})
    return {
        "id": market["id"],
        "name": market["name"],
        "unit": market["unit"],
        "price_level": market["price_level"],
        "rows": [{**row, "change": row["predicted_price"] / row["last_price"] - 1} for row in rows or []],
        "first": rows[0] if rows else None,
        "stale": bool(rows and answers.staleness(snapshot, rows[0], now)["stale"]),
        "pesos": _pesos(snapshot, rows[0]) if rows else None,
        "exchange": snapshot["exchange"],
        "scores": [scores[one] for one in sorted(scores)],
        "score": scores.get(at) if at is not None else None,
        "horizon": at,
        "enough": at is not None and scores[at]["forecasts"] >= ENOUGH,
        "window": card["window"],
        "drift": _drift(scores.get(at) if at is not None else None),
        "scored": [row for row in card["rows"] if row["horizon"] == at][-REALITY_SHOWN:],
        "champions": answers.models(snapshot, market["id"])["champions"],
        "ledger": _decisions([row for row in snapshot["ledger"] if row["market"] == market["id"]]),
        "quality_score": quality["quality_score"] if quality else None,
        "quality": [
            {**one, "name": names.get(one["series"], {}).get("name", one["series"])} for one in (quality or {}).get("series", [])
        ],
    }


def _pesos(snapshot: Snapshot, row: dict[str, Any]) -> float | None:
    exchange = snapshot["exchange"]
    return row["predicted_price"] * exchange["pesos_per_dollar"] if exchange and row["unit"].startswith("USD/") else None


def _drift(score: dict[str, Any] | None) -> float | None:
    """How much the recent error is above that of all scored forecasts; None before there is a window of them."""
    if (
        not score
        or score["forecasts"] < ENOUGH
        or not score["rolling"]
        or score["mape"] is None
        or score["rolling"][-1]["mape"] is None
    ):
        return None
    return float(score["rolling"][-1]["mape"] - score["mape"])


def _decisions(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest decisions; those of one moment that say the same of several horizons are one."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in ledger:
        key = (row["decided_at"], row["decision"], row["candidate_family"], row["reason"])
        found.setdefault(key, {**row, "horizons": []})["horizons"].append(row["horizon"])
    return list(found.values())[:LEDGER_SHOWN]


def _told(incident: Incident, snapshot: Snapshot, words: Words) -> dict[str, Any]:
    """An incident in the page's language; those about files and parts stay in the words of the error."""
    key = f"incident_{incident.kind}"
    market = snapshot.market(incident.market or "")
    fits = (
        incident.since is None
        and words.has(key)
        and (incident.market is None or market is not None)
        and (market or "{name}" not in words(key))
    )
    text = words(key, *incident.values, name=(market or {"name": ""})["name"]) if fits else incident.message
    return {"severity": incident.severity, "text": text, "market": incident.market, "since": incident.since}


def _charts(snapshot: Snapshot, market: dict[str, Any] | None, minutes: Sequence[Minute]) -> dict[str, Any]:
    charts: dict[str, Any] = {}
    if market:
        history = snapshot["prices"].get(market["id"])
        if market["first"]:
            charts["fan"] = _fan(history, market["rows"])
        if len(market["scored"]) > 1:
            columns = ("actual_price", "predicted_price", "q05", "q95")
            charts["reality"] = {
                "x": [_seconds(row["prediction_date"]) for row in market["scored"]],
                **{name: [row[name] for row in market["scored"]] for name in columns},
            }
        if market["score"] and len(market["score"]["rolling"]) > 1:
            rolling = market["score"]["rolling"]
            charts["errors"] = {
                "x": [_seconds(row["date"]) for row in rolling],
                "mape": [_percent(row["mape"]) for row in rolling],
                "naive": [_percent(row["naive_mape"]) for row in rolling],
            }
            charts["coverage"] = {"x": charts["errors"]["x"], "coverage": [_percent(row["coverage_90"]) for row in rolling]}
    costs = snapshot["costs"]
    if costs and costs["days"]:
        charts["costs"] = {
            "x": [_seconds(day["date"]) for day in costs["days"]],
            "cost": [day["cost_usd"] for day in costs["days"]],
        }
    shown = list(minutes)[-180:]
    if len(shown) > 1:
        charts["latency"] = {
            "x": [datetime.fromisoformat(one.minute).timestamp() for one in shown],
            "latency": [one.latency_ms_sum / one.requests if one.requests else None for one in shown],
            "requests": [one.requests for one in shown],
        }
    return charts


def _fan(history: dict[str, Any] | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Past prices, then the bands that open at the last price; one time axis, nulls where a line does not go."""
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


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _percent(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else 100 * value


def _script_safe(content: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
