"""What was told, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from steel_assets.core.alerts.book import Waiting
from steel_assets.core.tables import ALERTS


def alert_rows(told: Sequence[Waiting], created_at: pd.Timestamp) -> pd.DataFrame:
    """Rows of ``tables.ALERTS``: one per event, whether it still waits for a channel or not.

    Args:
        created_at: UTC, of the rows.
    """
    rows = [
        {
            "event_id": one.event.id,
            "incident_id": one.event.incident,
            "kind": one.event.kind,
            "rule": one.event.rule,
            "subject": one.event.subject,
            "severity": one.event.severity,
            "told_at": one.event.moment,
            "since": one.event.since,
            "value": one.event.value,
            "text": one.event.text,
            "sent_over": ", ".join(sorted(one.sent)),
            "waiting_for": ", ".join(sorted(one.channels)) or None,
            "refused": "; ".join(f"{channel}: {why}" for channel, why in one.refused.items()) or None,
            "simulated": one.event.simulated,
            "created_at": created_at,
        }
        for one in told
    ]
    if not rows:
        return ALERTS.empty()
    return ALERTS.enforce(pd.DataFrame(rows).drop_duplicates("event_id", keep="last"))
