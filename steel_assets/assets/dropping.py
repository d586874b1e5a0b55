"""Files that people drop into a folder: imported once, then moved to ``done/``, or to ``failed/`` with an explanation beside.

A table (CSV, XLSX, Parquet) is imported when a YAML file of the same name lies beside it: ``series``, and where it is not obvious
``date_column``, ``value_column`` and ``sheet``. What was imported is known by its content, so the same file under another name,
or after a crash between importing and moving, changes nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import ValidationError

from steel_assets.adapters.lake import LakeError
from steel_assets.bootstrap import Platform
from steel_assets.core.types import Declaration
from steel_assets.sources.file_import import LARGEST_BYTES, ImportRefused, import_observations, read_file

TABLES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".pq"})
QUIET = pd.Timedelta(seconds=5)
"""A file that was changed since may still be on its way."""

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
    """Import every table that lies in the folder with its mapping, oldest name first; files without one wait."""
    folder = platform.settings.drop_folder
    return [_take(platform, table, moment) for table in _complete(folder, moment)]


def _complete(folder: Path, moment: pd.Timestamp) -> list[Path]:
    """The tables that have a mapping, both of them fully written."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in TABLES and path.is_file() and path.name[0] != ".")
    return [table for table in found if _settled(table, moment) and _settled(table.with_suffix(".yaml"), moment)]


def _settled(path: Path, moment: pd.Timestamp) -> bool:
    return path.is_file() and moment - pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC") >= QUIET


def _take(platform: Platform, table: Path, moment: pd.Timestamp) -> Dropped:
    mapping = table.with_suffix(".yaml")
    try:
        done = _import(platform, table, mapping, moment)
    except (DropRefused, ImportRefused, LakeError) as refusal:
        place = _moved(table, mapping, "failed", moment)
        (place.parent / f"{place.name}.error.txt").write_text(f"{table.name} was not imported.\n\n{refusal}\n")
        return Dropped(table.name, "failed", str(refusal))
    _moved(table, mapping, "done", moment)
    return done


def _import(platform: Platform, table: Path, mapping: Path, moment: pd.Timestamp) -> Dropped:
    told = _mapping(mapping)
    declared = platform.catalog.series.get(told.series)
    if declared is None:
        raise DropRefused(f"{mapping.name}: series: {told.series!r} is not in the catalogue; `steel doctor` lists what is known")
    if table.stat().st_size > LARGEST_BYTES:
        raise DropRefused(f"{table.name} is larger than {LARGEST_BYTES // 2**20} MiB; split it by years")
    content = table.read_bytes()
    key = f"state/dropped/{hashlib.sha256(content + told.model_dump_json().encode()).hexdigest()}.json"
    if platform.store.version(key) is not None:
        return Dropped(table.name, "known already", "the same file was imported before")
    figures = read_file(
        content,
        table.name,
        declared,
        moment,
        date_column=told.date_column,
        value_column=told.value_column,
        sheet=told.sheet,
    )
    rows = import_observations(figures, declared, platform.lake.observations([declared.id]), moment)
    platform.lake.append_observations(rows, "file-import", "files")
    note = {"name": table.name, "series": declared.id, "imported_at": moment.isoformat(), "new_or_changed": len(rows)}
    platform.store.put(key, json.dumps(note).encode())
    return Dropped(table.name, "imported", f"{len(figures):,} rows of {declared.id}, {len(rows):,} new or changed")


def _mapping(path: Path) -> TableMapping:
    if path.stat().st_size > LARGEST_MAPPING:
        raise DropRefused(f"{path.name} is no mapping: it is larger than {LARGEST_MAPPING // 1024} KiB")
    try:
        return TableMapping.model_validate(yaml.safe_load(path.read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DropRefused(f"{path.name} is not YAML; write for example: series: lme_rebar_m01") from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole of it"
        known = ", ".join(TableMapping.model_fields)
        raise DropRefused(f"{path.name}: {where}: {problem['msg']}; it may say {known}") from None


def _moved(table: Path, mapping: Path, folder: str, moment: pd.Timestamp) -> Path:
    """Both files in ``folder``, under a name that is free there; where the table is now."""
    place = table.parent / folder
    place.mkdir(exist_ok=True)
    name = table.stem
    if any((place / f"{name}{path.suffix}").exists() for path in (table, mapping)):
        name = f"{table.stem}-{moment:%Y%m%dT%H%M%SZ}-{hashlib.sha256(table.read_bytes()).hexdigest()[:6]}"
    table.replace(place / f"{name}{table.suffix}")
    mapping.replace(place / f"{name}{mapping.suffix}")
    return place / f"{name}{table.suffix}"
