"""LibreOffice workbooks (.ods): one XML part, read cell by cell, with limits on repeated cells and rows.

Existing libraries expand repeated cells without limit, and leave errors and formulas without a result empty; the part of the
format needed for tables is small.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from xml.etree import ElementTree

from steel_assets.sources._files.archive import archive_parts, damaged
from steel_assets.sources._files.sheets import Sheet
from steel_assets.sources._files.table import MOST_COLUMNS, MOST_LINES, File, Grid, ImportRefused, Row, Unsolved, is_blank

CONTENT = "content.xml"
MOST_CELLS = 20_000_000
TABLE, OFFICE, TEXT, STYLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "office", "text", "style")
)


def sheets(file: File) -> list[Sheet]:
    """The sheets of the workbook, in its order.

    Raises:
        ImportRefused: damaged, no workbook, or larger unpacked than what is read.
    """
    if CONTENT not in archive_parts(file):
        raise file.refusal("it is a zip archive, not a LibreOffice workbook; unpack it first")
    try:
        found = list(_sheets(file))
    except ImportRefused:
        raise
    except Exception as error:  # zipfile and ElementTree raise anything on a broken workbook
        raise damaged(file, error) from error
    return [Sheet(name, hidden, partial(Grid, file, rows)) for name, hidden, rows in found]


def _sheets(file: File) -> Iterator[tuple[str, bool, list[Row]]]:
    hidden_styles, cells = set(), 0
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        content = archive.read(CONTENT)
    rows: list[Row] = []
    number = 0
    for _, element in ElementTree.iterparse(io.BytesIO(content)):  # noqa: S314 entities were refused by archive_parts
        if element.tag == f"{STYLE}style":
            properties = element.find(f"{STYLE}table-properties")
            if properties is not None and properties.get(f"{TABLE}display") == "false":
                hidden_styles.add(element.get(f"{STYLE}name"))
        elif element.tag == f"{TABLE}table-row":
            repeats = int(element.get(f"{TABLE}number-rows-repeated", "1"))
            values = _values(file, element, number + 1)
            if any(not is_blank(value) for value in values):
                cells += repeats * len(values)
                if number + repeats > MOST_LINES or cells > MOST_CELLS:
                    raise file.too_many_rows()
                rows.extend(Row(number + place, values) for place in range(1, repeats + 1))
            number += repeats
            element.clear()
        elif element.tag == f"{TABLE}table":
            yield element.get(f"{TABLE}name", ""), element.get(f"{TABLE}style-name") in hidden_styles, rows
            rows, number = [], 0
            element.clear()


def _values(file: File, row: Any, number: int) -> list[object]:
    """The cells of a row, without the empty ones at its end."""
    values: list[object] = []
    pending = 0
    for cell in row:
        if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            continue
        repeats = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
        value = _value(cell, f"{_letters(len(values) + pending)}{number}")
        if is_blank(value):
            pending += repeats
            continue
        if len(values) + pending + repeats > MOST_COLUMNS:
            raise file.too_many_columns(len(values) + pending + repeats, f"row {number}")
        values += [None] * pending + [value] * repeats
        pending = 0
    return values


def _value(cell: Any, place: str) -> object:
    kind = cell.get(f"{OFFICE}value-type")
    text = "\n".join("".join(paragraph.itertext()) for paragraph in cell.iter(f"{TEXT}p"))
    formula = cell.get(f"{TABLE}formula")
    if kind is None and formula is not None and not text:
        return Unsolved(place)
    if kind in ("float", "currency"):
        return float(cell.get(f"{OFFICE}value"))
    if kind == "percentage":
        return f"{round(float(cell.get(f'{OFFICE}value')) * 100, 10):.12g}%"
    if kind == "date":
        return datetime.fromisoformat(cell.get(f"{OFFICE}date-value"))
    return (kind == "boolean" and cell.get(f"{OFFICE}boolean-value") == "true") or text or None


def _letters(column: int) -> str:
    """The name of a column: A, B, …, Z, AA."""
    name = ""
    while column >= 0:
        name = chr(65 + column % 26) + name
        column = column // 26 - 1
    return name
