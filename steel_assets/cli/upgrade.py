"""``steel upgrade``: bring the data of an earlier release to this one, after listing the changes and writing a backup."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from steel_assets import __version__
from steel_assets.assets.packed_run import write_plain
from steel_assets.assets.runs import instance_here
from steel_assets.assets.upgrade import parts_of, plan
from steel_assets.assets.upgrade import upgrade as upgraded
from steel_assets.bootstrap import platform
from steel_assets.cli.backup import places
from steel_assets.cli.problem import Problem
from steel_assets.definitions import installation
from steel_assets.operations.backup import create
from steel_assets.operations.dagster_files import instance_files, instance_home
from steel_assets.settings import dagster_home

PENDING = 1
"""Exit code of ``--check`` if something would be changed."""


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="only list what would be changed; exit code 1 if anything")] = False,
    backup: Annotated[Path | None, typer.Option(help="file of the backup that is written first; default in this folder")] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="write no backup, because you have one")] = False,
    plain_events: Annotated[
        bool, typer.Option("--plain-events", help="only rewrite events as plain text, which earlier releases read")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as JSON")] = False,
) -> None:
    """Upgrade the data of an earlier release: databases, tables, assets, the snapshot. --check only lists the changes.

    Stop the daemon, the UI and the service first. Runs, tables, models and files are kept; no model is trained and no forecast
    issued. A second call changes nothing.
    """
    if plain_events:
        _write_plain(as_json=as_json)
        return
    parts, now = platform(), datetime.now(UTC)
    with instance_here() as instance:
        found = parts_of(instance, parts, parts.outbox, parts.snapshots, installation(), now)
        wanted = plan(found)
        if check:
            _say(wanted, "would be changed", None, as_json=as_json)
            raise typer.Exit(PENDING if wanted else 0)
        kept = None
        if wanted and not no_backup:
            home = (dagster_home() or Path.cwd()).absolute()
            path = backup or Path(f"steel-before-{__version__}-{now:%Y%m%dT%H%M%SZ}.tar.gz")
            moment = pd.Timestamp(now).floor("s")
            folders = places(parts.settings)
            kept = create(parts.lake, parts.warehouse, folders, instance_files(home), path, moment, key=parts.signing_key).path
        done = upgraded(found)
    _say(done, "changed", kept, as_json=as_json)


def _write_plain(*, as_json: bool) -> None:
    history = instance_files(instance_home()).history
    if history is None:
        raise Problem("--plain-events: this instance does not store events in SQLite files, so none are compressed")
    count = write_plain(history)
    typer.echo(json.dumps({"plain_events": count}) if as_json else f"{count} texts of events were written as plain text")


def _say(changes: dict[str, list[str]], what: str, kept: Path | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"release": __version__, what.replace(" ", "_"): changes, "backup": str(kept) if kept else None}))
        return
    if not changes:
        typer.echo(f"all data are of release {__version__}: nothing to do")
    for name, sentences in changes.items():
        for sentence in sentences:
            typer.echo(f"{name}: {sentence}")
    if kept:
        typer.echo(
            f"backup of the former state: {kept}. To go back, install the former release, then steel backup restore "
            f"{kept} --replace"
        )
