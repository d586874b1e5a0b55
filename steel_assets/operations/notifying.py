"""Telling people: what waits in the outbox goes out over the channels that are set up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from steel_assets.adapters.alerts.delivery import Round
from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.notifiers import Notifier


def notify(outbox: Outbox, notifiers: Mapping[str, Notifier], dagster_link: str) -> Round:
    """Take up what was acknowledged by link, let reminders fall due, then send what waits.

    Args:
        notifiers: the channels that are set up, by name.
        dagster_link: the address of the Dagster UI, for the links of messages.
    """
    outbox.take_up(datetime.now(UTC))
    outbox.report([], datetime.now(UTC))
    return outbox.deliver(notifiers, lambda: datetime.now(UTC), dagster_link)
