"""What a file of a company's own must be: a table with a header row, of bounded size; or the one error that says why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

MIB = 2**20
LARGEST_BYTES = 200 * MIB
"""Of the file, and of what it unpacks to."""

MOST_LINES = 2_000_000
"""Of a file, blank ones included; Excel's own limit is half of it."""

MOST_ROWS = 100_000
"""Below the header, filled. There are fewer days since 1900: more rows cannot be one series."""

MOST_COLUMNS = 1_000
SAMPLE_ROWS = 200
"""Rows looked at to tell which column holds what."""


class ImportRefused(ValueError):
    """A file cannot be imported; nothing of it was. The message names the file, the place and the remedy."""


@dataclass(frozen=True)
class File:
    """The file as it came."""

    name: str
    content: bytes

    def refusal(self, problem: str) -> ImportRefused:
        """The one error for this file."""
        return ImportRefused(f"{self.name}: {problem}. Nothing was imported")

    def too_many_rows(self) -> ImportRefused:
        """The error for a table that cannot be one series."""
        return self.refusal(f"it has more than {MOST_ROWS:,} rows, more than there are days since 1900; keep one series of it")


class FileTable(Protocol):
    """A file opened as a table; the size of what is to be read is known to be bounded."""

    @property
    def columns(self) -> Sequence[str]:
        """The names in the header row; empty for a column without one."""

    def sample(self) -> pd.DataFrame:
        """The first rows, all columns, cells as they are; columns by position."""

    def pair(self, first: int, second: int) -> pd.DataFrame:
        """Two columns, by position, as ``row, date, value``: cells as they are, None where empty; ``row`` as a person counts."""


def is_blank(cell: object) -> bool:
    """True for an empty cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
