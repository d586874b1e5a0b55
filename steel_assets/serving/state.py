"""The status green, yellow or red, with reasons: open incidents of the alert state, and the state of the forecasts.

Whether a figure exceeds a limit is judged by the alert rules only; their open incidents are shown unchanged. Judged here is what
depends on the moment of the request: whether there is a plausible forecast, the age of its price, overdue drivers, and parts that
could not be read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from steel_assets.core.health import Status, colour
from steel_assets.serving import schemas
from steel_assets.serving.response_bodies import leaning, newest_price, price_age_of, staleness
from steel_assets.serving.snapshot import Snapshot

Severity = Literal["low", "medium", "high", "critical"]

TOO_OLD = "price_too_old"
"""Also an alert rule: its incident, with the age at that time, is replaced by the present age."""

UNPUBLISHED = "nothing was published yet; make demo, or steel publish where there are forecasts"


@dataclass(frozen=True)
class ShownIncident:
    """A problem for people: ``kind`` and ``values`` for a translated text, ``message`` the English text.

    Attributes:
        message_es: the Spanish text, if the incident is from the alert state.
    """

    kind: str
    severity: Severity
    message: str
    market: str | None = None
    values: tuple[str, ...] = ()
    since: str | None = None
    message_es: str = ""


def incidents(snapshot: Snapshot, moment: float) -> list[ShownIncident]:
    """All present problems, worst first."""
    found = [*_watched(snapshot), *_forecasts(snapshot, moment), *_models(snapshot)]
    for name, why in snapshot.problems.items():
        found.append(ShownIncident("part_away", "medium", f"{name} cannot be read: {why}", values=(name,)))
    alone = {
        (rule, subject) for incident in snapshot["incidents"] if len(covers(incident)) == 1 for rule, subject in covers(incident)
    }
    told = {(rule, subject) for incident in snapshot["incidents"] for rule, subject in covers(incident)}
    aged = {incident.market for incident in found if incident.kind == TOO_OLD and incident.since is None}

    def repeated(incident: ShownIncident) -> bool:
        if incident.kind == TOO_OLD and (TOO_OLD, incident.market) in alone:
            return incident.since is not None and incident.market in aged
        return incident.since is None and (incident.kind, incident.market) in told

    return worst_first([incident for incident in found if not repeated(incident)])


def covers(watched: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rule and market (or subject) of everything that an incident of the alert state is about."""
    return [(rule, subject) for rule, subject in watched.get("covers", [(watched["rule"], watched["subject"])])]


def worst_first(incidents: list[ShownIncident]) -> list[ShownIncident]:
    """Incidents by severity, critical ones first; equal ones in their order."""
    order = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    return sorted(incidents, key=lambda incident: order[incident.severity])


def of_keys(problem: str | None) -> list[ShownIncident]:
    """Problems of the key file, if any."""
    return [] if problem is None else [ShownIncident("keys_damaged", "high", problem)]


def worst_status(incidents: list[ShownIncident]) -> Status:
    """The colour of some incidents."""
    return colour(incident.severity for incident in incidents)


def alerts(incidents: list[ShownIncident], moment: float) -> schemas.Alerts:
    """The answer to GET /v1/alerts."""
    return schemas.Alerts(
        state=worst_status(incidents),
        checked_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        alerts=[schemas.Alert.of(asdict(incident), values=list(incident.values)) for incident in incidents],
    )


def _watched(snapshot: Snapshot) -> list[ShownIncident]:
    """The open incidents of the alert state."""
    return [
        ShownIncident(
            kind=incident["rule"],
            severity=incident["severity"],
            message=incident["title"]
            if "covers" in incident
            else f"{incident['title']}: {incident['text'] or incident['subject']}",
            message_es=incident.get("title_es", ""),
            market=incident["subject"] if snapshot.market(incident["subject"]) else None,
            since=incident["since"],
        )
        for incident in snapshot["incidents"]
    ]


def _forecasts(snapshot: Snapshot, moment: float) -> list[ShownIncident]:
    found = []
    catalogue = snapshot["catalogue"] or {}
    for market in catalogue.get("markets", []):
        rows = snapshot.forecast(market["id"])
        for problem in (snapshot["latest"].get(market["id"]) or {}).get("problems", []):
            found.append(ShownIncident("damaged_file", "medium", problem, market["id"]))
        if market["id"] in snapshot.refused:
            text = f"{market['name']}: {snapshot.refused[market['id']]}"
            found.append(ShownIncident("forecast_refused", "high", text, market["id"]))
        default = market["id"] == snapshot.default_market
        if not snapshot.has_a_source(market["id"]):
            continue  # follows from settings: shown by the API and the page, not an incident
        if not rows:
            severity: Severity = "critical" if default else "high"
            found.append(ShownIncident("no_forecast", severity, f"{market['name']}: no forecast was published yet", market["id"]))
            continue
        found += _aged(snapshot, market, rows[0], moment, default=default)
        if told := snapshot.withdrawn_import(market["id"], rows[0]["as_of"]):
            text = f"{market['name']}: the forecast in force was issued from a withdrawn import: {told}"
            found.append(ShownIncident("withdrawn_import", "medium", text, market["id"], (told,)))
    if not catalogue:
        found.append(ShownIncident("no_forecast", "critical", UNPUBLISHED))
    return found


def _aged(
    snapshot: Snapshot, market: dict[str, Any], row: dict[str, Any], moment: float, *, default: bool
) -> Iterator[ShownIncident]:
    """A price that is older than it should be, more severe if nothing is issued from it any more; overdue drivers."""
    age, told = price_age_of(snapshot, row, moment), staleness(snapshot, row, moment)
    if told.stale:
        text = f"{market['name']}: {told.stale_reason}"
        if age is None:
            text = f"{market['name']}: the newest forecast was for {row['target_date']}, which has passed"
            yield ShownIncident("stale_forecast", "high" if default else "medium", text, market["id"], (row["target_date"],))
        else:
            newest = newest_price(snapshot, row)
            severity: Severity = "high" if age.too_old else "medium"
            values = (told.price_date, str(age.sessions), str(age.limit), newest)
            kind = TOO_OLD if age.too_old else "stale_price"
            yield ShownIncident("unused_price" if newest > told.price_date else kind, severity, text, market["id"], values)
    for driver in leaning(snapshot, row):
        text = f"{market['name']}: its forecast uses {driver.name}, whose newest value is of {driver.newest_period}"
        yield ShownIncident("aged_driver", "low", text, market["id"], (driver.series, driver.newest_period))


def _models(snapshot: Snapshot) -> list[ShownIncident]:
    return [
        ShownIncident("model_damaged", "high", row["problem"], row["market"]) for row in snapshot["champions"] if row["problem"]
    ]
