"""A message as an alert of Prometheus: what names it, what is to be read, since when, and where it comes from."""

from __future__ import annotations

from typing import Any

from steel_assets.core.alerts.message import Message, marked
from steel_assets.core.words import Language


def alert(message: Message, language: Language) -> dict[str, Any]:
    """``message`` in the fields that Alertmanager's API and its webhook share; when it ends is said by whoever sends it."""
    labels = {"alertname": "SteelAssets", "cause": message.cause, "severity": message.severity, "case": message.case}
    return {
        "labels": labels | {"simulated": str(message.simulated).lower()},
        "annotations": {
            "summary": marked(message.title, language, simulated=message.simulated),
            "description": "\n".join(f"{label}: {text}" for label, text in message.facts),
        },
        "startsAt": message.since.isoformat(),
        "generatorURL": message.link,
    }
