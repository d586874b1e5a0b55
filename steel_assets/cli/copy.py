"""``steel lake copy`` and ``steel warehouse copy``: move an installation, for example to Google Cloud and back.

``steel lake compact`` joins the same group.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.adapters.lake.copying import copy_lake
from steel_assets.adapters.warehouse.copying import TableCopied, copy_warehouse
from steel_assets.bootstrap import store_at, warehouse_at
from steel_assets.cli.compact import lake_compact
from steel_assets.cli.problem import Problem
from steel_assets.cli.progress import progress_bar
from steel_assets.settings import settings

lake = typer.Typer(help="The lake: raw and processed data, models, predictions.", no_args_is_help=True, add_completion=False)
warehouse = typer.Typer(help="The warehouse: the platform's tables.", no_args_is_help=True, add_completion=False)

Replace = Annotated[bool, typer.Option("--replace", help="overwrite what differs at the destination")]
AsJson = Annotated[bool, typer.Option("--json", help="print the outcome as JSON")]


lake.command("compact")(lake_compact)


@lake.callback()
@warehouse.callback()
def _group() -> None:
    """Makes ``copy`` a subcommand; a Typer app with a single command would otherwise be that command itself."""


@lake.command("copy")
def lake_copy(
    source: Annotated[str, typer.Argument(help="a folder, or gs://bucket/prefix")],
    destination: Annotated[str, typer.Argument(help="a folder, or gs://bucket/prefix")],
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Copy a lake, verified by checksums. A second call continues after an interruption, or copies what is new."""
    _apart(source, destination)
    console = Console(stderr=as_json)
    with progress_bar(console) as bar:
        task = bar.add_task("objects", total=None)
        done = copy_lake(
            store_at(source, settings()),
            store_at(destination, settings()),
            replace=replace,
            on_step=lambda number, of: bar.update(task, completed=number, total=of),
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
        return
    console.print(
        f"[green]✓[/] {done.copied} objects copied ({done.bytes_copied / 1e6:.1f} MB), {done.already_there} were already there, "
        f"{done.kept} are only at the destination; every copy has its source's checksum",
        highlight=False,
    )
    if done.vanished:
        console.print(f"{done.vanished} objects were deleted from the source meanwhile: run the copy again", highlight=False)


@warehouse.command("copy")
def warehouse_copy(
    source: Annotated[str, typer.Argument(help="a DuckDB file, or bigquery://project/dataset")],
    destination: Annotated[str, typer.Argument(help="a DuckDB file, or bigquery://project/dataset")],
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Copy every table, verified by row counts and checksums. A second call changes nothing."""
    _apart(source, destination)
    console = Console(stderr=as_json)

    def say(copied: TableCopied) -> None:
        console.print(
            f"[green]✓[/] {copied.table}: {copied.rows} rows, {copied.written} written, {copied.kept} only at the destination, "
            f"checksum {copied.sha256[:12]} at both ends",
            highlight=False,
        )

    done = copy_warehouse(warehouse_at(source, settings()), warehouse_at(destination, settings()), replace=replace, on_table=say)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(copied) for copied in done]))


def _apart(source: str, destination: str) -> None:
    if source.rstrip("/") == destination.rstrip("/"):
        raise Problem(f"source and destination are both {source}")
