"""What a connector is given, what it gives back, and how it says no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import quote

import pandas as pd
from pydantic import SecretStr

from steel_assets.core.answers import Http
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series

SHORTEST_SECRET = 6
"""Shorter keys are public ones (demo); blotting them out could blot out figures."""


class SourceError(RuntimeError):
    """A provider answered, but not with figures. The message says what came and what to do.

    Attributes:
        content: the answer, when its shape is not one we know.
    """

    def __init__(self, message: str, content: bytes | None = None) -> None:
        super().__init__(message)
        self.content = content


class Refused(SourceError):
    """The provider refuses what was asked for. ``said`` is its own words, short and on one line."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class Exhausted(SourceError):
    """The provider refuses the caller, not the series: asking for another one would only cost another call."""


@dataclass(frozen=True)
class Access:
    """How a provider is reached, and how much is asked of it.

    Attributes:
        history_years: how far back the first collection of a series goes.
        simulated: True when the sandbox answers in the provider's place.
        outputsize: Alpha Vantage's: compact is the last 100 rows, full needs a paid key.
        since: ask again for everything from this day on, whatever is known (a backfill).
    """

    http: Http
    base_url: str
    api_key: SecretStr | None = None
    simulated: bool = False
    history_years: int = 10
    outputsize: Literal["compact", "full"] = "compact"
    since: pd.Timestamp | None = None

    def secret(self, parameter: str) -> dict[str, SecretStr]:
        """The key as a secret parameter of a request; nothing when there is none."""
        return {} if self.api_key is None else {parameter: self.api_key}

    def without_key(self, content: bytes) -> bytes:
        """``content`` with the key blotted out, as it is and as a URL writes it: some providers repeat it in their answers."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        if len(key) >= SHORTEST_SECRET:
            for written in (key, quote(key, safe="")):
                content = content.replace(written.encode(), b"***")
        return content


@dataclass(frozen=True)
class Rejected:
    """An answer of a shape we do not know, to be kept aside."""

    series: str
    reason: str
    content: bytes


@dataclass(frozen=True)
class Collection:
    """What one collection brought.

    Attributes:
        observations: rows of ``tables.OBSERVATIONS``, only what is new or changed.
        problems: series → what failed and the remedy. A series without a problem was answered, even if nothing was new.
        notes: oddities of the provider that were seen, and in how many rows.
        rejected: answers of unknown shape.
        silent: why the provider counts as down and was not asked further; None when it is not.
        suspects: rows of ``tables.OBSERVATIONS`` with a ``reason``, that are not to be believed as they are: about days that have
            not come, or in another unit or currency than the catalogue's. None of them is among ``observations``.
    """

    observations: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    suspects: pd.DataFrame = field(default_factory=lambda: OBSERVATIONS.empty().assign(reason=pd.Series(dtype="object")))
    silent: str | None = None

    @classmethod
    def nothing(cls, reason: str) -> Collection:
        """The collection of a source that was not asked, and why."""
        return cls(OBSERVATIONS.empty(), notes={reason: 0})

    @classmethod
    def of_a_silent_provider(cls, series: Sequence[Series], reason: str) -> Collection:
        """The collection of a source that was just found to be down."""
        return cls(OBSERVATIONS.empty(), {one.id: f"{one.symbol}: not asked: {reason}" for one in series}, silent=reason)


class Connector(Protocol):
    """One provider. A module with this function is one."""

    def collect(self, series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
        """What is new or changed about ``series`` since ``known``.

        A series that fails is named in ``problems`` and never stops the others; nothing is raised for what a provider does.

        Args:
            known: raw observations of these series, all vintages; may be empty.
            moment: now, UTC. Figures not published by then are left for a later collection.
        """
