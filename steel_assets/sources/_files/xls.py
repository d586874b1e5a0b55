"""Workbooks of Excel before 2007 (.xls)."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

from steel_assets.sources._files.archive import damaged
from steel_assets.sources._files.sheets import Sheet
from steel_assets.sources._files.table import File, Grid, Row, Unsolved

TEXT, NUMBER, DATE, BOOLEAN, ERROR = 1, 2, 3, 4, 5


def sheets(file: File) -> list[Sheet]:
    """The sheets of the workbook, in its order. The format itself bounds a sheet to 65,536 rows of 256 cells.

    Raises:
        ImportRefused: damaged, or protected by a password.
    """
    import xlrd

    try:
        book = xlrd.open_workbook(
            file_contents=file.content, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
        hidden = {name: book.sheet_by_name(name).visibility != 0 for name in book.sheet_names()}
    except Exception as error:  # xlrd raises anything on a broken workbook
        if "encrypted" in str(error).lower():
            raise file.refusal("it is protected by a password; save it without one") from None
        raise damaged(file, error) from error
    return [Sheet(name, state, partial(_table, file, book, name)) for name, state in hidden.items()]


def _table(file: File, book: Any, name: str) -> Grid:
    try:
        sheet = book.sheet_by_name(name)
        rows = [
            Row(row + 1, [_value(book, sheet, row, column) for column in range(sheet.row_len(row))]) for row in range(sheet.nrows)
        ]
    except Exception as error:  # xlrd raises anything on a broken workbook
        raise damaged(file, error) from error
    return Grid(file, rows, epoch_1904=book.datemode == 1)


def _value(book: Any, sheet: Any, row: int, column: int) -> object:
    """The displayed value of a cell. An empty text is the result of a formula that was never calculated, or is empty."""
    import xlrd

    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind == TEXT:
        return value if value else Unsolved(f"{xlrd.colname(column)}{row + 1}")
    if kind == DATE:
        return xlrd.xldate_as_datetime(value, book.datemode) if value >= 1 else value
    if kind == NUMBER:
        style = book.format_map.get(book.xf_list[sheet.cell_xf_index(row, column)].format_key)
        return f"{round(value * 100, 10):.12g}%" if style is not None and "%" in style.format_str else value
    if kind == ERROR:
        return xlrd.error_text_from_code.get(value, "#REF!")
    return bool(value) if kind == BOOLEAN else None
