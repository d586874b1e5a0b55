"""The open incidents of the alert state by cause, in the words of their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steel_assets.core.alerts.alert_state import AlertState
from steel_assets.core.alerts.incidents import Incident
from steel_assets.core.alerts.listing import open_events
from steel_assets.core.alerts.naming import market_of
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.wording import title, worst_first


def incidents(alert_state: AlertState, rulebook: Rulebook | None, now: datetime) -> list[dict[str, Any]]:
    """Every cause of open incidents, worst first; ``covers`` lists rule, and market or else subject.

    Args:
        rulebook: the alert rules as published; None if an older release published, and then there are no texts.
        now: UTC.
    """
    if rulebook is None:
        return [_without_words(incident) for incident in alert_state.open_incidents]
    return [
        {
            "rule": event.rule,
            "title": title(event, rulebook),
            "title_es": title(event, rulebook, "es"),
            "subject": market_of(worst_first(event)[0], rulebook) or event.subject,
            "severity": event.severity,
            "since": f"{event.since:%Y-%m-%dT%H:%M:%SZ}",
            "text": event.text,
            "cause": event.cause,
            "covers": [[item.rule, market_of(item, rulebook) or item.subject] for item in event.items],
        }
        for event in open_events(alert_state.incidents, now, rulebook)
    ]


def _without_words(incident: Incident) -> dict[str, Any]:
    return {
        "rule": incident.rule,
        "title": incident.rule,
        "subject": incident.subject,
        "severity": incident.severity,
        "since": f"{incident.since:%Y-%m-%dT%H:%M:%SZ}" if incident.since else None,
        "text": incident.text,
    }
