"""Imports one table into the lake, for ``steel import`` and for the drop folder.

The whole file is imported or nothing: it is compared with earlier imports, checked like collected values, and stored with its
entry in the ledger, which is written last.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from steel_assets.adapters.lake.import_ledger import FOLDER, GROUP, ImportLedger, import_id, parts_of
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.machine.disk import make_folder
from steel_assets.catalog import Catalog
from steel_assets.core.anomaly_detection import anomaly_reasons_of_all
from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.imports import SOURCE, Import, Overlap, claims, stored, without_periods
from steel_assets.core.overlap import difference
from steel_assets.core.problem import Problem
from steel_assets.operations.repairs import mend_imports
from steel_assets.operations.rewriting import in_effect_now, rewrite

LONGEST_TURN_SECONDS = 120.0
"""Seconds that one import waits for another."""

FASTEST_CLOCK = pd.Timedelta(minutes=1)
"""An import dated further in the future than this was made with a wrong clock, or this machine's clock is wrong."""

SHOWN = 5


class NotImported(Problem, ValueError):
    """A file was not imported: the message says why, and which option a person can use. Nothing was written."""


class ImportsBusy(Problem):
    """Another process imports or withdraws for too long. Nothing was written; try again."""


@dataclass(frozen=True)
class FileToImport:
    """A file as read, with its owner's options.

    Attributes:
        figures: series → ``period, value``.
        options: how it was read, for the ledger.
        dropped: the file's name in the drop folder.
        simulated: True only for values that the sandbox made.
    """

    file: str
    sha256: str
    figures: Mapping[str, pd.DataFrame]
    by: str
    options: Mapping[str, Any] = field(default_factory=dict)
    overlap: Overlap | None = None
    believe: bool = False
    dropped: str | None = None
    simulated: bool = False


@dataclass(frozen=True)
class Imported:
    """The outcome of an import: its entry in the ledger, and whether that existed before."""

    entry: Import
    known_already: bool = False

    @property
    def rows_read(self) -> int:
        """Rows of values in the file, over all series."""
        return sum(part.rows_read for part in self.entry.parts)

    @property
    def rows_new(self) -> int:
        """Rows that the lake did not hold before; 0 if the same file was imported already."""
        return 0 if self.known_already else sum(part.rows_new for part in self.entry.parts)


@contextmanager
def turn(home: Path, seconds: float = LONGEST_TURN_SECONDS, name: str = "imports") -> Iterator[None]:
    """A context in which no other process of this machine imports or withdraws. A process that dies releases the lock.

    Raises:
        ImportsBusy: another process held the lock for longer than ``seconds``.
    """
    lock = home / "turns" / f"{name}.lock"
    make_folder(lock.parent)
    try:
        held = FileLock(lock, timeout=seconds).acquire()
    except Timeout as error:
        raise ImportsBusy(f"another process has been at it for more than {seconds:g} s ({lock}); try again") from error
    with held:
        yield


def import_table(
    catalog: Catalog, lake: Lake, imports: ImportLedger, home: Path, offered: FileToImport, now: pd.Timestamp
) -> Imported:
    """Store what is new in a file, with its entry in the ledger.

    A file counts as known already if its series were last imported from the same content, or if it is still in the drop folder
    because a process died before moving it.

    Raises:
        NotImported: its values are doubtful or contradict an earlier import, and no option accepts them.
        ImportsBusy: another import takes too long.
        LakeError: the values are simulated and the lake is real, or the other way round.
    """
    with turn(home):
        mend_imports(lake, imports)
        entries, (_, withdrawn) = imports.imports(), in_effect_now(lake)
        before = [imported for imported in entries.values() if imported.id not in withdrawn]
        again = _known_already(offered, list(entries.values()), before)
        if again is not None:
            return Imported(again, known_already=True)
        at = _moment(now, before)
        series = [catalog.series[name] for name in offered.figures]
        claimed = pd.concat([claims(offered.figures[declared.id], declared, at) for declared in series], ignore_index=True)
        known = lake.observations(offered.figures)
        correcting = offered.overlap == "correction"
        if offered.overlap is None:
            _compare(catalog, claimed, known)
        elif correcting:
            known = pd.concat([known[known["source"] != SOURCE], without_periods(known[known["source"] == SOURCE], claimed)])
        rows = stored(claimed, known, at, simulated=offered.simulated)
        if not offered.believe:
            _believe(catalog, rows, known)
        raw = lake.prepared(rows, FOLDER, GROUP) if len(rows) else None
        entry = Import(
            id=import_id(at, offered.sha256),
            at=at.to_pydatetime(),
            file=offered.file,
            sha256=offered.sha256,
            by=offered.by,
            options=offered.options,
            overlap=offered.overlap,
            believed=offered.believe,
            parts=parts_of(claimed, rows),
            dropped=offered.dropped,
            raw_file=raw[0] if raw else None,
        )
        if correcting and raw:
            rewrite(catalog, lake, imports, "correction", entry, f"corrected by {offered.file}", offered.by, at, claimed)
        return Imported(imports.add(entry, claimed, raw[1] if raw else None))


