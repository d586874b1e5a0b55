"""A table as an Excel workbook: a sheet of rows, and a sheet that describes the columns.

A text stays a text whatever it begins with: its cell has that type and the mark of an apostrophe, so it is not executed when
somebody edits it either. What Excel cannot hold is refused, not cut: rows beyond its last, texts beyond 32,767 characters.
Excel's times have no zone and no microseconds: the header says UTC.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from steel_assets.core.csv_text import is_formula
from steel_assets.core.sheet import ExportError, ExportSheet, Heading

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

Written = Any
"""A sheet that is written row by row; the stubs of openpyxl do not know its columns and filters."""

LONGEST_TITLE = 31
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
FIRST_DAY = date(1900, 3, 1)
"""Excel counts days correctly only from here on: it treats 1900 as a leap year and has no earlier dates."""

ABOVE_ROWS = 2
"""The line about the rows, and the header."""

WIDTHS = {"date": 12, "timestamp": 20, "bool": 10, "int": 10, "float": 14, "string": 22}
LARGEST_EXACT = 2**53
"""The largest whole number that Excel, which knows only floats, does not round."""


def as_workbook(sheet: ExportSheet) -> bytes:
    """``sheet`` as an XLSX file, with a second sheet that describes the columns.

    Raises:
        ExportError: Excel cannot hold it.
    """
    if len(sheet.rows) + ABOVE_ROWS > MOST_ROWS:
        raise ExportError(
            f"{len(sheet.rows):,} rows are more than a sheet of Excel holds ({MOST_ROWS - ABOVE_ROWS:,}): choose fewer with "
            "--market, --since and --until, or another --format"
        )
    _check_texts(sheet)
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _rows(book.create_sheet(sheet.name[:LONGEST_TITLE]), sheet)
    _definitions(book.create_sheet("definitions"), sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _check_texts(sheet: ExportSheet) -> None:
    """Check all texts before anything is written, because an unfinished workbook leaves temporary files.

    Raises:
        ExportError: Excel cannot hold one.
    """
    for place, heading in enumerate(sheet.headings):
        if heading.kind != "string":
            continue
        longest = max((len(row[place]) for row in sheet.rows if isinstance(row[place], str)), default=0)
        if longest > LONGEST_TEXT:
            raise ExportError(
                f"{heading.name} has a text of {longest:,} characters; a cell of Excel holds {LONGEST_TEXT:,}: choose another "
                "--format"
            )


def _rows(written: Written, sheet: ExportSheet) -> None:
    from openpyxl.utils import get_column_letter

    written.freeze_panes = f"A{ABOVE_ROWS + 1}"
    for place, heading in enumerate(sheet.headings, start=1):
        width = max(WIDTHS[heading.kind], len(heading.name) + 4)
        written.column_dimensions[get_column_letter(place)].width = width
    written.append([_bold(written, sheet.about, warns=sheet.simulated)])
    written.append([_bold(written, heading.shown) for heading in sheet.headings])
    formats = [_format(heading) for heading in sheet.headings]
    for row in sheet.rows:
        written.append([_cell(written, value, shown) for value, shown in zip(row, formats, strict=True)])
    written.auto_filter.ref = f"A{ABOVE_ROWS}:{get_column_letter(len(sheet.headings))}{len(sheet.rows) + ABOVE_ROWS}"


def _definitions(written: Written, sheet: ExportSheet) -> None:
    for letter, width in (("A", 24), ("B", 14), ("C", 16), ("D", 100), ("E", 14)):
        written.column_dimensions[letter].width = width
    for name, value in sheet.facts:
        _append(written, [_bold(written, name), value])
    written.append([])
    written.append([_bold(written, name) for name in ("column", "type", "unit", "meaning", "may be empty")])
    for heading in sheet.headings:
        empty = "yes" if heading.may_be_empty else "no"
        _append(written, [heading.name, heading.kind, heading.unit, heading.meaning, empty])


def _append(sheet: Written, values: Iterable[Any]) -> None:
    sheet.append([_cell(sheet, value, None) if isinstance(value, str | int) else value for value in values])


def _cell(sheet: Written, value: Any, shown: str | None) -> Cell | None:
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


def _text(sheet: Written, text: str) -> Cell:
    """A cell of type text; characters that a workbook cannot hold become �."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("�", text))
    cell.data_type = "s"
    if is_formula(text):
        cell.quotePrefix = True
    return cell


def _bold(sheet: Written, text: str, *, warns: bool = False) -> Cell:
    from openpyxl.styles import Font

    cell = _text(sheet, text)
    cell.font = Font(bold=True, color="00C00000" if warns else None)
    return cell


def _format(heading: Heading) -> str | None:
    if heading.kind == "float":
        return "#,##0.00##" if heading.unit else "General"
    return {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss", "int": "0"}.get(heading.kind)
