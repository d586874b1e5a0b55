"""What a person says of a file, by options or in a YAML file, as one ``FileMapping``; and writing one for the next file."""

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
    """The mapping in a file, if any, with the ``options`` that were given over it.

    Raises:
        Problem: an option or a key is not what it may be.
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
    """COLUMN=VALUE, several times."""
    where = {}
    for condition in texts or ():
        column, sign, value = condition.partition("=")
        if not sign or not column.strip():
            raise Problem(f"--where: {condition!r} is not COLUMN=VALUE, for example --where commodity=rebar")
        where[column.strip()] = value.strip()
    return where


def reading_options(mapping: FileMapping) -> dict[str, Any]:
    """What is said of how files of this kind are read, without what was said of this one."""
    return mapping.model_dump(mode="json", exclude_defaults=True, exclude={"overlap", "believe"})


def save_mapping(path: Path, mapping: FileMapping) -> None:
    """Write ``mapping`` as the YAML that lies beside the next file of this kind in the drop folder, or that --mapping takes.

    Raises:
        Problem: another file is there, or the folder is not.
    """
    content = yaml.safe_dump(reading_options(mapping), allow_unicode=True, sort_keys=False)
    if path.exists():
        if path.read_text() == content:
            return
        raise Problem(f"--save-mapping: {path} is there already and says something else; name another file, or remove it")
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
        raise Problem(f"--mapping: {path} is no mapping; write for example: series: lme_rebar_m01")
    return content
