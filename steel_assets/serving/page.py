"""The context of the dashboard's template, from a snapshot, the service's usage and the visitor's choices. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from steel_assets.core.regions import by_region, plain
from steel_assets.core.service_use import Minute, ServiceUsage
from steel_assets.core.words import phrase
from steel_assets.serving import response_bodies
from steel_assets.serving.charts import charts, script_safe
from steel_assets.serving.explanation import driver_name, drivers
from steel_assets.serving.page_ahead import NOTHING_ASKED, OddsForm, ahead, past
from steel_assets.serving.page_experiments import experiments
from steel_assets.serving.page_plan import NOTHING_WISHED, Wish, planned
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import TOO_OLD, ShownIncident, worst_status
from steel_assets.serving.words import PageWords

REALITY_SHOWN = 120
LEDGER_SHOWN = 12
DRIVERS_SHOWN = 6
SCORING = {"fewest": 0, "recent": "–", "before": "–"}
"""Used until a publication says over how many forecasts the scores are."""

INCIDENTS = {
    "no_forecast": phrase("{name}: no forecast was published yet"),
    "stale_forecast": phrase("{name}: the newest forecast was for {0}, which has passed"),
    "stale_price": phrase("{name}: {age}; a newer one should be here"),
    "unused_price": phrase("{name}: {age}; a price of {3} is here, but no forecast was issued from it"),
    "price_too_old": phrase("{name}: {age}; beyond {2} nothing new is issued until a newer price comes"),
    "aged_driver": phrase("{name}: its forecast uses {driver}, whose newest value is of {1}"),
    "withdrawn_import": phrase("{name}: the forecast in force was issued from a withdrawn import: {0}"),
}
"""Kind of incident → its sentence, with names from ``_named``; the incident's values are filled in by position."""

LEANS_ON = phrase("This forecast uses {name}, whose newest value is of {0}.")
DAY_PASSED = phrase("This forecast was for {0}, which has passed.")
PRICE_STALE = phrase("A newer price should be here. The forecast below starts from this one.")
PRICE_TOO_OLD = phrase(
    "Beyond {0} sessions nothing new is issued. This is the forecast of {1}; it stays until a newer price comes."
)
PERIODS_TOO_OLD = phrase(
    "With the price more than {0} old nothing new is issued. This is the forecast of {1}; it stays until a newer price comes."
)
PRICE_NOT_USED = phrase(
    "A price of {0} is here, but no forecast was issued from it. The forecast below starts from the older one."
)
NEXT_DAY, NEXT_PERIOD = phrase("Next business day"), phrase("Next price to come")
STANDS_IN = phrase("The default market, {name}, has no source of prices; {other} is shown instead.")


def page(
    snapshot: Snapshot,
    minutes: Sequence[Minute],
    use: ServiceUsage,
    incidents: list[ShownIncident],
    *,
    words: PageWords,
    market: str | None,
    horizon: int | None,
    now: float,
    open_here: bool,
    user: str | None,
    form: OddsForm = NOTHING_ASKED,
    wish: Wish = NOTHING_WISHED,
) -> dict[str, Any]:
    """The dashboard's context for one market and one horizon; the defaults if the choice does not exist."""
    catalogue = snapshot["catalogue"] or {"markets": [], "default_market": None, "acceptance": None}
    chosen = snapshot.market(market or "") or snapshot.market(snapshot.default_market or "")
    shown = _market(snapshot, chosen, horizon, now, words) if chosen else None
    if shown:
        shown |= {
            "ahead": ahead(snapshot, shown["id"], form, now, words),
            "plan": planned(snapshot, shown["id"], wish, now, words),
            "past": past(snapshot, shown["id"], now, words),
            "experiments": experiments(snapshot, shown["id"], now, words),
        }
    return {
        "simulated": snapshot.simulated,
        "open_here": open_here,
        "user": user,
        "now": now,
        "updated": f"{datetime.fromtimestamp(now, UTC):%H:%M:%S} UTC",
        "state": worst_status(incidents),
        "incidents": [_incident(incident, snapshot, words) for incident in incidents],
        "stands_in": _stands_in(snapshot, words),
        "has_a_source": chosen is None or snapshot.has_a_source(chosen["id"]),
        "markets": [_tab(snapshot, market, chosen, now, words) for market in _default_first(catalogue, snapshot.default_market)],
        "market": shown,
        "acceptance": catalogue["acceptance"],
        "sources": snapshot["sources"],
        "use": asdict(use),
        "alerted": {(incident.kind, incident.market) for incident in incidents if incident.since is not None},
        "costs_alerted": any(
            incident.since is not None and incident.kind.startswith(("cost_", "budget_")) for incident in incidents
        ),
        "limits": catalogue.get("limits", {}),
        "scoring": catalogue.get("scoring") or SCORING,
        "costs": snapshot["costs"] if snapshot["costs"] and snapshot["costs"]["days"] else None,
        "charts": script_safe(charts(snapshot, shown, minutes)),
    }


