"""Imports files that people put into a folder or bucket, once each; moves them to ``done/``, or to ``failed/`` with a reason.

A table is imported if a YAML file of the same name lies beside it (``drop_mapping``). In a folder it counts as complete when two
scans found the same content and it ends as its kind should; others are waited for, and files in ``done/`` and ``failed/`` are
checked for changes for a while. One scan processes a bounded number of files, and scans never overlap. A process that dies at any
point leaves each file in a state from which the next scan imports it exactly once. Every other file gets a note in ``notes/``.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from steel_assets.adapters.drop_box import DONE, FAILED, DropBox, DroppedFile, NotAFile
from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake, LakeError
from steel_assets.adapters.objects.object_store import Conflict, ObjectStoreError
from steel_assets.catalog import Catalog
from steel_assets.core.plain_yaml import LARGEST_BYTES as LARGEST_MAPPING
from steel_assets.operations import drop_state
from steel_assets.operations.drop_mapping import (
    DropMapping,
    DropRefused,
    keep_notes,
    passing,
    printable,
    read_mapping,
    sorted_out,
)
from steel_assets.operations.drop_state import DropState, HandledFile
from steel_assets.operations.drop_watch import FolderScan, sha256
from steel_assets.operations.importing import FileToImport, ImportsBusy, NotImported, import_table, turn
from steel_assets.operations.rewriting import NoSuchImport, find, set_aside
from steel_assets.sources.file_import import LARGEST_BYTES, ImportRefused, ReaderUnavailable, read_table

Outcome = Literal["imported", "known already", "failed", "changed", "noted"]

BY = "drop folder"
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Dropped:
    """The outcome of one file: ``changed`` if it was incomplete when it was read, ``noted`` if it only got a note."""

    name: str
    outcome: Outcome
    text: str


def take(
    catalog: Catalog, lake: Lake, imports: ImportLedger, drop_box: DropBox, home: Path, moment: pd.Timestamp
) -> list[Dropped]:
    """Scan the drop folder once; return the outcome of each file, and the new notes.

    Raises:
        ImportsBusy: the scan before is still running.
        ObjectStoreError, ReaderUnavailable: the lake or the bucket cannot be reached, or no process that reads a file can be
        started; the files stay where they are.
    """
    with turn(home, 0, name="drop"):
        return _Scan(catalog, lake, imports, drop_box, home, moment).through()


class _Scan:
    """One scan of the drop folder."""

    def __init__(
        self, catalog: Catalog, lake: Lake, imports: ImportLedger, box: DropBox, home: Path, moment: pd.Timestamp
    ) -> None:
        self._catalog, self._lake, self._imports, self._home, self._moment = catalog, lake, imports, home, moment
        self._box, self._rule = box, catalog.rules.imports.drop
        self._before = self._saved = drop_state.load(lake.store, box)
        self._watch = FolderScan(self._box, self._rule, self._before.seen, moment)
        self._moved, self._again = dict(self._before.moved), dict(self._before.again)
        self._words: dict[str, str] = {}
        self._done: list[Dropped] = []
        self._ends = time.monotonic() + self._rule.seconds

    def through(self) -> list[Dropped]:
        for key in list(self._moved):
            self._check_again(key)
        offered = self._box.offered()
        found = sorted_out(offered.files)
        if found.tables:
            self._lake.rewritings()  # raises here if the lake cannot be read, so that no file is blamed for it
        for number, table in enumerate(sorted(found.tables, key=lambda name: (name not in self._watch.seen, name))):
            if number and time.monotonic() > self._ends:
                break
            if sum(dropped.outcome != "changed" for dropped in self._done) >= self._rule.files:
                break
            self._take(table, found.tables[table], offered.files)
        self._watch.forget(*(name for name in self._watch.seen.copy() if name not in offered.files))
        self._again = {name: entry for name, entry in self._again.items() if name in offered.files}
        for name, word in found.words.items():
            if self._watch.is_quiet(offered.files[name], long=passing(name)):
                self._words[name] = word
        for name, why in offered.odd.items():
            if not passing(name):
                self._words[printable(name)] = f"it is {why}; only files at the top are taken"
        self._words |= self._watch.words
        new_notes = keep_notes(self._box, self._before.notes, self._words)
        self._done += [Dropped(name, "noted", text) for name, text in new_notes.items()]
        self._save(notes=self._words)
        return self._done

    def _take(self, table: str, mapping: str, files: Mapping[str, DroppedFile]) -> None:
        """Import one table, unless it is incomplete. Its errors do not affect other tables."""
        try:
            content = self._watch.whole(table, files[table], LARGEST_BYTES)
            written = self._watch.whole(mapping, files[mapping], LARGEST_MAPPING, any_end=True)
        except NotAFile as error:
            self._words[table] = str(error)
            return
        if content is None or written is None:
            return
        outcome, text, import_id = self._imported(table, mapping, content, written[0])
        self._put_away(table, mapping, content, written, Dropped(table, outcome, text[:LONGEST_TEXT]), import_id)

    def _imported(
        self, table: str, mapping: str, content: tuple[bytes, DroppedFile], written: bytes
    ) -> tuple[Outcome, str, str | None]:
        try:
            options = read_mapping(mapping, written, self._catalog.series)
            if len(content[0]) > LARGEST_BYTES:
                raise DropRefused(f"{table} is larger than {LARGEST_BYTES // 2**20} MiB; split it by years")
        except DropRefused as refusal:
            return "failed", str(refusal), None
        known = self._lake.observations(options.series_ids)
        try:
            return self._stored(table, content, options, known)
        except (DropRefused, ImportRefused, NotImported, LakeError) as refusal:
            return "failed", str(refusal), None
        except (Conflict, ImportsBusy, ObjectStoreError, ReaderUnavailable):
            raise
        except Exception as error:  # noqa: BLE001  whatever a strange file raises, the others go on
            return "failed", f"{table} could not be read: {type(error).__name__}: {error}", None

    def _stored(
        self, table: str, content: tuple[bytes, DroppedFile], options: DropMapping, known: pd.DataFrame
    ) -> tuple[Outcome, str, str | None]:
        limits = self._catalog.rules.imports.reading
        reading = read_table(content[0], table, options, self._catalog.series, self._moment, known, limits)
        if table in self._again:
            self._withdraw(self._again[table], table)
        offered = FileToImport(
            file=table,
            sha256=sha256(content[0]),
            figures=reading.figures,
            by=BY,
            options=options.model_dump(mode="json", exclude_defaults=True, exclude={"overlap", "believe"}),
            overlap=options.overlap,
            believe=options.believe,
            dropped=f"{table}|{content[1].identity}",
        )
        done = import_table(self._catalog, self._lake, self._imports, self._home, offered, self._moment)
        if done.known_already:
            return "known already", f"the same file was imported before (import {done.entry.id})", done.entry.id
        names = ", ".join(done.entry.series[:3]) + (
            f" and {len(done.entry.series) - 3} more" if len(done.entry.series) > 3 else ""
        )
        assumed = f" ({'; '.join(reading.assumptions)})" if reading.assumptions else ""
        return "imported", f"{done.rows_read:,} rows of {names}, {done.rows_new:,} new or changed{assumed}", done.entry.id

    def _put_away(
        self,
        table: str,
        mapping: str,
        content: tuple[bytes, DroppedFile],
        written: tuple[bytes, DroppedFile],
        outcome: Dropped,
        import_id: str | None,
    ) -> None:
        """Move both files, the table first: a mapping alone is not imported."""
        place = FAILED if outcome.outcome == "failed" else DONE
        names = self._free_names(place, (table, mapping), content[0])
        moved = HandledFile(
            table=table,
            mapping=mapping,
            place=place,
            table_now=names[0],
            mapping_now=names[1],
            mapping_sha256=sha256(written[0]),
            version=content[1].version,
            sha256=sha256(content[0]),
            at=self._moment.to_pydatetime(),
            import_id=import_id,
        )
        try:
            if place == FAILED:
                explanation = f"{table} was not imported.\n\n{outcome.text}\n"
                self._box.write(FAILED, f"{names[0]}.error.txt", explanation.encode(errors="backslashreplace"))
            self._moved[f"{place}/{names[0]}"] = moved
            self._save()
            if self._box.move(table, place, names[0], content[1]):
                self._box.move(mapping, place, names[1], written[1])
        except OSError as error:
            self._moved.pop(f"{place}/{names[0]}", None)
            self._words[table] = f"it was dealt with and cannot be moved to {place}/: {error.strerror or error}"
            if self._before.notes.get(table) == self._words[table]:
                return  # its note says so already
        else:
            self._moved[f"{place}/{names[0]}"] = moved.model_copy(update={"arrived": True})
            self._watch.forget(table, mapping)
            self._again.pop(table, None)
        self._done.append(outcome)

    def _free_names(self, place: str, names: tuple[str, str], content: bytes) -> tuple[str, str]:
        """Names that are not taken in ``place``."""
        if not any(self._box.holds(place, name) for name in names):
            return names
        tag = f"-{self._moment:%Y%m%dT%H%M%SZ}-{sha256(content)[:6]}"
        table, mapping = (f"{PurePosixPath(name).stem}{tag}{PurePosixPath(name).suffix}" for name in names)
        return table, mapping

    def _check_again(self, key: str) -> None:
        """Finish a move in which a process died, and move back a file that was changed since."""
        one, box = self._moved[key], self._box
        try:
            if not one.arrived:
                self._moved[key] = one = one.model_copy(update={"arrived": True})
                if box.holds(one.place, one.table_now) and not box.holds("", one.table) and box.holds("", one.mapping):
                    content, found = box.read(one.mapping, LARGEST_MAPPING)
                    if sha256(content) == one.mapping_sha256:
                        box.move(one.mapping, one.place, one.mapping_now, found)
            version = box.version(one.place, one.table_now) if box.grows else None
            if version is None or self._moment - pd.Timestamp(one.at) > pd.Timedelta(days=self._rule.watched_days):
                del self._moved[key]
            elif version != one.version:
                content, found = box.read(one.table_now, LARGEST_BYTES, one.place)
                if sha256(content) == one.sha256:
                    self._moved[key] = one.model_copy(update={"version": found.version})
                else:
                    self._bring_back(key, one, found)
        except OSError as error:
            self._moved.pop(key, None)
            self._words[key] = f"it cannot be looked at again: {error.strerror or error}"

    def _bring_back(self, key: str, moved: HandledFile, file: DroppedFile) -> None:
        sentence = f"{key} was changed after it was dealt with: its writer was not done"
        if moved.import_id is not None and file.is_the_file_of(moved.version):
            self._again[moved.table] = moved.import_id
            self._save()
        if not self._box.bring_back(moved.place, moved.table_now, moved.table):
            self._again.pop(moved.table, None)
            self._words[key] = f"{sentence}. Another {moved.table} lies at the top: drop this one again under another name"
            return
        del self._moved[key]
        self._box.bring_back(moved.place, moved.mapping_now, moved.mapping)
        if moved.place == FAILED:
            self._box.remove(FAILED, f"{moved.table_now}.error.txt")
        self._done.append(Dropped(moved.table, "changed", f"{sentence}; it is read again"))

    def _withdraw(self, name: str, table: str) -> None:
        """Withdraw the import of a file whose writer was not finished: its values were never true."""
        with turn(self._home):
            try:
                entry = find(self._imports, name)
            except NoSuchImport:
                return
            reason = f"{table} was not whole: it was changed afterwards"
            set_aside(self._catalog, self._lake, self._imports, entry, "withdrawal", reason, BY, self._moment)

    def _save(self, notes: dict[str, str] | None = None) -> None:
        state = DropState(
            seen=self._watch.seen,
            moved=self._moved,
            again=self._again,
            notes=dict(self._before.notes) if notes is None else notes,
        )
        drop_state.save(self._lake.store, self._box, state, self._saved)
        self._saved = state
