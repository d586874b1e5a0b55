"""A message as a Prometheus alert: labels, annotations, start and source."""

from __future__ import annotations

from typing import Any

from steel_assets.core.alerts.message import Message, marked
from steel_assets.core.words import Language


def alert(message: Message, language: Language) -> dict[str, Any]:
    """``message`` in the fields common to Alertmanager's API and its webhook; the caller adds the end."""
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
