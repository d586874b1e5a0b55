"""From a snapshot to what the API says. Pure: a snapshot and a moment in, plain JSON out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from steel_assets.core.price_age import LookedUp, PriceAge, PriceCalendar, aged_confidence, aged_drivers, price_age
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.core.units import UnitError, conversion
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot


def default_forecast(snapshot: Snapshot, moment: float) -> dict[str, Any]:
    """The default market's next business day, prices in USD per metric ton. Raises RequestRefused (503) before the first."""
    market = snapshot.default_market
    rows = in_force(snapshot, market, moment) if market else None
    if not rows:
        raise unpublished(snapshot, market)
    row = rows[0]
    try:
        factor = conversion(row["unit"], "USD/t").factor
    except UnitError as error:
        reason = f"the default market {market} is priced in {row['unit']}, which is not USD per ton; set default_market"
        raise RequestRefused(503, reason, error="no_forecast", retry_after=300) from error
    return {**row, **{name: row[name] * factor for name in ("predicted_price", "last_price", *QUANTILE_COLUMNS)}}


def prediction(snapshot: Snapshot, moment: float) -> dict[str, Any]:
    """The body of GET /predict/steel-rebar-price, the contract of the system it replaces."""
    row = default_forecast(snapshot, moment)
    return {
        "prediction_date": row["target_date"],
        "predicted_price_usd_per_ton": round(row["predicted_price"], 2),
        "currency": "USD",
        "unit": "metric ton",
        "model_confidence": round(row["model_confidence"], 4),
        "timestamp": row["as_of"],
        **({"note": snapshot.stands_in} if snapshot.stands_in else {}),
    }


def prediction_detail(snapshot: Snapshot, moment: float) -> dict[str, Any]:
    """The same with everything a careful buyer asks next."""
    row = default_forecast(snapshot, moment)
    exchange = snapshot["exchange"]
    price = row["predicted_price"]
    return {
        **prediction(snapshot, moment),
        "market": row["market"],
        "interval_90": {"low_usd_per_ton": round(row["q05"], 2), "high_usd_per_ton": round(row["q95"], 2)},
        "last_price_usd_per_ton": round(row["last_price"], 2),
        "predicted_price_mxn_per_ton": round(price * exchange["pesos_per_dollar"], 2) if exchange else None,
        "exchange_rate": exchange,
        "model_version": row["model_version"],
        "model_family": row["model_family"],
        "last_training_date": last_training(snapshot, row["market"]),
        "data_as_of": row["data_as_of"],
        "staleness": staleness(snapshot, row, moment),
        "aged_drivers": leaning(snapshot, row),
        "data_sources": [source["id"] for source in snapshot["catalogue"]["sources"]],
        "simulated": row["simulated"],
        "withdrawn_import": snapshot.withdrawn_import(row["market"], row["as_of"]),
    }


def in_force(snapshot: Snapshot, market: str, moment: float) -> list[dict[str, Any]] | None:
    """The newest forecast of ``market``, its confidence fallen with the age of its price; None before the first."""
    rows = snapshot.forecast(market)
    age = price_age_of(snapshot, rows[0], moment) if rows else None
    if not rows or age is None:
        return rows
    return [{**row, "model_confidence": confidence_now(row, age)} for row in rows]


def confidence_now(row: Mapping[str, Any], age: PriceAge) -> float:
    """The confidence in a published forecast whose price has become as old as ``age``."""
    counted = row.get("age_sessions")
    known = int(counted) if counted is not None and counted == counted else 0  # rows of earlier versions do not say
    return aged_confidence(row["model_confidence"], row["horizon"], age.sessions, known)


def price_age_of(snapshot: Snapshot, row: Mapping[str, Any], moment: float) -> PriceAge | None:
    """How old the price is that a published forecast starts from; None before the market's calendar was read."""
    about = snapshot["price_calendars"].get(row["market"])
    if about is None:
        return None
    looked_up = LookedUp(date.fromisoformat(about["newest"]), date.fromisoformat(about["until"])) if about["newest"] else None
    day, origin = date.fromisoformat(row["data_as_of"]), date.fromisoformat(row["origin"])
    return price_age(PriceCalendar.restored(about["calendar"]), day, origin, datetime.fromtimestamp(moment, UTC), looked_up)


