"""Green, yellow or red, and why: one list of incidents, from what is published and what the service measures of itself."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from steel_assets.core.health import Light, colour
from steel_assets.core.service_use import Use
from steel_assets.serving.answers import staleness
from steel_assets.serving.snapshot import Snapshot

Severity = Literal["low", "medium", "high", "critical"]

ENOUGH = 40
"""Scored forecasts from which on their mean says something."""


@dataclass(frozen=True)
class Incident:
    """Something a person should know: ``kind`` and ``values`` to be put in words, ``message`` those words in English."""

    kind: str
    severity: Severity
    message: str
    market: str | None = None
    values: tuple[str, ...] = ()
    since: str | None = None


def incidents(snapshot: Snapshot, use: Use, moment: float) -> list[Incident]:
    """Everything that is wrong now, worst first."""
    found = [
        *_watched(snapshot),
        *_forecasts(snapshot, moment),
        *_models(snapshot),
        *_data(snapshot),
        *_service(snapshot, use),
        *_costs(snapshot),
    ]
    for name, why in snapshot.problems.items():
        found.append(Incident("part_away", "medium", f"{name} cannot be read: {why}", values=(name,)))
    told = {(one["rule"], one["subject"]) for one in snapshot["incidents"]}
    found = [one for one in found if one.since is not None or (one.kind, one.market) not in told]
    order = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    return sorted(found, key=lambda one: order[one.severity])


def light(found: list[Incident]) -> Light:
    """The colour that some incidents add up to."""
    return colour(one.severity for one in found)


def alerts(found: list[Incident], moment: float) -> dict[str, Any]:
    """The body of GET /v1/alerts."""
    checked = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    told = [{**asdict(one), "values": list(one.values)} for one in found]
    return {"state": light(found), "checked_at": checked, "alerts": told}


def _watched(snapshot: Snapshot) -> list[Incident]:
    """The open incidents of the platform's own watch."""
    return [
        Incident(
            kind=one["rule"],
            severity=one["severity"],
            message=f"{one['title']}: {one['text']}" if one["text"] else f"{one['title']} ({one['subject']})",
            market=one["subject"] if snapshot.market(one["subject"]) else None,
            since=one["since"],
        )
        for one in snapshot["incidents"]
    ]


def _forecasts(snapshot: Snapshot, moment: float) -> list[Incident]:
    found = []
    catalogue = snapshot["catalogue"] or {}
    for market in catalogue.get("markets", []):
        rows = snapshot.forecast(market["id"])
        default = market["id"] == catalogue["default_market"]
        if not rows:
            severity: Severity = "critical" if default else "high"
            found.append(Incident("no_forecast", severity, f"{market['name']}: no forecast was published yet", market["id"]))
            continue
        if staleness(snapshot, rows[0], moment)["stale"]:
            day = rows[0]["target_date"]
            text = f"{market['name']}: the newest forecast was for {day}, which has passed"
            found.append(Incident("stale_forecast", "high" if default else "medium", text, market["id"], (day,)))
        for problem in snapshot["latest"][market["id"]]["problems"]:
            found.append(Incident("damaged_file", "medium", problem, market["id"]))
    if not catalogue:
        found.append(Incident("no_forecast", "critical", "nothing was published yet"))
    return found


def _models(snapshot: Snapshot) -> list[Incident]:
    found = []
    for market, card in snapshot["scorecards"].items():
        name = (snapshot.market(market) or {"name": market})["name"]
        for one in card["horizons"]:
            if one["forecasts"] >= ENOUGH and one["rolling"]:
                rise = one["rolling"][-1]["mape"] - one["mape"]
                text = f"{name}, {one['horizon']} days ahead: the error of the last forecasts is {rise:.1%} above the year's"
                words = (str(one["horizon"]), f"{rise:.1%}")
                found += _beyond(snapshot, "mape_increase", rise, text, words, market)
    for row in snapshot["champions"]:
        if row["problem"]:
            found.append(Incident("model_damaged", "high", row["problem"], row["market"]))
    return found


def _data(snapshot: Snapshot) -> list[Incident]:
    least = ((snapshot["catalogue"] or {}).get("acceptance") or {}).get("quality_score", 0.0)
    return [
        Incident(
            "low_quality",
            "medium",
            f"{market}: data quality {found['quality_score']:.2f} is below {least:.2f}",
            market,
            (f"{found['quality_score']:.2f}", f"{least:.2f}"),
        )
        for market, found in snapshot["quality"].items()
        if found["quality_score"] is not None and found["quality_score"] < least
    ]


def _service(snapshot: Snapshot, use: Use) -> list[Incident]:
    found = []
    if use.avg_latency_ms is not None:
        seconds = use.avg_latency_ms / 1000
        found += _beyond(snapshot, "latency_spike", seconds, f"a request takes {seconds:.2f} s on average", (f"{seconds:.2f}",))
    if use.error_share is not None:
        share = f"{use.error_share:.1%}"
        found += _beyond(snapshot, "error_rate", use.error_share, f"{share} of requests fail", (share,))
    return found


def _costs(snapshot: Snapshot) -> list[Incident]:
    costs = snapshot["costs"]
    if not costs or not costs["days"]:
        return []
    daily, projection = costs["days"][-1]["cost_usd"], costs["projection_usd"]
    found = _beyond(snapshot, "cost_daily", daily, f"the last day cost {daily:.2f} USD", (f"{daily:.2f}",))
    if projection is not None and projection > costs["budget_usd"]:
        text = f"{projection:.2f} USD a month are projected, the budget is {costs['budget_usd']:.2f}"
        found.append(Incident("budget", "medium", text, values=(f"{projection:.2f}", f"{costs['budget_usd']:.2f}")))
    return found


def _beyond(
    snapshot: Snapshot, kind: str, value: float, message: str, values: tuple[str, ...], market: str | None = None
) -> list[Incident]:
    """An incident when ``value`` is above the catalogue's limit of the alert ``kind``."""
    catalogue = snapshot["catalogue"] or {}
    limit = catalogue.get("limits", {}).get(kind)
    if limit is None or value <= limit:
        return []
    severity: Severity = "high" if value > catalogue["high_beyond"] * limit else "medium"
    limited = f"{limit:.1%}" if values[-1].endswith("%") else f"{limit:g}"
    return [Incident(kind, severity, f"{message}; the limit is {limited}", market, (*values, limited))]
