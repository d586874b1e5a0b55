"""Binary Excel workbooks (.xlsb).

python-calamine reads the cells. It expands a sheet to one block from its first to its last cell, however far apart, and leaves
errors of formulas empty; so the records of each sheet are searched for both before.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from steel_assets.sources._files.archive import archive_parts, damaged
from steel_assets.sources._files.sheets import Sheet
from steel_assets.sources._files.table import MOST_COLUMNS, MOST_LINES, File, Grid, ImportRefused, Row

WORKBOOK, RELATIONS = "xl/workbook.bin", "xl/_rels/workbook.bin.rels"
ROW, CELLS, ERROR_CELLS, SHEET = 0, range(1, 12), (3, 11), 156
"""Numbers of the records: a row begins; cells of all kinds; cells that hold an error; a sheet of the workbook."""

ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#GETTING_DATA"}
MOST_CELLS = 20_000_000
"""Of the block from the first to the last cell of a sheet, empty ones included."""


@dataclass
class _Extent:
    rows: int = 0
    columns: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def sheets(file: File) -> list[Sheet]:
    """The sheets of the workbook, in its order.

    Raises:
        ImportRefused: damaged, no workbook, protected, or larger than what is read.
    """
    if WORKBOOK not in archive_parts(file):
        raise file.refusal("it is a zip archive, not a binary Excel workbook; unpack it first")
    try:
        extents = _extents(file)
        book = _book(file)
        found = [(sheet.name, str(sheet.visible).rpartition(".")[2] != "Visible") for sheet in book.sheets_metadata]
    except ImportRefused:
        raise
    except Exception as error:  # zipfile, struct, ElementTree and calamine raise anything on a broken workbook
        raise damaged(file, error) from error
    return [Sheet(name, hidden, partial(_table, file, book, name, extents[name])) for name, hidden in found if name in extents]


def _book(file: File) -> Any:
    import python_calamine

    return python_calamine.load_workbook(io.BytesIO(file.content))


def _table(file: File, book: Any, name: str, extent: _Extent) -> Grid:
    try:
        rows = [list(cells) for cells in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
    except Exception as error:  # calamine raises anything on a broken workbook
        raise damaged(file, error) from error
    for (row, column), text in extent.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    return Grid(file, [Row(number, cells) for number, cells in enumerate(rows, start=1)])


def _extents(file: File) -> dict[str, _Extent]:
    """By sheet, how far its cells reach, and its errors.

    Raises:
        ImportRefused: a sheet reaches further than what is read.
    """
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        targets = {
            element.get("Id"): element.get("Target", "")
            for element in ElementTree.fromstring(archive.read(RELATIONS))  # noqa: S314 entities were refused by archive_parts
        }
        names = [_sheet(record) for number, record in _records(archive.read(WORKBOOK)) if number == SHEET]
        parts = {name: PurePosixPath("xl") / targets[relation].removeprefix("/xl/") for relation, name in names}
        found = {name: _extent(archive.read(str(part))) for name, part in parts.items() if part.parent.name == "worksheets"}
    for name, extent in found.items():
        if extent.rows > MOST_LINES or extent.columns > MOST_COLUMNS or extent.rows * extent.columns > MOST_CELLS:
            raise file.refusal(
                f"sheet {name!r} reaches to row {extent.rows:,} and column {extent.columns:,}; keep the table alone, "
                f"of at most {MOST_COLUMNS:,} columns"
            )
    return found


def _extent(part: bytes) -> _Extent:
    extent, row = _Extent(), 0
    for number, record in _records(part):
        if number == ROW:
            (row,) = struct.unpack_from("<I", record)
        elif number in CELLS:
            (column,) = struct.unpack_from("<I", record)
            extent.rows, extent.columns = max(extent.rows, row + 1), max(extent.columns, column + 1)
            if number in ERROR_CELLS:
                extent.errors[row, column] = ERRORS.get(record[8], "#VALUE!")
    return extent


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: number and length are each written seven bits a byte, the lowest first."""
    place = 0
    while place < len(part):
        number = part[place]
        place += 1
        if number & 0x80:
            number = (number & 0x7F) | (part[place] & 0x7F) << 7
            place += 1
        length = 0
        for shift in range(0, 28, 7):
            byte = part[place]
            place += 1
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        yield number, part[place : place + length]
        place += length


def _sheet(record: bytes) -> tuple[str, str]:
    """Relation and name of a sheet, from its record."""
    relation, after = _text(record, 8)
    return relation, _text(record, after)[0]


def _text(record: bytes, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", record, place)
    end = place + 4 + 2 * length
    return record[place + 4 : end].decode("utf-16-le"), end
