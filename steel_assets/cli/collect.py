"""``steel collect``: ask every provider for what is new, as a recorded Dagster run."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.cli.river import River


def collect(as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False) -> None:
    """Collect what is new from every provider. A provider that fails is named, and never stops the others."""
    console = Console(stderr=as_json)
    with River.open(console) as river:
        report = river.run("data_collection", river.now())
    if as_json:
        typer.echo(json.dumps({"run_id": report.run_id, "success": report.success, "failed": report.failed_checks}))
    for name, reason in (report.failed_steps | report.failed_checks).items():
        console.print(f"[red]✗[/] {name}: {reason}", highlight=False)
    if not report.success or report.failed_checks:
        raise typer.Exit(1)
    console.print(f"[green]✓[/] collected in {report.seconds:.1f} s", highlight=False)