def _stands_in(snapshot: Snapshot, words: PageWords) -> str | None:
    """A note that another market is shown than the catalogue's default, which has no source of prices."""
    if not snapshot.stands_in:
        return None
    declared, shown = snapshot["catalogue"]["default_market"], str(snapshot.default_market)
    name, other = (words.name(snapshot.market(market_id) or {"name": market_id}) for market_id in (declared, shown))
    return words(STANDS_IN, name=name, other=other)


def _default_first(catalogue: dict[str, Any], default: str | None) -> list[dict[str, Any]]:
    """The markets grouped by region, the default one and its region first."""
    ordered = sorted(catalogue["markets"], key=lambda market: market["id"] != default)
    return [market for those in by_region(ordered, lambda market: str(market["region"])).values() for market in those]


def _tab(
    snapshot: Snapshot, market: dict[str, Any], chosen: dict[str, Any] | None, now: float, words: PageWords
) -> dict[str, Any]:
    rows = snapshot.forecast(market["id"])
    first = rows[0] if rows else None
    age = response_bodies.staleness(snapshot, first, now) if first else None
    too_old = response_bodies.price_age_of(snapshot, first, now) if first else None
    return {
        "id": market["id"],
        "name": words.name(market).partition(" (")[0],
        "region": words.name({"region_name": plain(market["region"])} | market, "region_name"),
        "chosen": chosen is not None and market["id"] == chosen["id"],
        "price": first["predicted_price"] if first else None,
        "change": first["predicted_price"] / first["last_price"] - 1 if first else None,
        "stale": age is not None and age.stale,
        "too_old": too_old is not None and too_old.too_old,
        "old": words.old(age.price_age_sessions, snapshot.frequency(market["id"]))
        if age is not None and age.price_age_sessions
        else words("out of date"),
    }


def _market(snapshot: Snapshot, market: dict[str, Any], horizon: int | None, now: float, words: PageWords) -> dict[str, Any]:
    rows = response_bodies.in_force(snapshot, market["id"], now)
    card = snapshot["scorecards"].get(market["id"]) or {"horizons": [], "rows": [], "window": 0}
    scores = {score["horizon"]: score for score in card["horizons"]}
    at = horizon if horizon in scores else min(scores, default=None)
    quality = snapshot["quality"].get(market["id"])
    drift = snapshot["drift"].get(market["id"])
    frequency = snapshot.frequency(market["id"])
    following = NEXT_DAY if frequency == "daily" else NEXT_PERIOD
    return {
        "id": market["id"],
        "name": words.name(market),
        "unit": market["unit"],
        "frequency": frequency,
        "next": words(following),
        "price_level": words.name(market, "price_level"),
        "rows": [{**row, "change": row["predicted_price"] / row["last_price"] - 1} for row in rows or []],
        "first": rows[0] if rows else None,
        "age": _age(snapshot, rows[0], now, words) if rows else None,
        "leaning": [
            words(
                LEANS_ON,
                driver.newest_period,
                name=driver_name(snapshot, driver.series, words.language),
            )
            for driver in (response_bodies.leaning(snapshot, rows[0]) if rows else [])
        ],
        "pesos": _pesos(snapshot, rows[0]) if rows else None,
        "exchange": snapshot["exchange"],
        "scores": [scores[score] for score in sorted(scores)],
        "score": {"increase": None, **scores[at]} if at is not None else None,
        "horizon": at,
        "enough": at is not None and scores[at]["forecasts"] >= (snapshot["catalogue"].get("scoring") or SCORING)["fewest"],
        "window": card["window"],
        "why": [_why(snapshot, row, words) for row in rows or []],
        "drift": drift,
        "drift_days": len({row["date"] for row in drift["rows"]}) if drift else 0,
        "scored": [row for row in card["rows"] if row["horizon"] == at][-REALITY_SHOWN:],
        "champions": response_bodies.models(snapshot, market["id"]).champions,
        "ledger": _decisions([row for row in snapshot["ledger"] if row["market"] == market["id"]]),
        "quality_score": quality["quality_score"] if quality else None,
        "quality": [
            {**part, "name": driver_name(snapshot, part["series"], words.language)} for part in (quality or {}).get("series", [])
        ],
    }


