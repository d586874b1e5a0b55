"""Finds the start of the table in a file: titles above, one to four rows of names, then rows of data.

The header is the first row that names a column of dates, otherwise the row above the first row of data. Rows of names directly
above it (groups, tickers) and directly below it (units, codes) belong to it: a column has all of these names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from steel_assets.sources._files.cells import is_data, is_name, is_year
from steel_assets.sources._files.dates import looks_like_date
from steel_assets.sources._files.names import DATE_NAMES, MONTH_NAMES, YEAR_NAMES, alike
from steel_assets.sources._files.numbers import written
from steel_assets.sources._files.table import SAMPLE_ROWS, File, FileTable, Row, is_blank, shown

MOST_LEVELS, MOST_BELOW = 8, 3
"""Rows of names above the last one (groups within groups, or a provider's words about each column); below the first one."""


@dataclass(frozen=True)
class Header:
    """The rows of names, uppermost first.

    Attributes:
        names: by column the different names it goes by; empty for a column without one.
        last: number of the last of these rows; data is below.
        first: number of the first.
        above: the rows above that hold something.
        absent: no row has names; the columns go by their numbers, and ``first`` is the first row of data.
    """

    names: tuple[tuple[str, ...], ...]
    first: int
    last: int
    above: tuple[Row, ...]
    absent: bool = False

    @property
    def width(self) -> int:
        """Cells up to the last one with a name."""
        return len(self.names)

    @property
    def columns(self) -> list[str]:
        """The names of the columns for messages."""
        return [" ".join(names) for names in self.names]


def find_header(file: File, table: FileTable, given: int | None) -> Header:
    """The header of ``table``; ``given`` is the number of its (last) row, if the user named it.

    Raises:
        ImportRefused: there is none.
    """
    rows = list(islice(table.rows(), (given or 0) + SAMPLE_ROWS))
    if not rows:
        raise file.refusal("it is empty")
    data = _first_of_data(rows)
    if given == 0:
        _check_no_date_above(file, rows, data)
        return _no_header(rows, data or 0)
    if given is not None:
        at = next((place for place, row in enumerate(rows) if row.number == given), None)
        if at is None:
            raise file.refusal(f"row {given} is empty or not there; --header-row can be for example {rows[0].number}")
        if is_data(rows[at].cells):
            raise file.refusal(f"row {given} is a row of data, not of names; say --header-row 0 if no row has names")
        return _header(rows, _upper(rows, at), at)
    named = next((place for place, row in enumerate(rows[: data or SAMPLE_ROWS]) if _names_a_date(row, rows, place, data)), None)
    if named is not None:
        below = _lower(rows, named)
        return _header(rows, _upper(rows, named), below)
    _check_no_date_above(file, rows, data)
    if data is not None and (data == 0 or _is_title(rows[data - 1], rows[data])):
        if sum(not is_blank(cell) for cell in rows[data].cells) == 2:
            return _no_header(rows, data)
        raise file.refusal(
            f"row {rows[data].number} holds data, and no row above it the names of columns; put names above it, or say "
            '--header-row 0 and which of "column 1", "column 2", … is the --value-column'
        )
    if data is None and not any(map(is_name, rows[0].cells)):
        first = next((cell for cell in rows[0].cells if not is_blank(cell)), "")
        raise file.refusal(
            f"the first row holds {shown(first)}, not the names of columns; put names above it, or say --header-row 0"
        )
    at = (data or 1) - 1
    return _header(rows, _upper(rows, at), at)


def _first_of_data(rows: Sequence[Row]) -> int | None:
    """The first row of data: with a date and a figure, or above such a one with the date alone (its figure is not there yet)."""
    data = next((place for place, row in enumerate(rows) if is_data(row.cells)), None)
    while data:
        above, date = rows[data - 1], _date_of(rows[data])
        if _filled(above) != [date] or not looks_like_date(above.cells[date]):
            break
        data -= 1
    return data


def _date_of(row: Row) -> int:
    return next(place for place, cell in enumerate(row.cells) if looks_like_date(cell))


def _check_no_date_above(file: File, rows: Sequence[Row], data: int | None) -> None:
    """Refuse rows above the first row of data that begin like it: their values could not be read, and they are not titles."""
    if not data:
        return
    place = _date_of(rows[data])
    for row in rows[:data]:
        if place < len(row.cells) and _as_many_digits(row.cells[place], rows[data].cells[place]):
            raise file.refusal(
                f"row {row.number}: {shown(row.cells[place])} is written as the dates below it are, but alone it may be a "
                "number, and no row above it names a column of dates; name the header with --header-row, 0 where there is none"
            )
        if place < len(row.cells) and looks_like_date(row.cells[place]):
            raise file.refusal(
                f"row {row.number}: {shown(row.cells[place])} is a date, with no figure beside it that can be read, and no row "
                "above it names a column of dates; correct the row, or name the header with --header-row"
            )


def _as_many_digits(cell: object, day: object) -> bool:
    """True for two cells of equally many digits and nothing else, of which only the second is certainly a date."""
    texts = [str(part).strip().removesuffix(".0") for part in (cell, day)]
    return all(text.isdigit() for text in texts) and len(texts[0]) == len(texts[1]) and not looks_like_date(cell)


def _is_title(row: Row, data: Row) -> bool:
    """Whether ``row`` has only one cell, over the first one of ``data``, so it does not name columns."""
    filled, below = (_filled(entry) for entry in (row, data))
    return len(below) > 1 and filled == below[:1]


def _filled(row: Row) -> list[int]:
    return [place for place, cell in enumerate(row.cells) if not is_blank(cell)]


def _no_header(rows: Sequence[Row], data: int) -> Header:
    names = tuple((f"column {place + 1}",) for place in range(len(rows[data].cells)))
    return Header(names, rows[data].number, rows[data].number - 1, tuple(rows[:data]), absent=True)


def has_table(table: FileTable) -> bool:
    """Whether the first rows contain a row of data, or one that names a column of dates."""
    rows = list(islice(table.rows(), SAMPLE_ROWS))
    return any(is_data(row.cells) or _names_a_date(row, rows, place, None) for place, row in enumerate(rows))


def _names_a_date(row: Row, rows: Sequence[Row], place: int, data: int | None) -> bool:
    """Whether a row names a column of dates, or one of years and one of months, and is not a title with that word alone."""
    names = [alike(cell) for cell in row.cells if isinstance(cell, str)]
    dated = any(name in DATE_NAMES for name in names)
    in_parts = any(name in YEAR_NAMES for name in names) and any(name in MONTH_NAMES for name in names)
    several = sum(not is_blank(cell) for cell in row.cells) > 1
    figures = any(not isinstance(cell, str) and is_year(cell) for cell in row.cells) and not dated
    return (
        (dated or in_parts)
        and not figures
        and not is_data(row.cells)
        and (several or place + 1 == data or _all_blank_below(rows, place))
    )


def _all_blank_below(rows: Sequence[Row], place: int) -> bool:
    return place > 0 and place + 1 < len(rows) and any(looks_like_date(cell) for cell in rows[place + 1].cells)


def _lower(rows: Sequence[Row], at: int) -> int:
    """The last of the rows of names that begin with row ``at``: units and codes may stand below the names."""
    last = at
    for place in range(at + 1, min(at + MOST_BELOW, len(rows))):
        filled = [cell for cell in rows[place].cells if not is_blank(cell)]
        begins = next((cell for cell in rows[place].cells[:1]), None)
        if not is_blank(begins) or not filled or not all(map(is_name, filled)) or rows[place].number != rows[last].number + 1:
            break
        last = place
    return last


def _upper(rows: Sequence[Row], at: int) -> int:
    """The first of the rows of names that end with row ``at``: groups or tickers may stand above the names, without a gap."""
    first = at
    for place in range(at - 1, max(at - 1 - MOST_LEVELS, -1), -1):
        filled = [cell for cell in rows[place].cells if not is_blank(cell)]
        over = sum(not is_blank(cell) for cell in rows[place].cells[1:])
        labelled = is_name(next(iter(rows[place].cells), None))
        names = all(
            isinstance(cell, str) and written(cell) is None and (labelled or not looks_like_date(cell)) for cell in filled
        )
        if rows[place].number + 1 != rows[place + 1].number or not names or _is_sentence(filled):
            break
        if over:
            first = place
    return first


def _is_sentence(filled: Sequence[object]) -> bool:
    """Whether a row is a title or source: longer than names of columns, or a single cell."""
    return any(len(str(cell)) > 60 for cell in filled)


def _header(rows: Sequence[Row], first: int, last: int) -> Header:
    width = max(len(row.cells) for row in rows[first : last + 1])
    levels = [_spread(row.cells, width, below=place < last) for place, row in enumerate(rows[first : last + 1], start=first)]
    names = tuple(_different(level[column] for level in levels) for column in range(width))
    while names and not names[-1]:
        names = names[:-1]
    return Header(names, rows[first].number, rows[last].number, tuple(rows[:first]))


def _spread(cells: Sequence[object], width: int, *, below: bool) -> list[str]:
    """The texts of a row of names; a name of a group (a merged cell) also stands over the empty cells to its right."""
    texts = ["" if is_blank(cell) else " ".join(str(cell).split()) for cell in cells] + [""] * (width - len(cells))
    if below:
        for place in range(1, width):
            texts[place] = texts[place] or (texts[place - 1] if place > 1 else "")
    return texts


def _different(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
