"""Combines a YAML file and options into one ``FileMapping``, and writes such a YAML file for the next import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from steel_assets.cli.problem import Problem
from steel_assets.core.plain_yaml import NotPlain, load_plain
from steel_assets.operations.drop_mapping import DropMapping
from steel_assets.sources.file_import import FileMapping


def given_mapping(mapping: Path | None, options: Mapping[str, Any]) -> DropMapping:
    """The mapping in the file ``mapping``, if any, overridden by ``options``.

    Raises:
        Problem: an option or a key has an invalid value.
    """
    given = {name: value for name, value in options.items() if value not in (None, False, (), [], {})}
    written = {} if mapping is None else _in_file(mapping)
    if "series" in given:
        written = {name: value for name, value in written.items() if name not in ("columns", "series_column")}
    try:
        return DropMapping.model_validate({**written, **given})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = str(problem["loc"][0]) if problem["loc"] else ""
        place = f"--{field.replace('_', '-')}: " if field in given else f"{mapping}: {field}: " if mapping else ""
        fields = DropMapping.model_fields
        known = f"; a mapping may say {', '.join(fields)}" if field and field not in fields else ""
        raise Problem(f"{place}{problem['msg'].removeprefix('Value error, ')}{known}") from None


def row_conditions(texts: Sequence[str] | None) -> dict[str, str]:
    """Conditions of the form COLUMN=VALUE as column → value."""
    where = {}
    for condition in texts or ():
        column, sign, value = condition.partition("=")
        if not sign or not column.strip():
            raise Problem(f"--where: {condition!r} is not COLUMN=VALUE, for example --where commodity=rebar")
        where[column.strip()] = value.strip()
    return where


def reading_options(mapping: FileMapping) -> dict[str, Any]:
    """The keys of ``mapping`` that describe how files of this kind are read, without those about this one file."""
    return mapping.model_dump(mode="json", exclude_defaults=True, exclude={"overlap", "believe"})


def save_mapping(path: Path, mapping: FileMapping) -> None:
    """Write ``mapping`` as YAML, for --mapping or for the drop folder beside the next file of this kind.

    Raises:
        Problem: another file is there, or the folder does not exist.
    """
    content = yaml.safe_dump(reading_options(mapping), allow_unicode=True, sort_keys=False)
    if path.exists():
        if path.read_text() == content:
            return
        raise Problem(f"--save-mapping: {path} exists already with other content; name another file, or remove it")
    if not path.parent.is_dir():
        raise Problem(f"--save-mapping: there is no folder {path.parent}")
    with path.open("x", encoding="utf-8") as file:
        file.write(content)


def _in_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise Problem(f"--mapping: {path}: no such file")
    try:
        content = load_plain(path.read_bytes())
    except NotPlain as error:
        raise Problem(f"--mapping: {path}: {error}; write for example: series: lme_rebar_m01") from error
    if not isinstance(content, dict):
        raise Problem(f"--mapping: {path} is not a mapping; write for example: series: lme_rebar_m01")
    return content
