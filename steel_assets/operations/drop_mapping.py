"""Sorts the files in the drop folder: tables with their mappings, and everything else, which gets a note in ``notes/``.

A note is written once and removed when its cause is gone.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import ValidationError

from steel_assets.adapters.drop_box import NOTES, PASSING, DropBox
from steel_assets.adapters.objects.object_store import KEY
from steel_assets.core.imports import Overlap
from steel_assets.core.plain_yaml import NotPlain, load_plain
from steel_assets.sources.file_import import TABLE_ENDINGS, FileMapping

COMPRESSED = frozenset({".gz", ".zip"})
MAPPING = ".yaml"
EXAMPLE = "series: lme_rebar_m01"


class DropRefused(ValueError):
    """A dropped file cannot be imported; the message says why and what to do."""


class DropMapping(FileMapping):
    """The content of the YAML file beside a table: the options of ``steel import``, under the same names.

    Attributes:
        overlap: how the file relates to earlier imports, if it differs widely from them (correction or revision).
        believe: accept values that look doubtful.
    """

    overlap: Overlap | None = None
    believe: bool = False


@dataclass(frozen=True)
class Sorted:
    """Tables with the names of their mappings, in order, and a text about each other file."""

    tables: dict[str, str]
    words: dict[str, str]


def sorted_out(names: Iterable[str]) -> Sorted:
    """Which of ``names`` (the files at the top) are tables with a mapping, and what the others are."""
    there = sorted(names)
    found = {name: mapping for name in there if _is_table(name) and (mapping := _mapping_of(name, there))}
    shared = {mapping: [table for table in found if found[table] == mapping] for mapping in found.values()}
    tables = {table: mapping for table, mapping in found.items() if len(shared[mapping]) == 1}
    words = {name: _word(name, shared, found) for name in there if name not in tables and name not in tables.values()}
    return Sorted(tables, words)


def read_mapping(name: str, content: bytes, series: Iterable[str]) -> DropMapping:
    """The mapping in a YAML file.

    Args:
        series: ids of the series that exist.

    Raises:
        DropRefused: it is not a valid mapping.
    """
    try:
        options = load_plain(content)
    except NotPlain as error:
        raise DropRefused(f"{name}: {error}; write for example: {EXAMPLE}") from error
    try:
        mapping = DropMapping.model_validate(options)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole of it"
        raise DropRefused(f"{name}: {where}: {problem['msg']}; it may say {', '.join(DropMapping.model_fields)}") from None
    if not mapping.series_ids:
        raise DropRefused(f"{name}: series: say which series the table fills, for example: {EXAMPLE}")
    known = set(series)
    for series_id in mapping.series_ids:
        if series_id not in known:
            raise DropRefused(f"{name}: series: {series_id!r} is not in the catalogue; `steel doctor` lists what is known")
    return mapping


def passing(name: str) -> bool:
    """Whether the name is one that programs give to files while writing them; such a file is mentioned only if it stays."""
    return name.startswith(PASSING)


def _is_table(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in TABLE_ENDINGS | COMPRESSED and not passing(name)


def _mapping_names(table: str) -> list[str]:
    """Possible names of a table's mapping, the most specific first: ``a.csv.gz.yaml``, ``a.csv.yaml``, ``a.yaml``."""
    path = PurePosixPath(table)
    found = [f"{table}{MAPPING}", path.with_suffix(MAPPING).name]
    if path.suffix.lower() in COMPRESSED and PurePosixPath(path.stem).suffix.lower() in TABLE_ENDINGS:
        found.append(PurePosixPath(path.stem).with_suffix(MAPPING).name)
    return found


def _mapping_of(table: str, names: list[str]) -> str | None:
    return next((name for name in _mapping_names(table) if name in names), None)


def _word(name: str, shared: dict[str, list[str]], words: dict[str, str]) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    tables = shared.get(words.get(name, name), [])
    if len(tables) > 1:
        return f"{words.get(name, name)} stands beside several tables; give each one of its own: {tables[0]}{MAPPING}"
    if _is_table(name):
        return f"a table without a mapping: put {PurePosixPath(name).with_suffix(MAPPING).name} beside it, for example: {EXAMPLE}"
    if suffix == MAPPING:
        stem = PurePosixPath(name).stem
        return f"a mapping without a table: put its table beside it, for example {stem if _is_table(stem) else f'{stem}.csv'}"
    if suffix == ".yml":
        return f"a mapping ends in {MAPPING}; rename it"
    kinds = ", ".join(sorted(TABLE_ENDINGS | COMPRESSED))
    return f"nothing is known to do with its ending; a table ends in {kinds}, a mapping in {MAPPING}"


SHOWN_NAME = 100


def keep_notes(box: DropBox, before: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """Make the notes in ``box`` say ``words`` (by file name) instead of ``before``; return the new texts."""
    new = {name: text for name, text in words.items() if before.get(name) != text}
    notes = dict(new)
    for name in [*new, *(gone for gone in before if gone not in words)]:
        try:
            if name in new:
                box.write(NOTES, _file(name), f"{name}: {new[name]}\n".encode(errors="backslashreplace"))
            else:
                box.remove(NOTES, _file(name))
        except OSError as error:  # a folder that takes no notes: `steel status` has them
            notes[name] = f"{new.get(name, '')} (no note could be written: {error.strerror or error})".strip()
    return notes


def printable(name: str) -> str:
    """A user-given name, shortened, with printable characters only."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name.encode(errors="backslashreplace").decode())
    return plain if len(plain) <= SHOWN_NAME else f"{plain[:SHOWN_NAME]}… ({hashlib.sha256(plain.encode()).hexdigest()[:8]})"


def _file(name: str) -> str:
    if KEY.fullmatch(name) and "/" not in name:
        return f"{name}.txt"
    plain = re.sub("[^A-Za-z0-9._-]", "_", name).lstrip("._-")[:60] or "name"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.txt"
