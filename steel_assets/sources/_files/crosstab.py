"""Crosstabs: tables with one part of the date in rows and the other in columns, such as years by months.

Such a table is converted to two columns, date and value, and read like any other. Years and months may be exchanged; quarters may
replace months. Other columns (a yearly average) are left out, which is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from steel_assets.sources._files.cells import YEARS, looks_like_figure
from steel_assets.sources._files.names import MONTH_NAMES, MONTH_OF, QUARTER_NAMES, YEAR_NAMES, alike, plain
from steel_assets.sources._files.numbers import count, is_no_figure, is_number
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.status_marks import without_mark
from steel_assets.sources._files.table import SAMPLE_ROWS, File, FileTable, Grid, Row, is_blank, listed, shown

FEWEST = {"year": 2, "month": 3, "quarter": 2}
"""Least number of date parts side by side in a crosstab; fewer could be columns of any table."""

SIDE_NAMES = {"year": YEAR_NAMES, "month": MONTH_NAMES, "quarter": QUARTER_NAMES}
CROSSED = {"month": "year", "quarter": "year", "year": "month"}
"""Date part across the top → date part down the side; quarters also below years."""


@dataclass(frozen=True)
class Crosstab:
    """The positions of the date parts: ``top`` by column in row ``header``, the others in column ``side``.

    ``others`` are further columns beside the values, and ``width`` is the number of cells in the header.
    """

    header: int
    side: int
    across: str
    top: dict[int, int]
    others: tuple[str, ...]
    width: int


def find_crosstab(table: FileTable, header_row: int | None = None) -> Crosstab | None:
    """The crosstab in ``table`` (with its header in row ``header_row``, if given); None if its first rows are not one."""
    rows = list(islice(table.rows(), SAMPLE_ROWS))
    for row, below in pairwise(rows):
        for across in FEWEST if header_row in (None, row.number) else ():
            found = _crosstab(row, below, across)
            if found is not None:
                return found
    return None


def in_rows(file: File, table: FileTable, mapping: FileMapping) -> tuple[FileTable, dict[str, str], dict[str, str]]:
    """The table with one row for each date, and what was assumed and left out for that.

    Raises:
        ImportRefused: it is a crosstab, but columns of it were named.
    """
    found = find_crosstab(table, mapping.header_row)
    if found is None:
        return table, {}, {}
    if mapping.date_column or mapping.value_column or mapping.columns or mapping.where or mapping.series_column:
        raise file.refusal(
            f"it is a crosstab, with {found.across}s across row {found.header}: it is read whole; leave out --date-column, "
            "--value-column, --where and the columns of a mapping"
        )
    return _laid_out(file, table, found)


def _laid_out(file: File, table: FileTable, crosstab: Crosstab) -> tuple[Grid, dict[str, str], dict[str, str]]:
    """The figures of a crosstab under ``Date`` and ``Value``, what was assumed, and what was left out.

    Raises:
        ImportRefused: a row has figures and no year (or month) beside them, is not as wide as the header, or is another header.
    """
    laid, above, below = [Row(crosstab.header, ["Date", "Value"])], 0, 0
    for row in table.rows():
        if row.number <= crosstab.header:
            above += row.number < crosstab.header
            continue
        cells = {place: row.cells[place] if place < len(row.cells) else None for place in crosstab.top}
        beside = row.cells[crosstab.side] if crosstab.side < len(row.cells) else None
        part = _part(beside, crosstab.across)
        if part is None:
            figures = [cell for cell in cells.values() if looks_like_figure(cell) and not is_no_figure(cell)]
            if figures:
                raise file.refusal(
                    f"row {row.number}: {shown('' if beside is None else beside)} is no {CROSSED[crosstab.across]}, and the row "
                    "has figures; in a table of years against months keep one row for each, or write one row for each date"
                )
            if sum(_named(cell, crosstab.across) is not None for cell in cells.values()) >= FEWEST[crosstab.across]:
                raise file.refusal(f"row {row.number} is the header of another table; keep one table")
            below += 1
            continue
        filled = max((place for place, cell in enumerate(row.cells, start=1) if not is_blank(cell)), default=0)
        if table.exact_width and (len(row.cells) < crosstab.width or filled > crosstab.width):
            raise file.refusal(
                f"row {row.number} has {len(row.cells)} cells, the header has {crosstab.width}; "
                "complete the row, or put quotes around a cell that holds the separator"
            )
        laid += [Row(row.number, [_date(part, crosstab.top[place], crosstab.across), cell]) for place, cell in cells.items()]
    ends = list(crosstab.top.values())
    words = {"layout": f"a crosstab: {crosstab.across}s across row {crosstab.header} ({ends[0]} to {ends[-1]})"}
    left_out = {
        **({"rows above the header": f"{above}"} if above else {}),
        **({"notes below": f"{below}"} if below else {}),
        **({"columns beside the figures": listed(crosstab.others)} if crosstab.others else {}),
    }
    return Grid(file, laid, False, table.point_is_decimal, table.epoch_1904), words, left_out


def _crosstab(row: Row, below: Row, across: str) -> Crosstab | None:
    parts = {place: part for place, cell in enumerate(row.cells) if (part := _named(cell, across)) is not None}
    places = list(parts)
    if across == "month" and not parts:
        parts = _numbered_months(row.cells)
        places = list(parts)
    steps = {later - earlier for earlier, later in pairwise(parts.values())}
    whole = len(places) >= FEWEST[across] and places == list(range(places[0], places[0] + len(places)))
    if not whole or steps not in ({1}, {-1}) or places[0] == 0:
        return None
    side = places[0] - 1
    name = row.cells[side]
    if not is_blank(name) and alike(name) not in SIDE_NAMES[CROSSED[across]] | frozenset({"periodo", "period", "fecha", "date"}):
        return None
    if side >= len(below.cells) or _part(below.cells[side], across) is None:
        return None
    if any(not is_blank(cell) for cell in row.cells[:side]):
        return None
    others = [str(cell) for cell in row.cells[places[-1] + 1 :] if not is_blank(cell)]
    width = max(place for place, cell in enumerate(row.cells, start=1) if not is_blank(cell))
    return Crosstab(row.number, side, across, parts, tuple(others), width)


def _part(cell: object, across: str) -> int | None:
    """The part of a date down the side."""
    return _named(cell, CROSSED[across])


def _named(cell: object, kind: str) -> int | None:
    if kind == "year":
        number = without_mark(cell.strip())[0] if isinstance(cell, str) else cell
        if isinstance(number, str):
            return year if (year := count(number)) in YEARS else None
        return int(number) if is_number(number) and number in YEARS else None  # type: ignore[call-overload]
    if not isinstance(cell, str):
        return None
    word = plain(cell).strip(" .")
    if kind == "month":
        return MONTH_OF.get(word)
    quarter = word.strip("qt").strip() if word[:1] in "qt" or word[-1:] in "qt" else ""
    return int(quarter) if quarter in ("1", "2", "3", "4") else None


def _numbered_months(cells: Sequence[object]) -> dict[int, int]:
    """Columns 1 to 12, all of them."""
    texts = {place: str(cell).strip().removesuffix(".0") for place, cell in enumerate(cells) if not is_blank(cell)}
    months = {place: month for place, text in texts.items() if (month := count(text)) is not None and 1 <= month <= 12}
    return months if list(months.values()) == list(range(1, 13)) else {}


def _date(side: int, top: int, across: str) -> str:
    if across == "quarter":
        return f"{side}Q{top}"
    year, month = (side, top) if across == "month" else (top, side)
    return f"{year}-{month:02d}"