def staleness(snapshot: Snapshot, row: Mapping[str, Any], moment: float) -> dict[str, Any]:
    """How old a forecast and its price are, whether that is too old, and why.

    Before the market's calendar was read it is stale once the day it is about has passed in the platform's own time zone.
    """
    age = price_age_of(snapshot, row, moment)
    seconds = {"age_seconds": max(0, int(moment - datetime.fromisoformat(row["as_of"]).timestamp()))}
    if age is not None:
        return {
            "stale": age.stale,
            **seconds,
            "price_date": row["data_as_of"],
            "price_age_sessions": age.sessions,
            "stale_reason": age.reason(date.fromisoformat(newest_price(snapshot, row))),
        }
    zone = ZoneInfo((snapshot["catalogue"] or {}).get("zone", "UTC"))
    passed = datetime.fromtimestamp(moment, zone).date() > date.fromisoformat(row["target_date"])
    return {
        "stale": passed,
        **seconds,
        "price_date": row["data_as_of"],
        "price_age_sessions": None,
        "stale_reason": f"it was for {row['target_date']}, which has passed" if passed else None,
    }


def newest_price(snapshot: Snapshot, row: Mapping[str, Any]) -> str:
    """Day of the newest price of a forecast's market that is here: its own, or one that nothing was issued from yet."""
    here = (snapshot["prices"].get(row["market"]) or {}).get("dates") or []
    return str(max([row["data_as_of"], *here]))


