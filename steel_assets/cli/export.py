"""``steel export``: a table as CSV, XLSX or Parquet, for Excel, Power BI, Python and other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from steel_assets import __version__
from steel_assets.adapters.exports.file import write_export
from steel_assets.adapters.exports.parquet import as_parquet
from steel_assets.adapters.exports.workbook import as_workbook
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core.exporting import Export, as_csv, export
from steel_assets.core.table_schema import Table
from steel_assets.operations.exporting import TABLES, has_markets, rows_of

NOTHING = 1
"""Exit code if no row was selected."""


class Format(StrEnum):
    """The kind of file to write."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


def export_table(
    table: Annotated[str, typer.Argument(help="name of the table, for example forecasts; an unknown name lists all")],
    market: Annotated[str | None, typer.Option(help="only rows of this market")] = None,
    since: Annotated[str | None, typer.Option(help="first day, for example 2026-01-01")] = None,
    until: Annotated[str | None, typer.Option(help="last day")] = None,
    file_format: Annotated[
        Format | None, typer.Option("--format", help="kind of file; default: what --output ends in, else csv")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="file to write; without it CSV is printed")] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="write a byte order mark, so that Excel opens a CSV as UTF-8 on a double click")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replace the file if it exists")] = False,
) -> None:
    """Write a table, or some of its rows, as CSV, as an Excel workbook or as Parquet. Exit code 1: no rows.

    Every row says whether it is simulated. A text that a spreadsheet would execute as a formula is escaped.
    """
    asked = _table(table)
    wanted = _format(file_format, output, bom=bom)
    parts = platform()
    _check_market(asked, market, list(parts.catalog.markets))
    first, last = (None if text is None else parse_day(text, option) for text, option in ((since, "--since"), (until, "--until")))
    if first is not None and last is not None and first > last:
        raise Problem(f"--since {first:%Y-%m-%d} is after --until {last:%Y-%m-%d}")
    if output is not None:
        _check_output(output, force=force)

    moment = now()
    rows = rows_of(asked, parts.catalog, parts.lake, parts.warehouse, market=market, since=first, until=last)
    if rows.empty:
        typer.echo(_nothing(asked, market, first, last), err=True)
        raise typer.Exit(NOTHING)
    exported = export(
        asked,
        rows,
        source=f"Steel Assets {__version__}",
        as_of=moment,
        simulated=parts.simulated,
        units={name: declared.target.unit for name, declared in parts.catalog.markets.items()},
    )
    content = _written(exported, wanted, bom=bom)
    if output is None:
        sys.stdout.buffer.write(content)
        if exported.simulated:
            typer.echo(exported.about, err=True)
        return
    write_export(output, content, replace=force)
    typer.echo(f"{len(rows):,} rows in {output} ({exported.about})", err=True)


def _table(name: str) -> Table:
    if name not in TABLES:
        raise Problem(f"TABLE: {name!r} is no table; there are {', '.join(TABLES)}")
    return TABLES[name]


def _format(requested: Format | None, output: Path | None, *, bom: bool) -> Format:
    ending = (output.suffix.removeprefix(".").lower() if output is not None else "") or None
    named = Format(ending) if ending in list(Format) else None
    if requested is not None and named is not None and requested != named:
        raise Problem(
            f"--format {requested}: {output} ends in .{ending}; leave --format out, or name a file that ends in .{requested}"
        )
    if requested is None and named is None and output is not None:
        raise Problem(
            f"--output: the kind of file is not known from {output}; end it in .csv, .xlsx or .parquet, or add --format"
        )
    wanted = requested or named or Format.CSV
    if output is None and wanted != Format.CSV:
        raise Problem(f"--format {wanted}: only CSV can be printed; name a file with --output, for example table.{wanted}")
    if bom and wanted != Format.CSV:
        raise Problem(f"--bom: only CSV has a byte order mark, and the format is {wanted}; leave it out")
    return wanted


def _check_market(table: Table, market: str | None, markets: list[str]) -> None:
    if market is None:
        return
    if market not in markets:
        raise Problem(f"--market: {market!r} is not in the catalogue; there are {', '.join(markets)}")
    if not has_markets(table):
        raise Problem(f"--market: the table {table.name} has no column market; leave the option out")


def _check_output(output: Path, *, force: bool) -> None:
    """Check what can be checked before anything is read.

    Raises:
        Problem: the folder does not exist, the output is a folder, or the file exists and --force is missing.
    """
    if not output.absolute().parent.is_dir():
        raise Problem(f"--output: the folder {output.absolute().parent} does not exist")
    if output.is_dir():
        raise Problem(f"--output: {output} is a folder; name a file")
    if output.exists() and not force:
        raise Problem(f"--output: {output} exists already; --force replaces it")


def _nothing(table: Table, market: str | None, first: pd.Timestamp | None, last: pd.Timestamp | None) -> str:
    chosen = [
        None if market is None else f"of {market}",
        None if first is None else f"since {first:%Y-%m-%d}",
        None if last is None else f"until {last:%Y-%m-%d}",
    ]
    said = " ".join(part for part in ("no rows in table", table.name, *chosen) if part)
    return f"{said}: nothing was written; steel status says what was collected and published"


def _written(exported: Export, format_: Format, *, bom: bool) -> bytes:
    if format_ == Format.CSV:
        return as_csv(exported, bom=bom)
    return as_workbook(exported.sheet) if format_ == Format.XLSX else as_parquet(exported)