def _known_already(offered: FileToImport, imports: list[Import], before: list[Import]) -> Import | None:
    """The earlier import of this file: the same dropped file, or the same content as its series' latest import; else None."""
    for entry in imports:
        if offered.dropped is not None and (entry.dropped, entry.sha256) == (offered.dropped, offered.sha256):
            return entry
    latest = {name: imported for imported in before for name in imported.series}
    mine = {one.id: one for name in offered.figures if (one := latest.get(name))}
    if len(mine) != 1 or not set(offered.figures) <= set(latest):
        return None
    [one] = mine.values()
    same = (one.sha256, dict(one.options), set(one.series)) == (offered.sha256, dict(offered.options), set(offered.figures))
    return one if same and offered.overlap in (None, one.overlap) else None


def _moment(now: pd.Timestamp, before: list[Import]) -> pd.Timestamp:
    """A unique time of import: now, or just after the import before."""
    if not before:
        return now
    newest = pd.Timestamp(before[-1].at)
    if newest > now + FASTEST_CLOCK:
        raise NotImported(
            f"import {before[-1].id} is dated {newest:%Y-%m-%d %H:%M:%S} UTC, and this clock says {now:%Y-%m-%d %H:%M:%S}; "
            "correct the clock, or withdraw that import if it was the clock of then that was wrong"
        )
    return max(now, newest + pd.Timedelta(microseconds=1))


def _compare(catalog: Catalog, claimed: pd.DataFrame, known: pd.DataFrame) -> None:
    """Refuse a file that differs widely from earlier imports of the same series."""
    imported = asof(known[known["source"] == SOURCE], END_OF_TIME)
    found = []
    for name, figures in claimed.groupby("series"):
        mine = imported.loc[imported["series"] == name, ["period", "value"]]
        differs = difference(figures[["period", "value"]], mine, catalog.series[str(name)], catalog.rules.imports.overlap)
        if differs is not None:
            found.append(f"{name}: {differs}")
    if found:
        raise NotImported(
            f"{'; '.join(found[:SHOWN])}. Say which it is: --correction (what was imported before was never true: it is taken "
            "back for all of time), or --revision (these figures were published later: both stay known, each in its time). In a "
            "mapping: `overlap: correction` or `overlap: revision`"
        )


def _believe(catalog: Catalog, rows: pd.DataFrame, known: pd.DataFrame) -> None:
    """Refuse values that would be quarantined if a provider had sent them."""
    names = sorted(set(rows["series"]))
    reasons = anomaly_reasons_of_all(rows, known, [catalog.series[name] for name in names]).dropna()
    if reasons.empty:
        return
    shown = [f"{rows.at[at, 'series']} {rows.at[at, 'period']:%Y-%m-%d}: {reason}" for at, reason in reasons.iloc[:SHOWN].items()]
    more = f"; and {len(reasons) - SHOWN:,} more" if len(reasons) > SHOWN else ""
    raise NotImported(
        f"{len(reasons):,} of {len(rows):,} figures are not believed. {'; '.join(shown)}{more}. Correct the file (its unit, its "
        "decimal mark, its column), or say that they are true: --believe (in a mapping: `believe: true`)"
    )
