"""Builds the API's answers from a snapshot. Pure: takes a snapshot and a moment, returns a shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from steel_assets.core.periods import period_name
from steel_assets.core.price_age import LookedUp, PriceAge, PriceCalendar, aged_confidence, aged_drivers, price_age
from steel_assets.core.regions import by_region, plain
from steel_assets.core.types import QUANTILE_COLUMNS, MarketFrequency
from steel_assets.core.units import UnitError, conversion
from steel_assets.serving import schemas, variants
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot


def default_forecast(snapshot: Snapshot, moment: float, key: str | None = None) -> dict[str, Any]:
    """The default market's next business day, prices in USD per metric ton. Raises RequestRefused (503) before the first.

    Args:
        key: id of the API key that asks; see ``in_force``.
    """
    market = snapshot.default_market
    rows = in_force(snapshot, market, moment, key) if market else None
    if not rows:
        raise unpublished(snapshot, market)
    row = rows[0]
    try:
        factor = conversion(row["unit"], "USD/t").factor
    except UnitError as error:
        reason = f"the default market {market} is priced in {row['unit']}, which is not USD per ton; set default_market"
        raise RequestRefused(503, reason, error="no_forecast", retry_after=300) from error
    return {**row, **{name: row[name] * factor for name in ("predicted_price", "last_price", *QUANTILE_COLUMNS)}}


def prediction(snapshot: Snapshot, moment: float, key: str | None = None) -> schemas.Prediction:
    """The answer to GET /predict/steel-rebar-price, compatible with the former system; ``key`` as in ``in_force``."""
    return schemas.Prediction(**_predicted(snapshot, default_forecast(snapshot, moment, key)))


def prediction_detail(snapshot: Snapshot, moment: float, key: str | None = None) -> schemas.PredictionDetail:
    """The same with ``detail=true``: quantiles, staleness, drivers and more."""
    row = default_forecast(snapshot, moment, key)
    exchange = snapshot["exchange"]
    return schemas.PredictionDetail.of(
        row,
        _predicted(snapshot, row),
        interval_90=schemas.Interval(low_usd_per_ton=round(row["q05"], 2), high_usd_per_ton=round(row["q95"], 2)),
        last_price_usd_per_ton=round(row["last_price"], 2),
        predicted_price_mxn_per_ton=round(row["predicted_price"] * exchange["pesos_per_dollar"], 2) if exchange else None,
        exchange_rate=exchange,
        last_training_date=last_training(snapshot, row["market"]),
        staleness=staleness(snapshot, row, moment),
        aged_drivers=leaning(snapshot, row),
        data_sources=[source["id"] for source in snapshot["catalogue"]["sources"]],
        withdrawn_import=snapshot.withdrawn_import(row["market"], row["as_of"]),
    )


def _predicted(snapshot: Snapshot, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that both answers share."""
    return {
        "prediction_date": row["target_date"],
        "predicted_price_usd_per_ton": round(row["predicted_price"], 2),
        "currency": "USD",
        "unit": "metric ton",
        "model_confidence": round(row["model_confidence"], 4),
        "timestamp": row["as_of"],
        "note": snapshot.stands_in,
        "model_variant": row.get("model_variant"),
    }


def in_force(snapshot: Snapshot, market: str, moment: float, key: str | None = None) -> list[dict[str, Any]] | None:
    """The newest forecast of ``market``, with its confidence reduced by the age of its price; None before the first.

    Args:
        key: id of the caller's API key, which may get the variant of an experiment; None for callers without one.
    """
    published = snapshot.forecast(market)
    rows = variants.given(snapshot, published, key, moment) if published else None
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
    """The age of the price that a published forecast starts from; None before the market's calendar was read."""
    about = snapshot["price_calendars"].get(row["market"])
    if about is None:
        return None
    looked_up = LookedUp(date.fromisoformat(about["newest"]), date.fromisoformat(about["until"])) if about["newest"] else None
    day, origin = date.fromisoformat(row["data_as_of"]), date.fromisoformat(row["origin"])
    return price_age(PriceCalendar.restored(about["calendar"]), day, origin, datetime.fromtimestamp(moment, UTC), looked_up)


def staleness(snapshot: Snapshot, row: Mapping[str, Any], moment: float) -> schemas.Staleness:
    """The ages of a forecast and of its price, whether they are too old, and why.

    Before the market's calendar was read, it is stale once its target day has passed in the platform's time zone.
    """
    age = price_age_of(snapshot, row, moment)
    if age is not None:
        stale, reason = age.stale, age.reason(date.fromisoformat(newest_price(snapshot, row)))
    else:
        zone = ZoneInfo((snapshot["catalogue"] or {}).get("zone", "UTC"))
        stale = datetime.fromtimestamp(moment, zone).date() > date.fromisoformat(row["target_date"])
        reason = f"it was for {row['target_date']}, which has passed" if stale else None
    return schemas.Staleness(
        stale=stale,
        age_seconds=max(0, int(moment - datetime.fromisoformat(row["as_of"]).timestamp())),
        price_date=row["data_as_of"],
        price_age_sessions=age.sessions if age is not None else None,
        stale_reason=reason,
    )


