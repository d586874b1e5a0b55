"""Imports of a company's own data: what each claimed, what the lake stored of it, and what it would have stored otherwise.

An import is one file with one or more series. Its *claims* are all values read; what it *stored* are those that were new then
(``core.vintages``). When an import is withdrawn, or overridden by a correction, later imports are computed again from their
claims as if it had never existed. Raw files are not changed: a ``Rewriting`` says what to read instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from steel_assets.core.asof import new_or_changed
from steel_assets.core.calendars import publication_moments
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Declaration, Series

SOURCE = "file_import"
"""The source of imported rows in ``tables.OBSERVATIONS``."""

Overlap = Literal["correction", "revision"]
"""The relation of an import to earlier ones: a correction of values that were never true, or values published later."""

TRAINED = re.compile(r"(?:^|-)(\d{8}T\d{4,6}Z)(?:-|$)")

Kind = Literal["withdrawal", "restoration", "correction"]

CLAIMS = Table(
    name="import_claims",
    description="Every figure that one import read, news or not.",
    columns=tuple(column for column in OBSERVATIONS.columns if column.name in ("series", "period", "value", "published_at")),
    key=("series", "period"),
)


class ImportedSeries(Declaration):
    """One series of an import: how much was read and new or changed, and the periods that the file covers (ISO days)."""

    series: str
    rows_read: int
    rows_new: int
    first: str
    last: str


class Import(Declaration):
    """One entry of the ledger of imports.

    Attributes:
        at: time of import; unique, and later than that of the imports before.
        by: the user of this machine, or ``drop folder``.
        dropped: which file in the drop folder it was, to detect a crash before the file was moved.
        raw_file: key of the stored rows; None if nothing was new. It is written last: until then the import does not exist.
        claims: key of ``CLAIMS``; None for imports from before the ledger, whose claims are what they stored.
    """

    id: str
    at: datetime
    file: str | None = None
    sha256: str | None = None
    by: str | None = None
    options: Mapping[str, Any] = {}
    overlap: Overlap | None = None
    believed: bool = False
    parts: tuple[ImportedSeries, ...]
    dropped: str | None = None
    raw_file: str | None = None
    claims: str | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """The series in the file, in its order."""
        return tuple(part.series for part in self.parts)

    @property
    def place(self) -> str:
        """The key of this import's file in ``Rewriting.instead``."""
        return self.raw_file or self.id


class Rewriting(Declaration):
    """Says which files are read instead of what some imports stored, for every moment of the past.

    Attributes:
        subject: the import that is withdrawn or restored, or that corrects.
        overridden: the imports that were (partly) never true: the withdrawn one, or those that a correction overrides.
        counts_with: a raw file; the rewriting takes effect once it exists. None for at once.
        instead: ``Import.place`` → the file to read instead, or None for nothing.
    """

    kind: Kind
    subject: str
    overridden: tuple[str, ...]
    series: tuple[str, ...]
    at: datetime
    by: str
    reason: str
    counts_with: str | None = None
    instead: Mapping[str, str | None]


@dataclass(frozen=True)
class Claim:
    """The claims of one import, in the order of the imports: rows of ``CLAIMS``."""

    id: str
    at: pd.Timestamp
    rows: pd.DataFrame
    corrects: bool = False


@dataclass(frozen=True)
class Tainted:
    """The time in which a withdrawn import was in use, and its series."""

    id: str
    file: str | None
    series: frozenset[str]
    since: pd.Timestamp
    until: pd.Timestamp
    reason: str

    def touches(self, series: Iterable[str], issued: pd.Timestamp) -> bool:
        """Whether a forecast that reads ``series`` and was issued at ``issued`` may have used the import."""
        return self.since <= issued < self.until and not self.series.isdisjoint(series)

    @property
    def words(self) -> str:
        """One sentence that says which import was withdrawn, when and why."""
        label = f"{self.file} ({self.id})" if self.file else self.id
        return f"import {label}, withdrawn on {self.until:%Y-%m-%d %H:%M} UTC: {self.reason}"


