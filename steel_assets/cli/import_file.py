"""``steel import``: import a company's own history from a text file, a workbook or Parquet into raw storage."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import now
from steel_assets.cli.file_mapping import given_mapping, reading_options, row_conditions, save_mapping
from steel_assets.cli.file_preview import preview_json, preview_of_no_series, print_assumptions, print_preview
from steel_assets.cli.imports import user_name
from steel_assets.cli.problem import Problem
from steel_assets.operations.importing import FileToImport, Imported, import_table
from steel_assets.sources.file_import import LARGEST_BYTES, FileMapping, FileReading, read_table

FOUND = "else it is found"
READING = "How the file is read"
SAID = "What it is"


def _option(help_text: str, *names: str, panel: str = READING, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help_text, rich_help_panel=panel, metavar=metavar)


def import_file(
    file: Annotated[Path, typer.Argument(help="text (.csv .tsv .txt), a workbook (.xlsx .xlsm .xlsb .xls .ods) or .parquet")],
    series: Annotated[str | None, typer.Option(help="id of the series in the catalogue")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="YAML file with these options, also for several series of one file")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="show what would be read and why, without writing")] = False,
    save_as: Annotated[
        Path | None, typer.Option("--save-mapping", help="write a YAML file for the next file of this kind")
    ] = None,
    sheet: Annotated[str | None, _option(f"of a workbook; {FOUND}")] = None,
    header_row: Annotated[int | None, _option(f"its number, from 1; 0: there is none; {FOUND}")] = None,
    date_column: Annotated[list[str] | None, _option(f"its name; repeated: year, month, day; {FOUND}")] = None,
    date_format: Annotated[str | None, _option("%d/%m/%Y and the like; excel, excel-1904, unix, unix-ms")] = None,
    day_first: Annotated[bool, _option("03/04/2024 is 3 April", "--day-first")] = False,
    month_first: Annotated[bool, _option("03/04/2024 is 4 March", "--month-first")] = False,
    value_column: Annotated[str | None, _option(f"its name; {FOUND}")] = None,
    decimal: Annotated[str | None, _option(f"the decimal mark, . or , ; {FOUND}")] = None,
    scale: Annotated[float | None, _option("multiply each figure, for example 0.01 for cents")] = None,
    where: Annotated[list[str] | None, _option("only these rows; repeatable", metavar="COLUMN=VALUE")] = None,
    encoding: Annotated[str | None, _option(f"of a text; {FOUND}")] = None,
    correction: Annotated[bool, _option("earlier imports of these periods were never true", "--correction", panel=SAID)] = False,
    revision: Annotated[bool, _option("published later: earlier figures stay what was known", "--revision", panel=SAID)] = False,
    believe: Annotated[bool, _option("the figures that are doubted are true", "--believe", panel=SAID)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False,
) -> None:
    """Import a file of dates and values. A file with any error is refused as a whole, and nothing is written.

    Assumptions are printed. Values that can be read in two ways are refused; the message shows both, and the option that decides.
    docs/files.md has the command for common sources. List imports with `steel imports list`; undo one with `steel imports
    withdraw`.
    """
    if correction and revision:
        raise Problem("--correction or --revision, not both: were the earlier figures never true, or published earlier?")
    given = given_mapping(
        mapping,
        {
            "series": series,
            "sheet": sheet,
            "header_row": header_row,
            "date_column": tuple(date_column or ()),
            "date_format": date_format,
            "day_first": day_first,
            "month_first": month_first,
            "value_column": value_column,
            "decimal": decimal,
            "scale": scale,
            "where": row_conditions(where),
            "encoding": encoding,
            "overlap": "correction" if correction else "revision" if revision else None,
            "believe": believe,
        },
    )
    parts = platform()
    limits = parts.catalog.rules.imports.reading
    if preview and not given.series_ids:
        reading = preview_of_no_series(_content(file), file.name, given, now(), limits)
    else:
        _check_series(parts.catalog, given)
        known = parts.lake.observations(given.series_ids)
        content, moment = _content(file), now()
        reading = read_table(content, file.name, given, parts.catalog.series, moment, known, limits)
    if save_as is not None:
        save_mapping(save_as, reading.mapping)
    if preview:
        typer.echo(json.dumps(preview_json(reading))) if as_json else print_preview(reading)
        return
    offered = FileToImport(
        file=file.name,
        sha256=hashlib.sha256(content).hexdigest(),
        figures=reading.figures,
        by=user_name(),
        options=reading_options(given),
        overlap=given.overlap,
        believe=given.believe,
    )
    done = import_table(parts.catalog, parts.lake, parts.imports, parts.home, offered, moment)
    _print(parts.store, reading, done, as_json=as_json)


def _check_series(catalog: Catalog, mapping: FileMapping) -> None:
    if not mapping.series_ids:
        raise Problem(
            "--series: say which series of the catalogue the figures are, or name a --mapping; `steel doctor` lists them"
        )
    absent = [series_id for series_id in mapping.series_ids if series_id not in catalog.series]
    if absent:
        raise Problem(
            f"--series: {absent[0]!r} is not in the catalogue. Declare it in a YAML file under series/ of the folder named in "
            "STEEL_CATALOG_DIR (see docs/catalogue.md); `steel doctor` lists what is known"
        )


def _content(file: Path) -> bytes:
    if not file.is_file():
        raise Problem(f"{file}: no such file")
    if file.stat().st_size > LARGEST_BYTES:
        raise Problem(f"{file}: larger than {LARGEST_BYTES // 2**20} MiB; split it by years")
    return file.read_bytes()


def _print(store: ObjectStore, reading: FileReading, done: Imported, *, as_json: bool) -> None:
    key = None if done.known_already else done.entry.raw_file
    new = {part.series: 0 if done.known_already else part.rows_new for part in done.entry.parts}
    outcomes: dict[str, dict[str, Any]] = {
        name: {
            "rows_read": len(figures),
            "rows_new_or_changed": new.get(name, 0),
            "first": f"{figures['period'].min():%Y-%m-%d}",
            "last": f"{figures['period'].max():%Y-%m-%d}",
        }
        for name, figures in reading.figures.items()
    }
    if as_json:
        only = next(iter(outcomes))
        answer = {"series": only, **outcomes[only]} if len(outcomes) == 1 else {"series": outcomes}
        stored = {"stored": store.uri(key) if key else None, "import": done.entry.id}
        typer.echo(json.dumps({**answer, **stored, **reading.as_json}))
        return
    console = Console(highlight=False)
    for name, outcome in outcomes.items():
        news = (
            f"{outcome['rows_new_or_changed']:,} new or changed (import {done.entry.id})"
            if key
            else "nothing new, nothing written"
        )
        console.print(
            f"{name}: {outcome['rows_read']:,} rows read from {outcome['first']} to {outcome['last']}, {news}", soft_wrap=True
        )
    print_assumptions(console, reading)
