"""What the platform's own watch has found: its open incidents."""

from __future__ import annotations

from typing import Any

from steel_assets.bootstrap import Platform
from steel_assets.serving.publication.warehouse import Tables


def incidents(platform: Platform, tables: Tables) -> list[dict[str, Any]]:
    """Every open incident of the alert rules, worst first."""
    titles = platform.catalog.alerts
    return [
        {
            "rule": one.rule,
            "title": titles[one.rule].title if one.rule in titles else one.rule,
            "subject": one.subject,
            "severity": one.severity,
            "since": f"{one.since:%Y-%m-%dT%H:%M:%SZ}" if one.since else None,
            "text": one.text,
        }
        for one in platform.outbox.book().open_incidents
    ]
