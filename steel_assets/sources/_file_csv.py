"""CSV files: comma, semicolon or tab; UTF-8 or Latin-1; quoted where needed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

import pandas as pd

from steel_assets.sources._file_table import MOST_COLUMNS, MOST_LINES, MOST_ROWS, SAMPLE_ROWS, File, is_blank

DELIMITERS = (",", ";", "\t")
CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c")) + b"\x7f"


class CsvTable:
    """A CSV file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._check_size_and_nature()
        self._text = self._decoded()
        first_line = next((line for line in io.StringIO(self._text, newline=None) if line.strip()), "")
        self._delimiter = max(DELIMITERS, key=lambda one: _width(first_line, one))
        self.columns: Sequence[str] = [name.strip() for name in next(self._records(), (0, []))[1]]
        if len(self.columns) < 2:
            raise file.refusal("it has one column only; expected a date and a value, separated by comma, semicolon or tab")
        if len(self.columns) > MOST_COLUMNS:
            raise file.refusal(f"it has {len(self.columns):,} columns, more than {MOST_COLUMNS:,}; keep those that matter")

    def sample(self) -> pd.DataFrame:
        """See ``FileTable``."""
        rows = [cells for _, cells in islice(self._rows(), SAMPLE_ROWS)]
        return pd.DataFrame(rows, columns=range(len(self.columns)), dtype="object")

    def pair(self, first: int, second: int) -> pd.DataFrame:
        """See ``FileTable``; ``row`` is the line of the file."""
        rows = [(line, cells[first], cells[second]) for line, cells in self._rows()]
        return pd.DataFrame(rows, columns=["row", "date", "value"])

    def _check_size_and_nature(self) -> None:
        content = self._file.content
        if max(content.count(b"\n"), content.count(b"\r")) > MOST_LINES:
            raise self._file.too_many_rows()
        if len(content.translate(None, CONTROL_BYTES)) != len(content):
            raise self._file.refusal("it is not text but something binary; save it as CSV (UTF-8), XLSX or Parquet")
        start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start in (b"<", b"{", b"["):
            kind = "HTML or XML" if start == b"<" else "JSON"
            raise self._file.refusal(f"it holds {kind}, not a table; save it as CSV, XLSX or Parquet")

    def _decoded(self) -> str:
        try:
            return self._file.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self._file.content.decode("latin-1")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """All rows below the header that are not blank, each with as many cells as the header."""
        for count, (line, cells) in enumerate(islice(self._records(), 1, None), start=1):
            if count > MOST_ROWS:
                raise self._file.too_many_rows()
            if len(cells) != len(self.columns):
                raise self._file.refusal(
                    f"row {line} has {len(cells)} cells, the header has {len(self.columns)}; "
                    "complete the row, or put quotes around a cell that holds the separator"
                )
            yield line, cells

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._delimiter)
        try:
            for cells in reader:
                if not all(is_blank(cell) for cell in cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise self._file.refusal(f"row {reader.line_num} is not CSV ({error}); check its quotes") from None


def _width(line: str, delimiter: str) -> int:
    """How many cells a line has with this delimiter; none when its quotes are wrong."""
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0
