"""Excel workbooks since 2007 (.xlsx, .xlsm), read sheet by sheet and row by row, with a limit on unpacked size.

Formulas are read with their stored result; one without is not an empty cell, so each sheet is searched for those too.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from datetime import date
from functools import cached_property, partial
from typing import Any
from xml.etree import ElementTree

from steel_assets.sources._files.archive import archive_parts, damaged
from steel_assets.sources._files.sheets import Sheet
from steel_assets.sources._files.table import (
    MOST_COLUMNS,
    MOST_LINES,
    File,
    ImportRefused,
    Row,
    Unsolved,
    is_blank,
)

WORKBOOK = "xl/workbook.xml"


def sheets(file: File) -> list[Sheet]:
    """The sheets of the workbook, in its order.

    Raises:
        ImportRefused: damaged, no workbook, or larger unpacked than what is read.
    """
    _check_kind(file)
    book = _book(file)
    return [
        Sheet(sheet.title, sheet.sheet_state != "visible", partial(XlsxTable, file, book, sheet.title))
        for sheet in book.worksheets
    ]


class XlsxTable:
    """One sheet."""

    exact_width = False
    point_is_decimal = False

    def __init__(self, file: File, book: Any, name: str) -> None:
        from openpyxl.utils.datetime import CALENDAR_MAC_1904

        self._file, self._sheet = file, book[name]
        self._sheet.reset_dimensions()  # the size stated in the file may be wrong
        self.epoch_1904 = book.epoch == CALENDAR_MAC_1904
        self.assumed: dict[str, str] = {}

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """See ``FileTable``; the number is Excel's own."""
        try:
            for number, cells in enumerate(self._sheet.iter_rows(), start=1):
                if number > MOST_LINES:
                    raise self._file.too_many_rows()
                if len(cells) > MOST_COLUMNS:
                    raise self._file.too_many_columns(len(cells), f"row {number}")
                unsolved = self._unsolved.get(number, {})
                values = [
                    unsolved.get(place) or _value(cell) if columns is None or place in columns else None
                    for place, cell in enumerate(cells)
                ]
                if not all(is_blank(value) for value in values):
                    yield Row(number, values)
        except ImportRefused:
            raise
        except Exception as error:  # openpyxl raises anything on a broken workbook
            raise damaged(self._file, error) from error

    @cached_property
    def _unsolved(self) -> dict[int, dict[int, Unsolved]]:
        """Formulas without a stored result, by row and column. An empty text (t="str") is a result."""
        from openpyxl.utils.cell import column_index_from_string, coordinate_from_string

        found: dict[int, dict[int, Unsolved]] = {}
        for place in self._formulas_without_result():
            letters, row = coordinate_from_string(place)
            found.setdefault(row, {})[column_index_from_string(letters) - 1] = Unsolved(place)
        return found

    def _formulas_without_result(self) -> Iterator[str]:
        with zipfile.ZipFile(io.BytesIO(self._file.content)) as archive:
            part = archive.read(self._sheet._worksheet_path)
        if b"<f" not in part and b":f" not in part:
            return
        for _, element in ElementTree.iterparse(io.BytesIO(part)):  # noqa: S314 entities were refused by archive_parts
            tag = element.tag.rpartition("}")[2]
            if tag == "c":
                formula, result = (next((child for child in element if child.tag.endswith(f"}}{name}")), None) for name in "fv")
                solved = result is not None and (result.text or element.get("t") == "str")
                if formula is not None and not solved:
                    yield element.get("r", "A1")
            elif tag == "row":
                element.clear()


def _value(cell: Any) -> object:
    """The displayed value of a cell: a share in a cell with per cent format is its percentage."""
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{round(value * 100, 10):.12g}%"
    return value if value is None or isinstance(value, str | int | float | date) else str(value)


def _book(file: File) -> Any:
    import openpyxl

    try:
        return openpyxl.load_workbook(io.BytesIO(file.content), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises anything on a broken workbook
        raise damaged(file, error) from error


def _check_kind(file: File) -> None:
    if WORKBOOK not in archive_parts(file):
        raise file.refusal("it is a zip archive, not an Excel workbook; unpack it first")
