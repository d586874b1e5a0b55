"""An export as a workbook for Excel: a sheet of rows, and a sheet that says what every column means.

A text stays a text whatever it begins with: its cell is of that type and marked as typed with an apostrophe, so that it is not
run when somebody edits it either. What Excel cannot hold is refused rather than cut: rows beyond its last, a text beyond 32,767
characters. Its moments have no zone and no microseconds: the header says UTC.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from steel_assets.core.csv_text import is_formula
from steel_assets.core.exporting import Export, ExportError
from steel_assets.core.tables import Column

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

Sheet = Any
"""A sheet that is written row by row; the stubs of openpyxl do not know its columns and filters."""

MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
FIRST_DAY = date(1900, 3, 1)
"""Excel counts days from here rightly; it takes 1900 for a leap year and knows nothing before."""

ABOVE_ROWS = 2
"""The line about the rows, and the header."""

WIDTHS = {"date": 12, "timestamp": 20, "bool": 10, "int": 10, "float": 14, "string": 22}
LARGEST_EXACT = 2**53
"""The largest whole number that Excel, which knows only floats, does not round."""


def as_workbook(exported: Export) -> bytes:
    """``exported`` as an XLSX file.

    Raises:
        ExportError: Excel cannot hold it.
    """
    if len(exported.rows) + ABOVE_ROWS > MOST_ROWS:
        raise ExportError(
            f"{len(exported.rows):,} rows are more than a sheet of Excel holds ({MOST_ROWS - ABOVE_ROWS:,}): choose fewer with "
            "--market, --since and --until, or another --format"
        )
    _check_texts(exported)
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _rows(book.create_sheet(exported.table.name), exported)
    _definitions(book.create_sheet("definitions"), exported)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _check_texts(exported: Export) -> None:
    """Raises ExportError, before anything is written: a workbook that is given up half-way leaves its parts about."""
    for column in exported.table.columns:
        if column.dtype != "string":
            continue
        longest = exported.rows[column.name].str.len().max()
        if longest > LONGEST_TEXT:
            raise ExportError(
                f"{column.name} has a text of {longest:,.0f} characters; a cell of Excel holds {LONGEST_TEXT:,}: choose another "
                "--format"
            )


def _rows(sheet: Sheet, exported: Export) -> None:
    from openpyxl.utils import get_column_letter

    columns = exported.table.columns
    sheet.freeze_panes = f"A{ABOVE_ROWS + 1}"
    for place, column in enumerate(columns, start=1):
        width = max(WIDTHS[column.dtype], len(column.name) + 4)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append([_bold(sheet, exported.about, warns=exported.simulated)])
    sheet.append([_bold(sheet, _named(column, exported.unit(column))) for column in columns])
    formats = [_format(column) for column in columns]
    for row in exported.values():
        sheet.append([_cell(sheet, value, shown) for value, shown in zip(row, formats, strict=True)])
    sheet.auto_filter.ref = f"A{ABOVE_ROWS}:{get_column_letter(len(columns))}{len(exported.rows) + ABOVE_ROWS}"


def _definitions(sheet: Sheet, exported: Export) -> None:
    for letter, width in (("A", 24), ("B", 14), ("C", 16), ("D", 100), ("E", 14)):
        sheet.column_dimensions[letter].width = width
    simulated = "SIMULATED DATA" if exported.simulated else "no row says that it is simulated"
    facts = [
        ("table", exported.table.name),
        ("meaning", exported.table.description),
        ("source", exported.source),
        ("as of", f"{exported.as_of:%Y-%m-%dT%H:%M:%SZ}"),
        ("simulated", simulated),
        ("rows", len(exported.rows)),
        ("one row per", ", ".join(exported.table.key)),
        *((f"unit of {market}", unit) for market, unit in exported.units.items()),
    ]
    for name, value in facts:
        _append(sheet, [_bold(sheet, name), value])
    sheet.append([])
    sheet.append([_bold(sheet, name) for name in ("column", "type", "unit", "meaning", "may be empty")])
    for column in exported.table.columns:
        empty = "yes" if column.nullable else "no"
        _append(sheet, [column.name, column.dtype, exported.unit(column), column.description, empty])


def _append(sheet: Sheet, values: Iterable[Any]) -> None:
    sheet.append([_cell(sheet, value, None) if isinstance(value, str | int) else value for value in values])


def _cell(sheet: Sheet, value: Any, shown: str | None) -> Cell | None:
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    if isinstance(value, date) and (value.date() if isinstance(value, datetime) else value) < FIRST_DAY:
        return _text(sheet, value.isoformat())
    if (isinstance(value, float) and math.isinf(value)) or (isinstance(value, int) and abs(value) > LARGEST_EXACT):
        return _text(sheet, str(value))
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    if shown is not None:
        cell.number_format = shown
    return cell


def _text(sheet: Sheet, text: str) -> Cell:
    """A cell of the type text; characters that no workbook may hold are shown as �."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("�", text))
    cell.data_type = "s"
    if is_formula(text):
        cell.quotePrefix = True
    return cell


def _bold(sheet: Sheet, text: str, *, warns: bool = False) -> Cell:
    from openpyxl.styles import Font

    cell = _text(sheet, text)
    cell.font = Font(bold=True, color="00C00000" if warns else None)
    return cell


def _named(column: Column, unit: str) -> str:
    return f"{column.name} [{unit}]" if unit else column.name


def _format(column: Column) -> str | None:
    if column.dtype == "float":
        return "#,##0.00##" if column.unit else "General"
    return {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss", "int": "0"}.get(column.dtype)
