"""``steel upgrade``: an installation of an older release goes on under this one; what it changes is said and backed up."""

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
"""Exit code of ``--check`` where something would be changed."""


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="only say what would be changed; exit code 1: something")] = False,
    backup: Annotated[Path | None, typer.Option(help="file for the backup that is made before; default in this folder")] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="there is a backup already")] = False,
    plain_events: Annotated[
        bool, typer.Option("--plain-events", help="only write events as plain text, as a former release reads them")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as JSON")] = False,
) -> None:
    """Bring what an older release left here to this one: databases, tables, assets, what is served. --check only says what.

    Done again, it adds nothing. Stop the daemon, the UI and the service first. Runs, tables, models and files stay; nothing is
    trained or issued anew.
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
        raise Problem("the events of this instance are not in SQLite files: nothing is compressed there")
    count = write_plain(history)
    typer.echo(json.dumps({"plain_events": count}) if as_json else f"{count} texts of events were written as plain text")


def _say(changes: dict[str, list[str]], what: str, kept: Path | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"release": __version__, what.replace(" ", "_"): changes, "backup": str(kept) if kept else None}))
        return
    if not changes:
        typer.echo(f"everything here is of release {__version__}: nothing to do")
    for name, sentences in changes.items():
        for sentence in sentences:
            typer.echo(f"{name}: {sentence}")
    if kept:
        typer.echo(f"as it was before: {kept}. Back: check out the former release, then steel backup restore {kept} --replace")
