"""``steel publish``: build a new snapshot for the service and put it in force."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.adapters.lake.snapshots import SnapshotStore
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.core.problem import Problem
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publishing import publish as put_in_force


def publish(as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False) -> None:
    """Publish the present data of lake and warehouse; every job does this at its end. Exit code 1: some part failed."""
    parts = platform()
    done = put_in_force(parts, parts.snapshots, now())
    if as_json:
        answer = {
            "version": done.pointer.version,
            "changed": done.changed,
            "place": done.place,
            "forecasts": dict(done.forecasts),
        }
        typer.echo(json.dumps(answer | {"problems": dict(done.problems), "passed_over": dict(done.passed_over)}))
    else:
        console = Console(highlight=False)
        word = "published" if done.changed else "nothing has changed since"
        console.print(f"{word} {done.pointer.version}: forecasts of {len(done.forecasts)} markets", soft_wrap=True)
        if done.failed:
            console.print(done.failed, markup=False, soft_wrap=True)
    raise typer.Exit(1 if done.failed else 0)


def publish_again(inputs: Inputs, snapshots: SnapshotStore) -> None:
    """Publish after a command changed what the service shows; does nothing before the first publication.

    If publishing fails, what the command did is kept, and the error and its remedy are printed.
    """
    if snapshots.token() is None:
        return
    try:
        put_in_force(inputs, snapshots, now())
    except Problem as error:
        typer.echo(f"this was not published yet ({error}); publish it with: steel publish", err=True)