def claims(figures: pd.DataFrame, series: Series, at: pd.Timestamp) -> pd.DataFrame:
    """``period, value`` of one series as rows of ``CLAIMS``.

    A value counts as published by the series' rule, but at the latest ``at``, since it is known then.
    """
    by_rule = publication_moments(pd.DatetimeIndex(figures["period"]), series.frequency, series.published)
    published = pd.Series(by_rule, index=figures.index).clip(upper=at)
    return CLAIMS.enforce(figures[["period", "value"]].assign(series=series.id, published_at=published))


def stored(rows: pd.DataFrame, known: pd.DataFrame, at: pd.Timestamp, *, simulated: bool = False) -> pd.DataFrame:
    """What is new or changed in ``rows`` of ``CLAIMS`` against ``known``, as rows of ``tables.OBSERVATIONS``."""
    news = new_or_changed(rows.assign(dated=False), known, at)
    return OBSERVATIONS.enforce(news.assign(collected_at=at, source=SOURCE, simulated=simulated))


def without_periods(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """``rows`` without every (series, period) that ``others`` has too."""
    keys = pd.MultiIndex.from_frame(rows[["series", "period"]])
    return rows[~keys.isin(pd.MultiIndex.from_frame(others[["series", "period"]]))]


def replayed(claimed: Sequence[Claim], others: pd.DataFrame, *, simulated: bool = False) -> dict[str, pd.DataFrame]:
    """What each import would have stored if only ``claimed`` had ever been imported: id → rows of ``tables.OBSERVATIONS``.

    Args:
        claimed: the imports in effect, oldest first. What a correction claims overrides the same periods of those before it.
        others: observations of the same series that did not come from files.
    """
    found: dict[str, pd.DataFrame] = {}
    for number, entry in enumerate(claimed):
        rows = entry.rows
        for later in claimed[number + 1 :]:
            rows = without_periods(rows, later.rows) if later.corrects else rows
        known = pd.concat([others[others["collected_at"] <= entry.at], *found.values()], ignore_index=True)
        found[entry.id] = stored(rows, known, entry.at, simulated=simulated)
    return found


def in_effect(rewritings: Iterable[Rewriting]) -> tuple[dict[str, str | None], set[str]]:
    """The effect of all rewritings (oldest first): ``Import.place`` → what is read instead; and ids of withdrawn imports."""
    instead: dict[str, str | None] = {}
    withdrawn: set[str] = set()
    for rewriting in rewritings:
        instead |= rewriting.instead
        if rewriting.kind == "withdrawal":
            withdrawn.add(rewriting.subject)
        elif rewriting.kind == "restoration":
            withdrawn.discard(rewriting.subject)
    return instead, withdrawn


def tainted(imports: Mapping[str, Import], rewritings: Sequence[Rewriting]) -> list[Tainted]:
    """Every import that was in use for a while and is withdrawn; forecasts may have been issued from it."""
    _, withdrawn = in_effect(rewritings)
    found = []
    for rewriting in rewritings:
        if rewriting.kind == "restoration" or (rewriting.kind == "withdrawal") != (rewriting.subject in withdrawn):
            continue
        for wrong in rewriting.overridden:
            if wrong in imports:
                entry = imports[wrong]
                series = frozenset(entry.series) & frozenset(rewriting.series)
                since, until = pd.Timestamp(entry.at), pd.Timestamp(rewriting.at)
                found.append(Tainted(wrong, entry.file, series, since, until, rewriting.reason))
    return found


def trained_at(version: str) -> pd.Timestamp | None:
    """When a model was trained, from its version (``20261116T0900Z-ridge-…``); None if that does not tell."""
    moment = TRAINED.search(version)
    return pd.Timestamp(moment.group(1)) if moment else None
