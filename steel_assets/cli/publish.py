"""``steel publish``: what the service answers from is read anew, and put in force as one."""

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
    """Publish what the lake and the warehouse hold now; every job does so at its end. Exit code 1: not everything was whole."""
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
    """After a command changed what the service tells of what is published; nothing before the first publication.

    What the command did stays done where publishing fails: it says so, and the remedy.
    """
    if snapshots.token() is None:
        return
    try:
        put_in_force(inputs, snapshots, now())
    except Problem as error:
        typer.echo(f"the service does not know yet ({error}); tell it with: steel publish", err=True)
