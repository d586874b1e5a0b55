"""Excel workbooks (.xlsx): one sheet, read row by row, never unpacked beyond a bound."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import pandas as pd

from steel_assets.sources._file_table import (
    LARGEST_BYTES,
    MIB,
    MOST_COLUMNS,
    MOST_LINES,
    MOST_ROWS,
    SAMPLE_ROWS,
    File,
    ImportRefused,
    is_blank,
)

MOST_PARTS = 10_000
WORKBOOK = "xl/workbook.xml"


class ExcelTable:
    """One sheet of a workbook; formulas count with the result that was saved with them."""

    def __init__(self, file: File, sheet: str | None) -> None:
        self._file = file
        self._name = sheet
        self._check_size()
        header = next(self._rows(), (0, ()))[1]
        self.columns: Sequence[str] = ["" if is_blank(cell) else str(cell).strip() for cell in header]
        if not self.columns:
            raise file.refusal(f"sheet {self._sheet.title!r} is empty; name another one with --sheet")

    def sample(self) -> pd.DataFrame:
        """See ``FileTable``."""
        rows = [self._padded(cells) for _, cells in islice(self._rows(), 1, SAMPLE_ROWS + 1)]
        return pd.DataFrame(rows, columns=range(len(self.columns)), dtype="object")

    def pair(self, first: int, second: int) -> pd.DataFrame:
        """See ``FileTable``; ``row`` is Excel's own row number."""
        below = islice(self._rows(), 1, None)
        rows = [(row, padded[first], padded[second]) for row, cells in below for padded in [self._padded(cells)]]
        return pd.DataFrame(rows, columns=["row", "date", "value"], dtype="object")

    def _padded(self, cells: tuple[Any, ...]) -> list[Any]:
        width = len(self.columns)
        return [*cells[:width], *[None] * (width - len(cells))]

    def _rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """All rows that are not blank, with their numbers."""
        try:
            filled = 0
            for row, cells in enumerate(self._sheet.iter_rows(values_only=True), start=1):
                if row > MOST_LINES or filled > MOST_ROWS:
                    raise self._file.too_many_rows()
                if len(cells) > MOST_COLUMNS:
                    raise self._file.refusal(f"row {row} has more than {MOST_COLUMNS:,} columns; keep those that matter")
                if not all(is_blank(cell) for cell in cells):
                    yield row, cells
                    filled += 1
        except ImportRefused:
            raise
        except Exception as error:  # openpyxl raises anything on a broken workbook
            raise self._broken(error) from error

    @cached_property
    def _sheet(self) -> Any:
        import openpyxl

        try:
            book = openpyxl.load_workbook(io.BytesIO(self._file.content), read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # openpyxl raises anything on a broken workbook
            raise self._broken(error) from error
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        if not sheets:
            raise self._file.refusal("the workbook has no sheet with cells")
        name = next(iter(sheets)) if self._name is None else self._name
        if name not in sheets:
            raise self._file.refusal(f"there is no sheet {name!r}; --sheet can be {', '.join(map(repr, sheets))}")
        sheets[name].reset_dimensions()  # what the file says of its own size is not to be relied on
        return sheets[name]

    def _check_size(self) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(self._file.content)) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise self._broken(error) from error
        if WORKBOOK not in {part.filename for part in parts}:
            raise self._file.refusal("it is a zip archive, not an Excel workbook; unpack it first")
        unpacked = sum(part.file_size for part in parts)
        if unpacked > LARGEST_BYTES or len(parts) > MOST_PARTS:
            raise self._file.refusal(f"it would unpack to {unpacked / MIB:,.0f} MiB, more than {LARGEST_BYTES // MIB}; split it")

    def _broken(self, error: Exception) -> ImportRefused:
        return self._file.refusal(f"the workbook is damaged ({type(error).__name__}); open it in Excel and save it again")
