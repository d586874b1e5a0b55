"""Rows as CSV that every program reads and no spreadsheet executes. Does without pandas, because the service uses it too.

RFC 4180: commas, CRLF, a header, quotes doubled. A day is 2026-11-20, a moment 2026-11-20T08:00:00Z, a missing value empty, a
number in its shortest exact form. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, *CSV
Injection*); a number never does, so that -3.5 stays one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

BOM = "\ufeff"
"""Byte order mark, which tells Excel that the file is UTF-8."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters of texts that some spreadsheet takes for a formula."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may execute ``text`` instead of showing it."""
    return text.startswith(FORMULA)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]], *, bom: bool = False) -> str:
    """A header of ``names``, then ``rows`` with as many values each.

    Args:
        rows: None, texts, booleans, numbers, days and moments; NaN is written as empty.
        bom: begin with a byte order mark.
    """
    written = io.StringIO(BOM if bom else "", newline="")
    written.seek(0, io.SEEK_END)
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return f"'{value}" if is_formula(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else repr(value)
