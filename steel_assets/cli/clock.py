"""What time it is, for commands that need no pandas; ``dates.now`` says it as pandas has it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
