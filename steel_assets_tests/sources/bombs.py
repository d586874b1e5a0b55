"""Small files that become large, one of each kind. As a program: reads those in a folder, and prints what was said and how
much memory the largest of its readers had, as JSON.

Each file is so small that nobody would look twice at it, and is made here from what its format allows.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.sources.file_import import FileMapping, ImportRefused, read_table
from steel_assets_tests.sources.reading import DAILY, MOMENT
from steel_assets_tests.sources.workbooks import ODS_HEAD, ODS_TAIL, ods_cell, ods_row, xlsb, xlsx, zipped

LIMITS = ReadingLimits(memory_mb=192, cpu_seconds=4, seconds=60)
SHEET = "xl/worksheets/sheet1.xml"
MAIN = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
ROWS = [("Date", "Price"), ("2024-03-13", 612.5)]
LAUGHS = "<!DOCTYPE x [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12)) + "]>"


def _with(workbook: bytes, **parts: bytes | str) -> bytes:
    """``workbook`` with parts replaced or added; ``__`` stands for ``/`` in their names."""
    new = {
        name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin").replace("bin_rels", "bin.rels"): content
        for name, content in parts.items()
    }
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return zipped({**{name: archive.read(name) for name in archive.namelist()}, **new})


def _sheet(rows: str) -> bytes:
    return _with(xlsx({"P": ROWS}), xl__worksheets__sheet1_xml=f"{MAIN}{rows}</sheetData></worksheet>")


def _cells(count: int, between: str) -> str:
    """Cells that are packed less densely than 1 : 100, as those of an honest sheet are."""
    noise = np.random.default_rng(7).integers(0, 10**6, count // 20)
    return between.join(f"{'<c><v>1</v></c>' * 19}<c><v>{entry}</v></c>" for entry in noise)


def _ods(rows: str, head: str = "") -> bytes:
    table = f'<table:table table:name="P">{rows}</table:table>'
    return zipped(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": head + ODS_HEAD + table + ODS_TAIL}
    )


def _nested_ods(count: int) -> bytes:
    noise = np.random.default_rng(7).integers(0, 10**6, count // 20)
    inside = "".join(f"<text:p>{entry}</text:p>{'<text:s/>' * 19}" for entry in noise)
    return _ods(ods_row(f"<table:table-cell>{inside}</table:table-cell>"))


def _parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _repeated_bytes() -> bytes:
    """A column of bytes whose dictionary has one long entry, for thirty thousand rows."""
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("1940-01-01", periods=30_000)]
    value = pa.DictionaryArray.from_arrays(pa.array([0] * 30_000, pa.int32()), pa.array([b"9" * 200_000]))
    return _parquet(pa.table({"date": days, "value": value}), compression="zstd", store_schema=False)


def _long_lists() -> bytes:
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2020-01-01", periods=20)]
    value = pa.ListArray.from_arrays(np.arange(0, 20_000_001, 1_000_000, dtype="int32"), np.ones(20_000_000))
    return _parquet(pa.table({"date": days, "value": value}), compression="zstd")


def _xlsb_texts() -> bytes:
    """Shared texts of which the head claims two thousand million."""
    head = bytes([0x9F, 0x01, 8]) + struct.pack("<II", 2**31 - 1, 2**31 - 1)
    workbook = _with(xlsb({"P": ROWS}), xl__sharedStrings_bin=head)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Id="rId9" Type="{kind}" Target="sharedStrings.bin"/></Relationships>'
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    relations = "xl/_rels/workbook.bin.rels"
    return zipped({**parts, relations: parts[relations].decode().replace("</Relationships>", relation)})


def _many_parts() -> bytes:
    with zipfile.ZipFile(io.BytesIO(xlsx({"P": ROWS}))) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, **{f"x/{number}": b"" for number in range(10_001)}})


def _lying_size() -> bytes:
    """A workbook whose directory says that its sheet is small."""
    big = _sheet("<row><c/></row>" * 100_000)
    with zipfile.ZipFile(io.BytesIO(big)) as archive:
        one = archive.getinfo(SHEET)
    true = struct.pack("<III", one.CRC, one.compress_size, one.file_size)
    return big.replace(true, struct.pack("<III", one.CRC, one.compress_size, 100))


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "millions of empty cells": ("p.xlsx", lambda: _sheet(f"<row>{'<c/>' * 7_000_000}</row>"), "more than 100 times as many"),
    "the same in a macro workbook": ("p.xlsm", lambda: _sheet("<row><c/></row>" * 2_000_000), "more than 100 times as many"),
    "cells packed as an honest sheet's": ("p.xlsx", lambda: _sheet(f"<row>{_cells(3_000_000, '</row><row>')}</row>"), "limit"),
    "a row of millions of cells": (
        "p.xlsx",
        lambda: _sheet(f"<row>{_cells(3_000_000, '')}</row>"),
        "limit",
    ),
    "thousands of parts": ("p.xlsx", _many_parts, "parts, more than 10,000"),
    "a sheet larger than it says": ("p.xlsx", _lying_size, "damaged"),
    "entities": ("p.xlsx", lambda: _with(xlsx({"P": ROWS}), xl__worksheets__sheet1_xml=LAUGHS + MAIN), "defines XML entities"),
    "entities in UTF-16": (
        "p.xlsx",
        lambda: _with(xlsx({"P": ROWS}), xl__sharedStrings_xml=(LAUGHS + "<sst/>").encode("utf-16")),
        "defines XML entities",
    ),
    "entities in .ods": ("p.ods", lambda: _ods("", LAUGHS), "defines XML entities"),
    "entities in .xlsb": (
        "p.xlsb",
        lambda: _with(xlsb({"P": ROWS}), xl___rels__workbook_bin_rels=LAUGHS),
        "defines XML entities",
    ),
    "elements within one cell": ("p.ods", lambda: _nested_ods(6_000_000), "limit"),
    "rows repeated": (
        "p.ods",
        lambda: _ods(
            ods_row(ods_cell("float", "1")).replace("table-row>", 'table-row table:number-rows-repeated="2147483647">', 1)
        ),
        "more than 100,000 rows",
    ),
    "a dense .ods": ("p.ods", lambda: _ods(" " * 30_000_000), "more than 100 times as many"),
    "a sheet of two thousand million rows": (
        "p.xlsb",
        lambda: xlsb({"P": ROWS}, shift=2**31 - 9),
        "reaches to row 2,147,483,641",
    ),
    "two thousand million texts": ("p.xlsb", _xlsb_texts, ""),
    "one long value for all rows": ("p.parquet", _repeated_bytes, "limit"),
    "lists in a column": ("p.parquet", _long_lists, "limit"),
    "a dense .gz": ("p.csv.gz", lambda: _gzip(bytes(28_000_000)), "more than 100 times as many"),
    "a .gz of .gz": ("p.csv.gz.gz", lambda: _gzip(_gzip(bytes(28_000_000))), "an archive within an archive"),
    "a dense .zip": ("p.zip", lambda: zipped({"p.csv": bytes(28_000_000)}), "more than 100 times as many"),
    "a .zip in a .zip": (
        "p.zip",
        lambda: zipped({"p.zip": zipped({"p.csv": bytes(28_000_000)})}),
        "an archive within an archive",
    ),
    "a workbook in a .zip": (
        "p.zip",
        lambda: zipped({"p.xlsx": _sheet("<row><c/></row>" * 2_000_000)}),
        "more than 100 times as many",
    ),
}
"""Name of the file, what makes it, and what is said of it (empty: whatever it is)."""


def main(folder: Path) -> None:
    """Read every file of ``folder``, whose names are ``kind=name``; this process stays small, so that theirs are measured."""
    told = {}
    for path in sorted(folder.iterdir()):
        kind, _, name = path.name.partition("=")
        try:
            read_table(path.read_bytes(), name, FileMapping(series=DAILY.id), {DAILY.id: DAILY}, MOMENT, limits=LIMITS)
            told[kind] = ""
        except ImportRefused as refusal:
            told[kind] = str(refusal)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest, from KiB
    print(json.dumps({"told": told, "peak_mib": peak}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
