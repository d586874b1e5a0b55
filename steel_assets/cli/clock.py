"""The present time for commands that do without pandas; ``dates.now`` is the same as a pandas Timestamp."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present time, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
