"""The interface of tables in files, of limited size; and the error for files that are not one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from steel_assets.core.problem import Problem

MIB = 2**20
LARGEST_BYTES = 200 * MIB
"""Of the file, and of what it unpacks to."""

MOST_LINES = 2_000_000
"""Of a file, blank ones included; Excel's own limit is half of it."""

MOST_ROWS = 100_000
"""Filled rows of one series. There are fewer days since 1900: more cannot be one."""

MOST_COLUMNS = 1_000
SAMPLE_ROWS = 200
"""Rows used to find the start of the table and the purpose of each column."""


class ImportRefused(Problem, ValueError):
    """A file cannot be imported, and nothing of it was. The message names the file, the place and the remedy."""


@dataclass(frozen=True)
class File:
    """A file, as given or unpacked; ``name`` is always that of the given one."""

    name: str
    content: bytes

    def refusal(self, problem: str) -> ImportRefused:
        """The error for this file."""
        return ImportRefused(f"{self.name}: {problem}. Nothing was imported")

    def too_many_rows(self) -> ImportRefused:
        """The error for a table with too many rows for one series."""
        return self.refusal(
            f"it has more than {MOST_ROWS:,} rows, more than there are days since 1900; keep one series of it, "
            "or name its rows with --where COLUMN=VALUE"
        )

    def too_many_columns(self, columns: int, place: str = "it") -> ImportRefused:
        """The error for a table that is too wide."""
        return self.refusal(f"{place} has {columns:,} columns, more than {MOST_COLUMNS:,}; keep those that matter")

    def too_large(self, unpacked: int) -> ImportRefused:
        """The error for a file that is too large when unpacked."""
        return self.refusal(f"it would unpack to {unpacked / MIB:,.0f} MiB, more than {LARGEST_BYTES // MIB}; split it")


@dataclass(frozen=True)
class Unsolved:
    """A cell with a formula whose result is not stored."""

    place: str

    def __str__(self) -> str:
        return f"a formula in {self.place}"


class Row(NamedTuple):
    """A row of a file. ``number`` is as shown by its program, or an editor; ``cells`` are unchanged, None if empty."""

    number: int
    cells: Sequence[object]


class FileTable(Protocol):
    """A file opened as a table of limited size. Header and titles are rows like any other."""

    @property
    def assumed(self) -> dict[str, str]:
        """What was assumed to open it, by topic, in words."""

    @property
    def exact_width(self) -> bool:
        """Whether a row with another number of cells than the header is broken (text) instead of having empty cells (a sheet)."""

    @property
    def point_is_decimal(self) -> bool:
        """Whether a dot in a number cannot be a thousands mark."""

    @property
    def epoch_1904(self) -> bool:
        """Whether numbers of days count from 1904."""

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """All rows that are not blank; cells of other columns than ``columns`` may be left None."""


def check_solved(file: File, cells: Sequence[object]) -> None:
    """Refuse formulas without stored results, which are not empty cells."""
    places = [cell.place for cell in cells if isinstance(cell, Unsolved)]
    if places:
        raise file.refusal(
            f"cells {listed(places, 5)} hold formulas whose results were not saved with the file; "
            "open it in Excel or LibreOffice and save it as .xlsx"
        )


def is_blank(cell: object) -> bool:
    """Whether a cell is empty; NaN and NaT are how most programs write an empty cell in a column of numbers or dates."""
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell != cell


def shown(cell: object) -> str:
    """A cell as shown in a message."""
    return repr(str(cell)[:60])


def listed(names: Sequence[str], most: int = 30) -> str:
    """Names as shown in a message."""
    short = [" ".join(name.split())[:40] or "(no name)" for name in names[:most]]
    return ", ".join(short) + (" …" if len(names) > most else "")


@dataclass(frozen=True)
class Grid:
    """See ``FileTable``."""

    file: File
    cells: Sequence[Row]
    exact_width: bool = False
    point_is_decimal: bool = False
    epoch_1904: bool = False
    assumed: dict[str, str] = field(default_factory=dict)

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """See ``FileTable``."""
        for row in self.cells:
            if len(row.cells) > MOST_COLUMNS:
                raise self.file.too_many_columns(len(row.cells), f"row {row.number}")
            if not all(is_blank(cell) for cell in row.cells):
                yield row
