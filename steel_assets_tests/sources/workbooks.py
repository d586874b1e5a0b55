"""Workbooks for tests, in the formats that no library here writes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl

Rows = Sequence[Sequence[object]]

ODS_HEAD = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><office:automatic-styles><style:style style:name="hidden" '
    'style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    "<office:body><office:spreadsheet>"
)
ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"


def xlsx(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = ()) -> bytes:
    """A workbook of Excel; a text that begins with ``=`` is a formula without a result."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    """A zip archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def ods(sheets: Mapping[str, str], *, hidden: Sequence[str] = ()) -> bytes:
    """A workbook of LibreOffice, from the XML of the rows of each sheet."""
    tables = "".join(
        f'<table:table table:name="{name}" table:style-name="{"hidden" if name in hidden else ""}">{rows}</table:table>'
        for name, rows in sheets.items()
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ODS_HEAD + tables + ODS_TAIL})


def ods_row(*cells: str) -> str:
    """A row, from cells as XML."""
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def ods_cell(kind: str, value: str = "", more: str = "") -> str:
    """A cell: ``string``, ``float``, ``percentage`` or ``date``."""
    name = {"string": "", "date": f' office:date-value="{value}"'}.get(kind, f' office:value="{value}"')
    return f'<table:table-cell office:value-type="{kind}"{name}{more}><text:p>{value}</text:p></table:table-cell>'


def xlsb(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = (), shift: int = 0) -> bytes:
    """A binary workbook of texts, numbers and errors (#REF! and the like); ``shift`` moves the last row down."""
    names = list(sheets)
    book = b"".join(
        _record(156, struct.pack("<II", 1 if name in hidden else 0, place) + _text(f"rId{place}") + _text(name))
        for place, name in enumerate(names, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{place}" Type="x/worksheet" Target="worksheets/sheet{place}.bin"/>'
        for place in range(1, len(names) + 1)
    )
    head = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    parts: dict[str, bytes | str] = {
        "xl/workbook.bin": _record(131) + _record(143) + book + _record(144) + _record(132),
        "xl/_rels/workbook.bin.rels": f"{head}{relations}</Relationships>",
    }
    for place, name in enumerate(names, start=1):
        rows = list(sheets[name])
        numbers = [*range(len(rows) - 1), len(rows) - 1 + shift]
        body = b"".join(
            _record(0, struct.pack("<I", number) + bytes(13)) + b"".join(map(_cell, range(len(row)), row))
            for number, row in zip(numbers, rows, strict=True)
        )
        size = struct.pack("<IIII", 0, numbers[-1] if rows else 0, 0, max(map(len, rows), default=1) - 1)
        parts[f"xl/worksheets/sheet{place}.bin"] = (
            _record(129) + _record(148, size) + _record(145) + body + _record(146) + _record(130)
        )
    return zipped(parts)


def _cell(column: int, value: object) -> bytes:
    at = struct.pack("<II", column, 0)
    if isinstance(value, str) and value.startswith("#"):
        return _record(3, at + bytes([{"#REF!": 23, "#DIV/0!": 7, "#N/A": 42}[value]]))
    if isinstance(value, str):
        return _record(6, at + _text(value))
    return b"" if value is None else _record(5, at + struct.pack("<d", float(value)))  # type: ignore[arg-type]


def _record(number: int, content: bytes = b"") -> bytes:
    name = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    size, length = b"", len(content)
    while length >= 128:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return name + size + bytes([length]) + content


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
