"""A company's own figures: what each import claimed, what the lake stored of it, and what it would have stored without another.

An import is one file, of one series or of many. What it *claimed* is every figure that was read; what it *stored* is what was
news then (``core.vintages``). When an import is withdrawn, or overridden by a correction, nobody ever knew it: the imports after
it are worked out again from their claims, as if it had never been. Raw files are not touched: a ``Rewriting`` says what to read
instead.
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
"""What ``tables.OBSERVATIONS`` calls the source of imported rows."""

Overlap = Literal["correction", "revision"]
"""What an import is to those before it: the correction of what was never true, or figures that were published later."""

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
        at: when; every import has a moment of its own, later than those before it.
        by: the user of this machine, or ``drop folder``.
        dropped: which file in the drop folder it was, so that a crash before it was moved is noticed.
        raw_file: key of the stored rows; None when nothing was new. Written last: while it is missing, the import never was.
        claims: key of ``CLAIMS``; None for imports from before there was a ledger, whose claims are what they stored.
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
        """The series that the file held, in its order."""
        return tuple(part.series for part in self.parts)

    @property
    def place(self) -> str:
        """What ``Rewriting.instead`` calls the file of this import."""
        return self.raw_file or self.id


class Rewriting(Declaration):
    """From a moment on, other files are read in place of what some imports stored: for all of time, nobody ever knew it.

    Attributes:
        subject: the import that is withdrawn or restored, or that corrects.
        overridden: the imports that were (partly) never true: the withdrawn one, or those that a correction overrides.
        counts_with: a raw file with which this takes effect, or None: at once.
        instead: ``Import.place`` → the file that is read in its place, or None: nothing.
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
    """What one import says, in the order of the imports: rows of ``CLAIMS``."""

    id: str
    at: pd.Timestamp
    rows: pd.DataFrame
    corrects: bool = False


@dataclass(frozen=True)
class Tainted:
    """Since when and until when an import that was never true was believed, of which series."""

    id: str
    file: str | None
    series: frozenset[str]
    since: pd.Timestamp
    until: pd.Timestamp
    reason: str

    def touches(self, series: Iterable[str], issued: pd.Timestamp) -> bool:
        """Whether a forecast that reads ``series`` and was issued then was issued from it."""
        return self.since <= issued < self.until and not self.series.isdisjoint(series)

    @property
    def words(self) -> str:
        """One sentence that says which import was withdrawn, when and why."""
        label = f"{self.file} ({self.id})" if self.file else self.id
        return f"import {label}, withdrawn on {self.until:%Y-%m-%d %H:%M} UTC: {self.reason}"


def claims(figures: pd.DataFrame, series: Series, at: pd.Timestamp) -> pd.DataFrame:
    """``period, value`` of one series as rows of ``CLAIMS``.

    A figure counts as published by the series' rule, but at the latest ``at``: evidently we know it.
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
    """What all rewritings (oldest first) say together: ``Import.place`` → what is read instead; and which ids are withdrawn."""
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
    """Every import that was believed for a while and is no longer, from which forecasts may have been issued."""
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
    """When a model was trained, as its version says it (``20261116T0900Z-ridge-…``); None where it does not."""
    moment = TRAINED.search(version)
    return pd.Timestamp(moment.group(1)) if moment else None
