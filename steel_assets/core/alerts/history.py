"""Events (messages that were due) as rows of the table of alerts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from steel_assets.core.alerts.alert_state import Waiting
from steel_assets.core.tables import ALERTS


def alert_rows(sent: Sequence[Waiting], created_at: pd.Timestamp) -> pd.DataFrame:
    """Rows of ``tables.ALERTS``: one per event, whether it still waits for a channel or not.

    Args:
        created_at: UTC, of the rows.
    """
    rows = [
        {
            "event_id": waiting.event.id,
            "incident_id": waiting.event.incident,
            "kind": waiting.event.kind,
            "rule": waiting.event.rule,
            "subject": waiting.event.subject,
            "severity": waiting.event.severity,
            "told_at": waiting.event.moment,
            "since": waiting.event.since,
            "value": waiting.event.value,
            "text": waiting.event.text,
            "sent_over": ", ".join(sorted(waiting.sent)),
            "waiting_for": ", ".join(sorted(waiting.channels)) or None,
            "refused": "; ".join(f"{channel}: {why}" for channel, why in waiting.refused.items()) or None,
            "simulated": waiting.event.simulated,
            "created_at": created_at,
        }
        for waiting in sent
    ]
    if not rows:
        return ALERTS.empty()
    return ALERTS.enforce(pd.DataFrame(rows).drop_duplicates("event_id", keep="last"))