def _age(snapshot: Snapshot, row: dict[str, Any], now: float, words: PageWords) -> dict[str, Any]:
    """Day and age of the price; ``tone`` and ``text`` of the notice if it is older than it should be."""
    told, age = response_bodies.staleness(snapshot, row, now), response_bodies.price_age_of(snapshot, row, now)
    found = {
        "stale": told.stale,
        "title": "",
        "text": words(DAY_PASSED, row["target_date"]),
        "tone": "warn",
    }
    if age is None:
        return found
    newest = response_bodies.newest_price(snapshot, row)
    found["title"] = words.price_age(told.price_date, age.sessions, age.frequency)
    found["text"] = words(PRICE_STALE)
    if age.too_old:
        found |= {
            "text": words(PRICE_TOO_OLD, age.limit, row["issued_date"])
            if age.frequency == "daily"
            else words(PERIODS_TOO_OLD, words.span(age.limit, age.frequency), row["issued_date"]),
            "tone": "bad",
        }
    if newest > row["data_as_of"]:
        found["text"] = words(PRICE_NOT_USED, words.of(newest, age.frequency))
    return found


def _why(snapshot: Snapshot, row: dict[str, Any], words: PageWords) -> dict[str, Any]:
    """What moved one horizon: the largest causes, the rest added up; ``share`` of the largest is -1 or 1."""
    told = drivers(snapshot, row)
    shown = [
        (driver_name(snapshot, contribution.driver, words.language), contribution.contribution) for contribution in told or []
    ]
    rest = shown[DRIVERS_SHOWN:]
    if len(rest) > 1:
        shown = [*shown[:DRIVERS_SHOWN], (words("{n} smaller causes", n=len(rest)), sum(amount for _, amount in rest))]
    largest = max((abs(amount) for _, amount in shown), default=1.0)
    return {
        "horizon": row["horizon"],
        "day": row["target_date"],
        "last_price": row["last_price"],
        "predicted_price": row["predicted_price"],
        "moved": row["predicted_price"] - row["last_price"],
        "told": told is not None,
        "causes": [{"name": name, "amount": amount, "share": amount / largest} for name, amount in shown],
    }


def _pesos(snapshot: Snapshot, row: dict[str, Any]) -> float | None:
    exchange = snapshot["exchange"]
    return row["predicted_price"] * exchange["pesos_per_dollar"] if exchange and row["unit"].startswith("USD/") else None


def _decisions(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest decisions; equal ones of one moment about several horizons are merged."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in ledger:
        key = (row["decided_at"], row["decision"], row["candidate_family"], row["reason"])
        found.setdefault(key, {**row, "horizons": []})["horizons"].append(row["horizon"])
    return list(found.values())[:LEDGER_SHOWN]


def _named(incident: ShownIncident, snapshot: Snapshot, market: dict[str, Any] | None, words: PageWords) -> dict[str, str]:
    """The values of an incident's sentence: its market, the age of its price, the overdue driver."""
    named = {"name": words.name(market) if market else ""}
    if incident.kind in ("stale_price", "unused_price", TOO_OLD):
        named["age"] = words.price_age(incident.values[0], int(incident.values[1]), snapshot.frequency(incident.market or ""))
    if incident.kind == "aged_driver":
        named["driver"] = driver_name(snapshot, incident.values[0], words.language)
    return named


def _incident(incident: ShownIncident, snapshot: Snapshot, words: PageWords) -> dict[str, Any]:
    """An incident in the page's language; those about files and parts keep the words of the error."""
    sentence = INCIDENTS.get(incident.kind)
    market = snapshot.market(incident.market or "")
    text = incident.message
    fits = incident.since is None and (incident.market is None or market is not None)
    if fits and sentence is not None and (market or "{name}" not in sentence):
        text = words(sentence, *incident.values, **_named(incident, snapshot, market, words))
    if incident.since is not None:
        text = (incident.message_es if words.language == "es" else "") or incident.message
    return {"severity": incident.severity, "text": text, "market": incident.market, "since": incident.since}