def newest_price(snapshot: Snapshot, row: Mapping[str, Any]) -> str:
    """Day of the newest stored price of a forecast's market: its own, or one from which nothing was issued yet."""
    here = (snapshot["prices"].get(row["market"]) or {}).get("dates") or []
    return str(max([row["data_as_of"], *here]))


def leaning(snapshot: Snapshot, row: Mapping[str, Any]) -> list[schemas.AgedDriver]:
    """Drivers used by a forecast whose newest value is overdue by their own calendar."""
    names = (snapshot["catalogue"] or {}).get("series", {})
    return [
        schemas.AgedDriver.of({"name": series, "name_es": series}, names.get(series, {}), series=series, newest_period=day)
        for series, day in aged_drivers(row.get("aged_drivers")).items()
    ]


def last_training(snapshot: Snapshot, market: str) -> str | None:
    """Day of the newest decision about a model of ``market``, or of its newest switch; None if there was neither."""
    decided = [row["decided_at"] for row in snapshot["ledger"] if row["market"] == market]
    switched = [row["since"] for row in snapshot["champions"] if row["market"] == market and row["since"]]
    newest = max([*decided, *switched], default=None)
    return newest[:10] if newest else None


def about(snapshot: Snapshot, version: str) -> schemas.About:
    """The answer to GET /."""
    since = [row["since"] for row in snapshot["champions"] if row["since"]]
    issued = [entry["rows"][0]["as_of"] for entry in snapshot["latest"].values() if entry["rows"]]
    return schemas.About(
        service="steel-assets",
        version=version,
        documentation_url="/docs",
        data_sources=[source["id"] for source in (snapshot["catalogue"] or {}).get("sources", [])],
        last_model_update=max(since, default=max(issued, default=None)),
        simulated=snapshot.simulated,
    )


def markets(snapshot: Snapshot, moment: float) -> schemas.Markets:
    """The answer to GET /v1/markets."""
    default = snapshot.default_market
    found = []
    for market in _markets(snapshot):
        rows = snapshot.forecast(market["id"])
        found.append(
            schemas.Market.of(
                market,
                age_in_short(staleness(snapshot, rows[0], moment) if rows else None),
                frequency=snapshot.frequency(market["id"]),
                default=market["id"] == default,
                no_source=None if snapshot.has_a_source(market["id"]) else market["unfed"],
                issued_date=rows[0]["issued_date"] if rows else None,
                simulated=rows[0]["simulated"] if rows else None,
            )
        )
    return schemas.Markets(markets=found)


def regions(snapshot: Snapshot) -> schemas.Regions:
    """The answer to GET /v1/regions."""
    return schemas.Regions(
        regions=[
            schemas.RegionInShort(region=region, region_name=_region_name(those), markets=[market["id"] for market in those])
            for region, those in _by_region(snapshot).items()
        ]
    )


def region(snapshot: Snapshot, name: str, moment: float) -> schemas.Region:
    """The answer to GET /v1/regions/{region}.

    Raises:
        RequestRefused: (404) there is no such region; the message lists those that exist; (503) before anything was read.
    """
    if snapshot["catalogue"] is None:
        raise unpublished(snapshot, None)
    those = _by_region(snapshot).get(name)
    if those is None:
        raise RequestRefused(404, f"there is no such region; there are {', '.join(_by_region(snapshot))}")
    ids = {market["id"] for market in those}
    nearest = {market: (snapshot.forecast(market) or [{}])[0] for market in ids}
    fields = ("horizon", "target_date", "last_price", "predicted_price")
    return schemas.Region(
        region=name,
        region_name=_region_name(those),
        markets=[
            schemas.RegionMarket.of(market, {field: nearest[market.id].get(field) for field in fields})
            for market in markets(snapshot, moment).markets
            if market.id in ids
        ],
    )


def forecasts(
    snapshot: Snapshot, market: str, as_of: date | datetime | None, moment: float, key: str | None = None
) -> schemas.Forecasts:
    """The answer to GET /v1/markets/{market}/forecasts: the one in force, or a past issue as it was published.

    Args:
        key: id of the API key that asks, on which the one in force depends as ``in_force`` says.

    Raises:
        RequestRefused: there is none.
    """
    known(snapshot, market)
    frequency = snapshot.frequency(market)
    rows = in_force(snapshot, market, moment, key) if as_of is None else _issue(snapshot, market, as_of)
    if not rows:
        raise unpublished(snapshot, market)
    first = rows[0]
    return schemas.Forecasts.of(
        first,
        staleness(snapshot, first, moment),
        withdrawn_import=snapshot.withdrawn_import(market, first["as_of"]),
        aged_drivers=leaning(snapshot, first),
        frequency=frequency,
        price_period=_period(first["data_as_of"], frequency),
        forecasts=[
            schemas.HorizonForecast.of(
                {"model_variant": None},
                row,
                quantiles=schemas.Quantiles.of(row),
                target_period=_period(row["target_date"], frequency),
            )
            for row in rows
        ],
    )


