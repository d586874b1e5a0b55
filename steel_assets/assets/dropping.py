"""Files that people drop into a folder or a bucket: imported once, moved to ``done/``, or to ``failed/`` and explained there.

A table (CSV, XLSX, Parquet) is imported when a YAML file of the same name lies beside it: ``series``, and where it is not obvious
``date_column``, ``value_column`` and ``sheet``. What was imported is known by its content, so the same file under another name,
or after a crash between importing and moving, changes nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import pandas as pd
import yaml
from pydantic import ValidationError

from steel_assets.adapters.drop_box import DropBox
from steel_assets.adapters.lake import LakeError
from steel_assets.bootstrap import Platform
from steel_assets.core.types import Declaration
from steel_assets.sources.file_import import LARGEST_BYTES, ImportRefused, import_observations, read_file

TABLES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".pq"})
LARGEST_MAPPING = 64 * 1024


class DropRefused(ValueError):
    """A dropped file cannot be imported; the message says why and what to do."""


class TableMapping(Declaration):
    """What the YAML file beside a table says."""

    series: str
    date_column: str | None = None
    value_column: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Dropped:
    """What became of one file."""

    name: str
    outcome: Literal["imported", "known already", "failed"]
    text: str


def take(platform: Platform, moment: pd.Timestamp) -> list[Dropped]:
    """Import every table that lies there with its mapping, in the order of their names; one without a mapping waits."""
    box = platform.drop_box
    there = box.names(moment)
    tables = [name for name in there if PurePosixPath(name).suffix.lower() in TABLES and _mapping_of(name) in there]
    return [_take(platform, box, table, moment) for table in tables]


def _mapping_of(table: str) -> str:
    return PurePosixPath(table).with_suffix(".yaml").name


def _take(platform: Platform, box: DropBox, table: str, moment: pd.Timestamp) -> Dropped:
    content = box.read(table, LARGEST_BYTES)
    try:
        done = _import(platform, table, content, box.read(_mapping_of(table), LARGEST_MAPPING), moment)
    except (DropRefused, ImportRefused, LakeError) as refusal:
        name = _free_name(box, table, content, "failed", moment)
        explanation = f"{table} was not imported.\n\n{refusal}\n"
        box.write("failed", f"{name}{PurePosixPath(table).suffix}.error.txt", explanation.encode())
        _move(box, table, "failed", name)
        return Dropped(table, "failed", str(refusal))
    _move(box, table, "done", _free_name(box, table, content, "done", moment))
    return done


def _import(platform: Platform, table: str, content: bytes, mapping: bytes, moment: pd.Timestamp) -> Dropped:
    told = _mapping(_mapping_of(table), mapping)
    declared = platform.catalog.series.get(told.series)
    if declared is None:
        raise DropRefused(
            f"{_mapping_of(table)}: series: {told.series!r} is not in the catalogue; `steel doctor` lists what is known"
        )
    if len(content) > LARGEST_BYTES:
        raise DropRefused(f"{table} is larger than {LARGEST_BYTES // 2**20} MiB; split it by years")
    key = f"state/dropped/{hashlib.sha256(content + told.model_dump_json().encode()).hexdigest()}.json"
    if platform.store.version(key) is not None:
        return Dropped(table, "known already", "the same file was imported before")
    figures = read_file(
        content,
        table,
        declared,
        moment,
        date_column=told.date_column,
        value_column=told.value_column,
        sheet=told.sheet,
    )
    rows = import_observations(figures, declared, platform.lake.observations([declared.id]), moment)
    platform.lake.append_observations(rows, "file-import", "files")
    note = {"name": table, "series": declared.id, "imported_at": moment.isoformat(), "new_or_changed": len(rows)}
    platform.store.put(key, json.dumps(note).encode())
    return Dropped(table, "imported", f"{len(figures):,} rows of {declared.id}, {len(rows):,} new or changed")


def _mapping(name: str, content: bytes) -> TableMapping:
    if len(content) > LARGEST_MAPPING:
        raise DropRefused(f"{name} is no mapping: it is larger than {LARGEST_MAPPING // 1024} KiB")
    try:
        return TableMapping.model_validate(yaml.safe_load(content))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DropRefused(f"{name} is not YAML; write for example: series: lme_rebar_m01") from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole of it"
        known = ", ".join(TableMapping.model_fields)
        raise DropRefused(f"{name}: {where}: {problem['msg']}; it may say {known}") from None


def _free_name(box: DropBox, table: str, content: bytes, place: str, moment: pd.Timestamp) -> str:
    """A name without its ending that neither the table nor its mapping would share with what lies in ``place``."""
    name = PurePosixPath(table).stem
    if any(box.holds(place, one) for one in (table, _mapping_of(table))):
        return f"{name}-{moment:%Y%m%dT%H%M%SZ}-{hashlib.sha256(content).hexdigest()[:6]}"
    return name


def _move(box: DropBox, table: str, place: str, name: str) -> None:
    """Both files; the table first, for without it its mapping is nothing to import."""
    box.move(table, place, f"{name}{PurePosixPath(table).suffix}")
    box.move(_mapping_of(table), place, f"{name}.yaml")
