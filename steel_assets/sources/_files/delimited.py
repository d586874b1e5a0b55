"""Text files: determines the separator, and reads the rows. Quotes as in CSV; columns of spaces too."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from itertools import islice

from steel_assets.sources._files.cells import is_data
from steel_assets.sources._files.encodings import decoded
from steel_assets.sources._files.table import MOST_COLUMNS, MOST_LINES, SAMPLE_ROWS, File, Row, is_blank

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
GAPS = {r"\s{2,}": "two or more spaces", r"\s+": "spaces"}
EXCEL_HINT = re.compile(r'"?sep=(.)"?')
QUOTED_THOUSANDS = re.compile(r'"[^"\n]{0,12}[0-9]{1,3}(?:\.[0-9]{3})+[^0-9"\n]{0,12}"')
"""A quoted number with a dot before three digits: in a file separated by commas, the result of a decimal comma."""

WIDEST_LINE = 1_000_000


class DelimitedTable:
    """A text file."""

    exact_width = True
    epoch_1904 = False

    def __init__(self, file: File, encoding: str | None) -> None:
        self._file = file
        if max(file.content.count(b"\n"), file.content.count(b"\r")) > MOST_LINES:
            raise file.too_many_rows()
        self._text, self.encoding, words = decoded(file, encoding)
        self._check_nature()
        self._separator = self._most_likely()
        name = SEPARATORS.get(self._separator) or GAPS.get(self._separator) or repr(self._separator)
        self.assumed = {"encoding": words, "separator": name}
        self.point_is_decimal = self._separator == "," and not QUOTED_THOUSANDS.search(self._text)
        if max((len(row.cells) for row in islice(self.rows(), SAMPLE_ROWS)), default=0) < 2:
            raise file.refusal("it has one column only; expected a date and a value, separated by comma, semicolon or tab")

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """See ``FileTable``; the number is the line's."""
        for row in self._records(self._separator):
            if len(row.cells) > MOST_COLUMNS:
                raise self._file.too_many_columns(len(row.cells), f"row {row.number}")
            yield row

    def _check_nature(self) -> None:
        start = self._text[:2000].lstrip()
        is_markup = re.match(r"<(?:!doctype|\?xml|html|head|body|table|meta|div|error|style|script)\b|<!--", start, re.IGNORECASE)
        if is_markup or start[:1] in ("{", "["):
            kind = "HTML or XML" if is_markup else "JSON"
            raise self._file.refusal(f"it holds {kind}, not a table; save it as CSV, XLSX or Parquet")

    def _most_likely(self) -> str:
        """The separator with which most of the first rows have a date and a value in separate cells."""
        hint = EXCEL_HINT.fullmatch(self._text[:20].partition("\n")[0].strip())
        if hint:
            return hint[1]
        counts = {separator: self._data_rows(separator) for separator in (*SEPARATORS, *GAPS)}
        best = max(counts, key=lambda separator: counts[separator])
        if counts[best]:
            return best
        lines = list(islice((line for line in io.StringIO(self._text, newline=None) if line.strip()), SAMPLE_ROWS))
        return max(SEPARATORS, key=lambda separator: sum(_width(line, separator) for line in lines))

    def _data_rows(self, separator: str) -> int:
        try:
            return sum(is_data(cells) for _, cells in islice(self._records(separator), SAMPLE_ROWS))
        except ValueError:
            return 0

    def _records(self, separator: str) -> Iterator[Row]:
        lines = io.StringIO(self._text, newline="")
        if EXCEL_HINT.fullmatch(self._text[:20].partition("\n")[0].strip()):
            next(lines)
            skipped = 1
        else:
            skipped = 0
        if separator in GAPS:
            for number, line in enumerate(io.StringIO(self._text, newline=None), start=1):
                if line.strip():
                    yield Row(number, re.split(separator, line.strip()[:WIDEST_LINE]))
            return
        reader = csv.reader(lines, delimiter=separator)
        try:
            for cells in reader:
                if not all(is_blank(cell) for cell in cells):
                    yield Row(reader.line_num + skipped, cells)
        except csv.Error as error:
            raise self._file.refusal(f"row {reader.line_num} is not CSV ({error}); check its quotes") from None


def _width(line: str, separator: str) -> int:
    """The number of cells of a line with this separator; 0 if its quotes do not match."""
    try:
        return len(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:
        return 0
