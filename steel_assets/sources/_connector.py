"""The interface of connectors: their input (``Access``), their result (``Collection``), and their errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd
from pydantic import SecretStr

from steel_assets.core.responses import Http
from steel_assets.core.secrecy import blotted
from steel_assets.core.source_status import Settled
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series

SHORTEST_SECRET = 6
"""Shorter keys are public ones (demo); replacing them in answers could replace values."""


class SourceError(RuntimeError):
    """A provider's answer contains no values. The message says what came and what to do.

    Attributes:
        content: the answer, if its form is unknown.
    """

    def __init__(self, message: str, content: bytes | None = None) -> None:
        super().__init__(message)
        self.content = content


class SeriesRefused(SourceError):
    """The provider refuses the request. ``answer_text`` is its own text, shortened to one line."""

    def __init__(self, message: str, status: int, answer_text: str) -> None:
        super().__init__(message)
        self.status = status
        self.answer_text = answer_text


class Exhausted(SourceError):
    """The provider refuses the caller, not the series: further requests would only use up calls."""


class RateLimited(SourceError):
    """The provider refuses because calls came too fast: the same is asked again after each of ``pauses``.

    Attributes:
        pauses: seconds to wait before each further try.
    """

    def __init__(self, message: str, pauses: tuple[float, ...]) -> None:
        super().__init__(message)
        self.pauses = pauses


class Blocked(Exhausted):
    """The provider blocks this client, which must ask less from now on.

    Attributes:
        retry_after: seconds it asks to wait, if it says so.
    """

    def __init__(self, message: str, content: bytes | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, content)
        self.retry_after = retry_after


class Cut(SourceError):
    """Only some of the requested values came.

    Attributes:
        figures: what came (see ``_gather.Ask``).
        missing: series → what did not come, and the remedy.
    """

    def __init__(self, figures: pd.DataFrame, missing: Mapping[str, str]) -> None:
        super().__init__("; ".join(missing.values()))
        self.figures = figures
        self.missing = dict(missing)


@dataclass(frozen=True)
class ResponseLimits:
    """A provider's documented limits of one answer, which its connector observes; None if it documents none.

    How often it may be asked is in the catalogue (``catalog/sources/``), since it depends on the plan.

    Attributes:
        rows: rows of one answer.
        events: events of one answer, if they are counted separately.
        symbols: symbols of one call.
        url_letters: length of a URL, key included.
        vintages: vintage dates of one answer.
    """

    rows: int | None = None
    events: int | None = None
    symbols: int | None = None
    url_letters: int | None = None
    vintages: int | None = None


@dataclass(frozen=True)
class Access:
    """How a provider is reached, and how much is requested.

    Attributes:
        history_years: years of history in the first collection of a series.
        simulated: whether the sandbox answers in the provider's place.
        options: the installation's values of the options declared for this source, by name.
        since: request everything from this day on, whatever is known (a backfill).
        settled: series → up to where its history is known to be complete as far as the provider has it.
        retry_seconds: total time to wait when calls came too fast, per request.
        sleep: waits so many seconds.
    """

    http: Http
    base_url: str
    api_key: SecretStr | None = None
    simulated: bool = False
    history_years: int = 10
    options: Mapping[str, str] = field(default_factory=dict)
    since: pd.Timestamp | None = None
    settled: Mapping[str, Settled] = field(default_factory=dict)
    retry_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def secret(self, parameter: str) -> dict[str, SecretStr]:
        """The key as a secret parameter of a request; nothing when there is none."""
        return {} if self.api_key is None else {parameter: self.api_key}

    def without_key(self, content: bytes) -> bytes:
        """``content`` with the key replaced, however it is escaped, because some providers repeat it in answers."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        return blotted(content, key) if len(key) >= SHORTEST_SECRET else content


@dataclass(frozen=True)
class Rejected:
    """An answer of unknown form, to be stored for inspection."""

    series: str
    reason: str
    content: bytes


@dataclass(frozen=True)
class Collection:
    """The result of one collection.

    Attributes:
        observations: rows of ``tables.OBSERVATIONS``, only new or changed ones.
        problems: series → what failed and the remedy. A series without a problem was answered, even if nothing was new.
        notes: anomalies in the provider's answers, and in how many rows.
        rejected: answers of unknown form.
        silent: why the provider counts as down and was not asked further; None if it does not.
        splits: splits of shares that the provider reports: ``series``, ``period`` (the first day on the new basis), ``factor`` by
            which earlier prices change.
        suspects: rows of ``tables.OBSERVATIONS`` with a ``reason``, which are doubtful: about future days, or in another unit or
            currency than the catalogue's. None of them is among ``observations``.
    """

    observations: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    suspects: pd.DataFrame = field(default_factory=lambda: OBSERVATIONS.empty().assign(reason=pd.Series(dtype="object")))
    silent: str | None = None
    remarks: dict[str, str] = field(default_factory=dict)
    settled: dict[str, Settled] = field(default_factory=dict)
    blocked: str | None = None
    retry_after: float | None = None
    splits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"series": [], "period": [], "factor": []}))

    @classmethod
    def nothing(cls, reason: str) -> Collection:
        """The collection of a source that was not asked, with the reason."""
        return cls(OBSERVATIONS.empty(), notes={reason: 0})

    @classmethod
    def of_a_silent_provider(cls, series: Sequence[Series], reason: str) -> Collection:
        """The collection of a source that was just found to be down."""
        return cls(
            OBSERVATIONS.empty(), {declared.id: f"{declared.symbol}: not asked: {reason}" for declared in series}, silent=reason
        )


class Connector(Protocol):
    """One provider: a module with the function ``collect``."""

    def collect(self, series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, access: Access) -> Collection:
        """What is new or changed about ``series`` since ``known``.

        A series that fails is named in ``problems`` and never stops the others; nothing is raised for what a provider does.

        Args:
            known: raw observations of these series, all vintages; may be empty.
            moment: now, UTC. Figures not published by then are left for a later collection.
        """
