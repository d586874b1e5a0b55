"""``steel backup``: write one archive of the whole installation while it runs, check it, and restore it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.operations import backup, restore
from steel_assets.operations.dagster_files import instance_files
from steel_assets.settings import Settings, dagster_home

app = typer.Typer(
    help="Backups: one archive of lake, warehouse, Dagster instance, keys and alert state, without secrets of the environment.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="print what was done as JSON")]
Given = Annotated[Path, typer.Argument(help="the archive")]
MB = 1e6


@app.command("create")
def create(
    path: Annotated[
        Path | None, typer.Argument(help="file to write; by default steel-backup-<moment>.tar.gz in this folder")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a backup. Everything may keep running; the archive is complete, or there is none."""
    parts, moment = platform(), now()
    chosen = path or Path(f"steel-backup-{moment:%Y%m%dT%H%M%SZ}.tar.gz")
    made = backup.create(
        parts.lake, parts.warehouse, places(parts.settings), instance_files(_home()), chosen, moment, key=parts.signing_key
    )
    if as_json:
        answer = {"path": str(made.path), "files": made.files, "bytes": made.bytes, "archive_bytes": made.archive_bytes}
        typer.echo(json.dumps(answer | {"left_out": made.left_out}))
        return
    _say(f"[green]✓[/] {made.path}: {made.files} files, {made.bytes / MB:.1f} MB, {made.archive_bytes / MB:.1f} MB packed")
    _left_out(made.left_out)
    _say("No setting is in it: keep .env, the providers' keys and STEEL_SIGNING_KEY elsewhere.")


@app.command("verify")
def verify(path: Given, as_json: AsJson = False) -> None:
    """Check every byte of a backup, and that its databases open. Exit code 2: it is incomplete or damaged."""
    whole = backup.verify(path, platform().signing_key)
    manifest = whole.manifest
    if as_json:
        typer.echo(json.dumps({**manifest, "bytes": sum(whole.files.values())}))
        return
    kind = {True: "simulated", False: "real", None: "no"}[manifest["simulated"]]
    _say(
        f"[green]✓[/] {path}: whole; made {manifest['made_at']} by release {manifest['release']}, {kind} data, "
        f"{len(whole.files)} files, {sum(whole.files.values()) / MB:.1f} MB"
    )
    _left_out(manifest["left_out"])


@app.command("restore")
def put_back(
    path: Given,
    replace: Annotated[bool, typer.Option("--replace", help="move what is here aside; stop all processes first")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup to the places that the settings name. Refused if an installation is there, except with --replace."""
    parts = platform()
    done = restore.restore(
        parts.store,
        parts.warehouse,
        places(parts.settings),
        instance_files(_home()),
        path,
        now(),
        simulated=parts.settings.simulated,
        key=parts.signing_key,
        replace=replace,
    )
    if as_json:
        answer = {"made_at": done.made_at, "files": done.files, "aside": [str(path) for path in done.aside]}
        typer.echo(json.dumps(answer | {"left_out": done.left_out, "signed_lake": done.signed_lake}))
        return
    _say(f"[green]✓[/] {done.files} files of {done.made_at} are back")
    for folder in done.aside:
        _say(f"what was there is now {folder}")
    _left_out(done.left_out)
    if done.signed_lake and parts.signing_key is None:
        _say("[yellow]It was made where STEEL_SIGNING_KEY was set: set the same one before anything starts.[/]")
    _say("Look at it with: steel doctor && steel status")


def places(chosen: Settings) -> backup.Places:
    """Where an installation with the settings ``chosen`` keeps its lake, state and other files of a backup."""
    return backup.Places(chosen.home, chosen.lake_address, chosen.drop_address, chosen.catalog_dir)


def _home() -> Path:
    return (dagster_home() or Path.cwd()).absolute()


def _left_out(reasons: list[str] | tuple[str, ...]) -> None:
    for reason in reasons:
        _say(f"[yellow]not in it:[/] {reason}")


def _say(text: str) -> None:
    Console().print(text, highlight=False, soft_wrap=True)