def leaning(snapshot: Snapshot, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Drivers that a forecast leans on although their newest figure is older than their own calendar allows."""
    names = (snapshot["catalogue"] or {}).get("series", {})
    return [
        {
            "series": series,
            "name": names.get(series, {}).get("name", series),
            "name_es": names.get(series, {}).get("name_es", series),
            "newest_period": day,
        }
        for series, day in aged_drivers(row.get("aged_drivers")).items()
    ]


def last_training(snapshot: Snapshot, market: str) -> str | None:
    """Day of the newest decision about a model of ``market``, or of its newest switch; None when there was neither."""
    decided = [row["decided_at"] for row in snapshot["ledger"] if row["market"] == market]
    switched = [row["since"] for row in snapshot["champions"] if row["market"] == market and row["since"]]
    newest = max([*decided, *switched], default=None)
    return newest[:10] if newest else None


def about(snapshot: Snapshot, version: str) -> dict[str, Any]:
    """The body of GET /."""
    since = [row["since"] for row in snapshot["champions"] if row["since"]]
    issued = [entry["rows"][0]["as_of"] for entry in snapshot["latest"].values() if entry["rows"]]
    return {
        "service": "steel-assets",
        "version": version,
        "documentation_url": "/docs",
        "data_sources": [source["id"] for source in (snapshot["catalogue"] or {}).get("sources", [])],
        "last_model_update": max(since, default=max(issued, default=None)),
        "simulated": snapshot.simulated,
    }


def markets(snapshot: Snapshot, moment: float) -> dict[str, Any]:
    """The body of GET /v1/markets."""
    default = snapshot.default_market
    return {
        "markets": [
            {
                **{name: market[name] for name in ("id", "name", "commodity", "region", "unit", "price_level", "horizons")},
                "default": market["id"] == default,
                "no_source": None if snapshot.has_a_source(market["id"]) else market["unfed"],
                "issued_date": rows[0]["issued_date"] if (rows := snapshot.forecast(market["id"])) else None,
                **age_in_short(staleness(snapshot, rows[0], moment) if rows else {}),
                "simulated": rows[0]["simulated"] if rows else None,
            }
            for market in _markets(snapshot)
        ]
    }


def forecasts(snapshot: Snapshot, market: str, as_of: date | datetime | None, moment: float) -> dict[str, Any]:
    """The body of GET /v1/markets/{market}/forecasts: the one in force, or a past issue as it was published.

    Raises:
        RequestRefused: there is none.
    """
    known(snapshot, market)
    rows = in_force(snapshot, market, moment) if as_of is None else _issue(snapshot, market, as_of)
    if not rows:
        raise unpublished(snapshot, market)
    first = rows[0]
    return {
        "market": market,
        "issued_date": first["issued_date"],
        "as_of": first["as_of"],
        "origin": first["origin"],
        "data_as_of": first["data_as_of"],
        "last_price": first["last_price"],
        "unit": first["unit"],
        "simulated": first["simulated"],
        "withdrawn_import": snapshot.withdrawn_import(market, first["as_of"]),
        **staleness(snapshot, first, moment),
        "aged_drivers": leaning(snapshot, first),
        "forecasts": [
            {
                "horizon": row["horizon"],
                "target_date": row["target_date"],
                "predicted_price": row["predicted_price"],
                "quantiles": {name: row[name] for name in QUANTILE_COLUMNS},
                "model_confidence": row["model_confidence"],
                "model_version": row["model_version"],
                "model_family": row["model_family"],
            }
            for row in rows
        ],
    }


AGE_IN_SHORT = ("stale", "price_date", "price_age_sessions", "stale_reason")


def age_in_short(age: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is known about a price's age, the fields that ``steel status`` and ``steel forecast`` show."""
    return {name: age.get(name) for name in AGE_IN_SHORT}


def scorecard(snapshot: Snapshot, market: str) -> dict[str, Any]:
    """The body of GET /v1/markets/{market}/scorecard; no horizons until the first forecast's day has come."""
    declared = known(snapshot, market)
    found = snapshot["scorecards"].get(market) or {"market": market, "window": 0, "horizons": [], "rows": []}
    return {**found, "unit": declared["unit"], "simulated": snapshot.simulated}


def models(snapshot: Snapshot, market: str | None) -> dict[str, Any]:
    """The body of GET /v1/models: who is in force and every decision, newest first."""
    if market is not None:
        known(snapshot, market)
    return {
        "champions": [
            {**row, "family": _family(snapshot, row)} for row in snapshot["champions"] if market in (None, row["market"])
        ],
        "ledger": [row for row in snapshot["ledger"] if market in (None, row["market"])],
    }


def metrics(snapshot: Snapshot, market: str | None, start: date | None, end: date | None) -> dict[str, Any]:
    """The body of GET /v1/metrics/daily: rows of the table ``metrics_daily``."""
    if market is not None:
        known(snapshot, market)
    first, last = (start or date.min).isoformat(), (end or date.max).isoformat()
    return {"metrics": [r for r in snapshot["metrics"] if market in (None, r["market"]) and first <= r["date"] <= last]}


def known(snapshot: Snapshot, market: str) -> dict[str, Any]:
    """The declaration of ``market``. Raises RequestRefused (404) with those that exist, (503) before anything was read."""
    declared = snapshot.market(market)
    if declared is None:
        if snapshot["catalogue"] is None:
            raise unpublished(snapshot, None)
        raise RequestRefused(
            404, f"there is no such market; there are {', '.join(market['id'] for market in _markets(snapshot))}"
        )
    return declared


def _family(snapshot: Snapshot, champion: Mapping[str, Any]) -> str | None:
    for row in snapshot.forecast(champion["market"]) or []:
        if row["horizon"] == champion["horizon"] and row["model_version"] == champion["version"]:
            return str(row["model_family"])
    for decision in snapshot["ledger"]:
        if decision["candidate_version"] == champion["version"]:
            return str(decision["candidate_family"])
    return None


def _issue(snapshot: Snapshot, market: str, as_of: date | datetime) -> Sequence[Mapping[str, Any]]:
    """The newest issue that was public at ``as_of`` (a day: at its end, by the day of issue). Raises RequestRefused."""
    if snapshot.parts["issues"].read_at is None:
        raise RequestRefused(503, "past forecasts were not read yet; try again in a moment", retry_after=5)
    past = list(snapshot["issues"].get(market) or [])
    newest = snapshot.forecast(market)
    if newest:
        past.append({"issued_date": newest[0]["issued_date"], "as_of": newest[0]["as_of"], "rows": newest})
    if isinstance(as_of, datetime):
        moment = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
        found = [one for one in past if datetime.fromisoformat(one["as_of"]) <= moment]
    else:
        found = [one for one in past if one["issued_date"] <= as_of.isoformat()]
    if not found:
        first = min((one["issued_date"] for one in past), default=None)
        raise RequestRefused(404, f"no forecast of {market} was published by then; the first kept is of {first}")
    rows: Sequence[Mapping[str, Any]] = max(found, key=lambda one: datetime.fromisoformat(one["as_of"]))["rows"]
    return rows


def _markets(snapshot: Snapshot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (snapshot["catalogue"] or {}).get("markets", [])
    return found


def unpublished(snapshot: Snapshot, market: str | None) -> RequestRefused:
    """The 503 for a market (None: any) of which no forecast can be answered, with the reason and the remedy."""
    damaged = (snapshot["latest"].get(market) or {}).get("problems") or list(snapshot.problems.values())
    why = f" ({damaged[0]})" if damaged else ""
    remedy = "run the job daily_data_update, or make demo; steel publish, where an older release has published"
    return RequestRefused(503, f"no forecast was published yet{why}; {remedy}", error="no_forecast", retry_after=60)