def _period(day: str, frequency: MarketFrequency) -> str:
    return period_name(date.fromisoformat(day), frequency)


AGE_IN_SHORT = ("stale", "price_date", "price_age_sessions", "stale_reason")


def age_in_short(age: schemas.Staleness | None) -> dict[str, Any]:
    """The fields of a price's age that ``steel status`` and ``steel forecast`` show."""
    return {name: getattr(age, name, None) for name in AGE_IN_SHORT}


def scorecard(snapshot: Snapshot, market: str) -> schemas.Scorecard:
    """The answer to GET /v1/markets/{market}/scorecard; without horizons until the first target day."""
    declared = known(snapshot, market)
    found = snapshot["scorecards"].get(market) or {"market": market, "window": 0, "horizons": [], "rows": []}
    return schemas.Scorecard.of(found, unit=declared["unit"], simulated=snapshot.simulated)


def models(snapshot: Snapshot, market: str | None) -> schemas.Models:
    """The answer to GET /v1/models: models in force and every decision, newest first."""
    if market is not None:
        known(snapshot, market)
    return schemas.Models.of(
        champions=[
            schemas.Champion.of(row, family=_family(snapshot, row))
            for row in snapshot["champions"]
            if market in (None, row["market"])
        ],
        ledger=[row for row in snapshot["ledger"] if market in (None, row["market"])],
    )


def experiments(snapshot: Snapshot, market: str | None) -> schemas.Experiments:
    """The answer to GET /v1/experiments: those declared, with their state and history."""
    if market is not None:
        known(snapshot, market)
    return schemas.Experiments(
        experiments=[
            schemas.Experiment.of(experiment, days=[schemas.ExperimentLook.of(day) for day in experiment["days"]])
            for experiment in snapshot["experiments"]
            if market is None or market in experiment["markets"]
        ]
    )


def metrics(snapshot: Snapshot, market: str | None, start: date | None, end: date | None) -> schemas.MetricsDaily:
    """The answer to GET /v1/metrics/daily: rows of the table ``metrics_daily``."""
    if market is not None:
        known(snapshot, market)
    first, last = (start or date.min).isoformat(), (end or date.max).isoformat()
    rows = snapshot["metrics"]
    return schemas.MetricsDaily(metrics=[row for row in rows if market in (None, row["market"]) and first <= row["date"] <= last])


def known(snapshot: Snapshot, market: str) -> dict[str, Any]:
    """The declaration of ``market``.

    Raises:
        RequestRefused: (404) there is none; the message lists those that exist; (503) before anything was read.
    """
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
    """The newest issue published by ``as_of`` (a day: by its end, by the day of issue).

    Raises:
        RequestRefused: there is none.
    """
    if snapshot.parts["issues"].read_at is None:
        raise RequestRefused(503, "past forecasts were not read yet; try again in a moment", retry_after=5)
    past = list(snapshot["issues"].get(market) or [])
    newest = snapshot.forecast(market)
    if newest:
        past.append({"issued_date": newest[0]["issued_date"], "as_of": newest[0]["as_of"], "rows": newest})
    if isinstance(as_of, datetime):
        moment = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
        found = [issue for issue in past if datetime.fromisoformat(issue["as_of"]) <= moment]
    else:
        found = [issue for issue in past if issue["issued_date"] <= as_of.isoformat()]
    if not found:
        first = min((issue["issued_date"] for issue in past), default=None)
        raise RequestRefused(404, f"no forecast of {market} was published by then; the first kept is of {first}")
    rows: Sequence[Mapping[str, Any]] = max(found, key=lambda issue: datetime.fromisoformat(issue["as_of"]))["rows"]
    return rows


def _markets(snapshot: Snapshot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (snapshot["catalogue"] or {}).get("markets", [])
    return found


def _by_region(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    return by_region(_markets(snapshot), lambda market: str(market["region"]))


def _region_name(markets: list[dict[str, Any]]) -> str:
    """The name of the region of ``markets``; snapshots of earlier releases lack it."""
    return str(markets[0].get("region_name") or plain(markets[0]["region"]))


def unpublished(snapshot: Snapshot, market: str | None) -> RequestRefused:
    """The 503 for a market (None: any) without a forecast to answer, with the reason and the remedy."""
    damaged = (snapshot["latest"].get(market) or {}).get("problems") or list(snapshot.problems.values())
    why = f" ({damaged[0]})" if damaged else ""
    remedy = "run the job daily_data_update, or make demo; steel publish, where an older release has published"
    return RequestRefused(503, f"no forecast was published yet{why}; {remedy}", error="no_forecast", retry_after=60)
