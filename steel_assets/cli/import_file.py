"""``steel import``: a company's own history, from CSV, XLSX or Parquet, into the same raw storage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.bootstrap import platform
from steel_assets.cli.moments import now
from steel_assets.cli.problem import Problem
from steel_assets.sources.file_import import import_observations, read_file

LARGEST_FILE = 200 * 2**20


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet file")],
    series: Annotated[str, typer.Option(help="id of the series in the catalogue")],
    date_column: Annotated[str | None, typer.Option(help="column with the dates; found by itself when it is obvious")] = None,
    value_column: Annotated[str | None, typer.Option(help="column with the figures; found by itself when it is obvious")] = None,
    sheet: Annotated[str | None, typer.Option(help="sheet of an XLSX file; the first one by default")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False,
) -> None:
    """Import a file of dates and figures as one series. A file with a mistake is refused whole: nothing is written."""
    parts = platform()
    declared = parts.catalog.series.get(series)
    if declared is None:
        raise Problem(
            f"--series: {series!r} is not in the catalogue. Declare it in a YAML file under series/ of the folder named in "
            "STEEL_CATALOG_DIR (see docs/catalogue.md); `steel doctor` lists what is known"
        )
    if not file.is_file():
        raise Problem(f"{file}: no such file")
    if file.stat().st_size > LARGEST_FILE:
        raise Problem(f"{file}: larger than {LARGEST_FILE // 2**20} MiB; split it by years")
    moment = now()
    table = read_file(
        file.read_bytes(), file.name, declared, moment, date_column=date_column, value_column=value_column, sheet=sheet
    )
    rows = import_observations(table, declared, parts.lake.observations([series]), moment)
    key = parts.lake.append_observations(rows, "file-import", "files")
    outcome = {
        "series": series,
        "rows_read": len(table),
        "rows_new_or_changed": len(rows),
        "first": f"{table['period'].min():%Y-%m-%d}",
        "last": f"{table['period'].max():%Y-%m-%d}",
        "stored": parts.store.uri(key) if key else None,
    }
    if as_json:
        typer.echo(json.dumps(outcome))
        return
    Console().print(
        f"{series}: {len(table):,} rows read from {outcome['first']} to {outcome['last']}, "
        + (f"{len(rows):,} new or changed" if key else "nothing new, nothing written"),
        highlight=False,
    )
