"""The running service: its parts, and what routes, dashboard and middleware need to know about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from steel_assets.adapters.alerts.acknowledgements import Acknowledging
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.callers.rate_limit import HourlyRateLimiter
from steel_assets.adapters.dagster_graphql import Orchestrator
from steel_assets.core.price_age import PriceAge
from steel_assets.serving import ahead, explanation, response_bodies, schemas, state, variants
from steel_assets.serving.access import AccessControl
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.forms import Form
from steel_assets.serving.meter import Meter
from steel_assets.serving.refresh import Refresher
from steel_assets.serving.shape import Shape
from steel_assets.serving.snapshot import Snapshot

PREDICT = "/predict/steel-rebar-price"
JSON = (b"content-type", b"application/json")
INCIDENT_SECONDS = 5.0
NO_FORECAST = "no forecast of the default market can be answered yet; GET /v1/alerts says why, with a key"
PASSED_OVER = "the newest is damaged or not believed, and was passed over; GET /v1/alerts says why, with a key"
NOT_UP_TO_DATE = "not up to date; GET /v1/alerts says why, with a key"

Ready = tuple[bytes, list[tuple[bytes, bytes]]]
"""Body and headers of an answer."""


@dataclass
class Service:
    """Everything that lives as long as the process."""

    refresher: Refresher
    access: AccessControl
    limiter: HourlyRateLimiter
    orchestrator: Orchestrator
    watches: WatchStore
    now: Callable[[], float] = time.time
    meter: Meter = field(init=False)
    measurements: Any = None
    acknowledging: Acknowledging | None = None
    signing_key: bytes | None = None

    def __post_init__(self) -> None:
        self.meter = Meter(self.measurements, is_up=self.can_answer, clock=self.now)
        self._registry = CollectorRegistry()
        self._registry.register(self.meter)
        self._rendered: dict[tuple[str, str | None, str, PriceAge | None], bytes] = {}
        self._rendered_number = -1
        self._ready: Ready | None = None
        self._ready_at = (-1, 0)
        self._incidents: tuple[float, int, list[state.ShownIncident]] = (0.0, -1, [])

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in use at this moment."""
        return self.refresher.current

    def can_answer(self) -> bool:
        """Whether the default market has a forecast."""
        market = self.snapshot.default_market
        return bool(market and self.snapshot.forecast(market))

    def ready_answer(self, path: str, key: str | None = None) -> Ready | None:
        """The rendered prediction for its plain path; None for any other path, and before the first forecast.

        Also None for an API key (its id) that gets the variant of an experiment: its answer is made on request.

        It is rendered again after a publication and, since it contains its age in seconds, every second.
        """
        if path != PREDICT or (key is not None and variants.takes_part(self.snapshot, key, self.now())):
            return None
        moment = (self.snapshot.number, int(self.now()))
        if moment != self._ready_at:
            self._ready, self._ready_at = self._render_ready(), moment
        return self._ready

    def _render_ready(self) -> Ready | None:
        if not self.can_answer():
            return None
        try:
            body = response_bodies.prediction(self.snapshot, self.now()).to_json()
        except RequestRefused:
            return None
        headers = [(name.encode(), value.encode()) for name, value in self.forecast_headers().items()]
        return body, [(b"content-length", b"%d" % len(body)), JSON, *headers]

    def forecast_headers(self) -> dict[str, str]:
        """Headers of every answer with the default forecast."""
        now = self.now()
        row = response_bodies.default_forecast(self.snapshot, now)
        age = response_bodies.staleness(self.snapshot, row, now)
        return {
            "x-market": row["market"],
            "x-data-as-of": row["data_as_of"],
            "x-forecast-age-seconds": str(age.age_seconds),
            "x-stale": str(age.stale).lower(),
            "x-price-date": age.price_date,
            **({} if age.price_age_sessions is None else {"x-price-age-sessions": str(age.price_age_sessions)}),
            "x-simulated": str(row["simulated"]).lower(),
        }

    def rendered(self, what: str, market: str | None, form: Form) -> bytes:
        """The body of an answer that changes only when something is published or a price has aged, rendered once.

        Raises:
            RequestRefused: there is no such answer.
        """
        snapshot = self.snapshot
        if snapshot.number != self._rendered_number:
            self._rendered, self._rendered_number = {}, snapshot.number
        now, rendered = self.now(), self._rendered  # what is made beside the loop is kept with the snapshot that it is of
        rows = snapshot.forecast(market) if market else None
        key = (what, market, form.kind, response_bodies.price_age_of(snapshot, rows[0], now) if rows else None)
        if key not in rendered:
            made: dict[str, Callable[[], Shape]] = {
                "scorecard": lambda: response_bodies.scorecard(snapshot, str(market)),
                "explanation": lambda: explanation.explanation(snapshot, str(market), now),
                "models": lambda: response_bodies.models(snapshot, market),
                "experiments": lambda: response_bodies.experiments(snapshot, market),
                "averages": lambda: ahead.averages(snapshot, str(market), now),
                "analysis": lambda: ahead.analysis(snapshot, str(market), now),
            }
            rendered[key] = form.body(made[what](), simulated=snapshot.simulated)
        return rendered[key]

    def readiness(self) -> schemas.Ready:
        """The answer to GET /ready: parts that are not up to date, without details such as paths."""
        now = self.now()
        try:
            row = response_bodies.default_forecast(self.snapshot, now)
        except RequestRefused:
            problems = {"forecast": NO_FORECAST}
            age = None
        else:
            problems, age = {}, response_bodies.staleness(self.snapshot, row, now)
        problems |= dict.fromkeys(self.snapshot.problems, NOT_UP_TO_DATE)
        problems |= {f"forecast of {market}": reason for market, reason in self.snapshot.refused.items()}
        passed_over = [market for market, entry in self.snapshot["latest"].items() if entry.get("problems")]
        problems |= dict.fromkeys([f"published file of {market}" for market in passed_over], PASSED_OVER)
        if self.access.problem is not None:
            problems["keys"] = NOT_UP_TO_DATE
        return schemas.Ready.of(
            response_bodies.age_in_short(age),
            status="not_ready" if age is None else "ready",
            forecast_age_seconds=None if age is None else age.age_seconds,
            redis=self.limiter.shared,
            problems=problems,
        )

    def incidents(self) -> list[state.ShownIncident]:
        """The present problems, evaluated at most every few seconds."""
        now, number = self.now(), self.snapshot.number
        if now - self._incidents[0] > INCIDENT_SECONDS or number != self._incidents[1]:
            found = state.incidents(self.snapshot, now)
            self._incidents = (now, number, state.worst_first([*state.of_keys(self.access.problem), *found]))
        return self._incidents[2]

    def prometheus(self) -> tuple[bytes, str]:
        """The metrics in Prometheus's text format, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
