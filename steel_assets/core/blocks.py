"""Pauses after a provider blocks us: each refusal in a row makes the pause longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

FIRST_PAUSE = pd.Timedelta(minutes=30)
LONGEST_PAUSE = pd.Timedelta(hours=23)
"""Short enough that the daily collection still asks once."""


@dataclass(frozen=True)
class Block:
    """A provider's block: since when, how many refusals in a row, until when it is not asked, and its message.

    ``since`` and ``until`` are UTC.
    """

    since: pd.Timestamp
    times: int
    until: pd.Timestamp
    reason: str

    def __str__(self) -> str:
        return (
            f"not asked before {self.until:%Y-%m-%d %H:%M} UTC: it has shut us out {self.times} times in a row since "
            f"{self.since:%Y-%m-%d %H:%M} UTC. {self.reason}"
        )

    def to_json(self) -> dict[str, object]:
        """As plain values; ``from_json`` reads them."""
        times = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {**times, "times": self.times, "reason": self.reason}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Block:
        """The block that ``to_json`` gave.

        Raises:
            KeyError, TypeError, ValueError: ``values`` have another form.
        """
        since, until = (pd.Timestamp(str(values[name])).tz_convert("UTC") for name in ("since", "until"))
        return cls(since, int(values["times"]), until, str(values["reason"]))


def blocked_again(before: Block | None, moment: pd.Timestamp, reason: str, retry_after: float | None) -> Block:
    """The block after one more refusal at ``moment``; ``retry_after`` is how many seconds the provider asks to wait."""
    times = before.times + 1 if before else 1
    pause = min(FIRST_PAUSE * 4 ** min(times - 1, 8), LONGEST_PAUSE)
    if retry_after is not None:
        pause = min(max(pause, pd.Timedelta(seconds=min(retry_after, 1e6))), LONGEST_PAUSE)
    return Block(before.since if before else moment, times, moment + pause, reason)
