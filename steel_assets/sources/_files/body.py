"""The rows of data below the header, without titles, notes and totals around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from steel_assets.sources._files.cells import looks_like_figure
from steel_assets.sources._files.dates import looks_like_date
from steel_assets.sources._files.headers import Header
from steel_assets.sources._files.names import alike
from steel_assets.sources._files.numbers import is_no_figure, is_number
from steel_assets.sources._files.table import MOST_ROWS, File, FileTable, Row, is_blank, listed, shown

NOTE = re.compile(r"(?=.*[^\W\d_]{3})(?:[^0-9]|[0-9]{1,2}[/)] ).*", re.DOTALL)
"""A text with a word in it. One that begins with a number must look like a note (``1/ preliminary``), else it may be a date."""


@dataclass(frozen=True)
class ColumnChoice:
    """Columns by purpose: ``values`` are read as values, ``where`` filters, ``apart`` distinguishes products."""

    dates: Sequence[int]
    values: Sequence[int]
    where: Mapping[int, str] = field(default_factory=dict)
    apart: int | None = None
    products: Sequence[int] = ()

    @property
    def all(self) -> frozenset[int]:
        return frozenset([*self.dates, *self.values, *self.where, *self.products, *([] if self.apart is None else [self.apart])])


@dataclass
class Body:
    """Rows of data, by their numbers; cells by column."""

    rows: list[int] = field(default_factory=list)
    cells: dict[int, list[object]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def gather(file: File, table: FileTable, header: Header, columns: ColumnChoice, *, series: int, names: Sequence[str]) -> Body:
    """The data of ``table``.

    Args:
        series: how many series the rows are of; each has at most as many as there are days.
        names: the columns as they stand in a message.

    Raises:
        ImportRefused: a row is not as wide as the header, has a figure and no date, or is no data although data follows.
    """
    body = Body(cells={place: [] for place in columns.all})
    notes: list[Row] = []
    above: list[Row] = []
    others: dict[str, int] = {}
    most = MOST_ROWS * series
    for row in table.rows(columns.all):
        if row.number <= header.last:
            continue
        if _is_note(row, columns):
            (notes if body.rows else above).append(row)
            continue
        _check_width(file, table, row, header)
        against = _other_value(row, columns.where)
        if against is not None:
            others[against] = others.get(against, 0) + 1
            continue
        if all(is_blank(_at(row, place)) for place in (*columns.dates, *columns.values)):
            continue
        if notes:
            _refuse_between(file, table, header, notes[0])
        if all(is_blank(_at(row, place)) for place in columns.dates) and not all(
            is_no_figure(_at(row, place)) for place in columns.values
        ):
            raise file.refusal(f"row {row.number} has a figure and no date; complete or delete it")
        body.rows.append(row.number)
        for place in body.cells:
            body.cells[place].append(_at(row, place))
        if len(body.rows) > most:
            raise file.too_many_rows()
    _check_filled(file, body, columns, others, names)
    _say(body, header, above, notes, sum(others.values()))
    return body


def _at(row: Row, place: int) -> object:
    return row.cells[place] if place < len(row.cells) else None


def _is_note(row: Row, columns: ColumnChoice) -> bool:
    """A row of words: no date where dates are, and no figure where figures are."""
    first = next((cell for cell in row.cells if not is_blank(cell)), None)
    if not isinstance(first, str) or NOTE.fullmatch(first.strip()) is None:
        return False
    if any(looks_like_date(cell) or is_number(cell) for cell in (_at(row, place) for place in columns.dates)):
        return False
    values = [_at(row, place) for place in columns.values]
    return not any(looks_like_figure(cell) and not is_no_figure(cell) for cell in values)


def _check_width(file: File, table: FileTable, row: Row, header: Header) -> None:
    if not table.exact_width:
        return
    if len(row.cells) < header.width or not all(is_blank(cell) for cell in row.cells[header.width :]):
        raise file.refusal(
            f"row {row.number} has {len(row.cells)} cells, the header has {header.width}; "
            "complete the row, or put quotes around a cell that holds the separator"
        )


def _other_value(row: Row, where: Mapping[int, str]) -> str | None:
    """What the row has instead of a value that was asked for; None where it has it."""
    for place, value in where.items():
        if not same(_at(row, place), value):
            return text(_at(row, place))
    return None


def same(cell: object, value: str) -> bool:
    """Whether a cell contains ``value``, in any case."""
    return text(cell) == value.strip() or (bool(alike(value)) and alike(text(cell)) == alike(value))


def text(cell: object) -> str:
    """A cell as text; an integer of a workbook without its .0."""
    if is_number(cell) and float(cell).is_integer():  # type: ignore[arg-type]
        return str(int(cell))  # type: ignore[call-overload]
    return "" if is_blank(cell) else " ".join(str(cell).split())


def _refuse_between(file: File, table: FileTable, header: Header, note: Row) -> None:
    if table.exact_width:
        _check_width(file, table, note, header)
    first = next(cell for cell in note.cells if not is_blank(cell))
    raise file.refusal(
        f"row {note.number}: {shown(first)} is not a date, and rows of data follow it; keep one table, or delete the row"
    )


def _check_filled(file: File, body: Body, columns: ColumnChoice, others: Collection[str], names: Sequence[str]) -> None:
    if body.rows:
        return
    if columns.where and others:
        asked = ", ".join(f"{names[place]}={value}" for place, value in columns.where.items())
        raise file.refusal(f"no row has {asked}; instead there is {listed(list(others), 20)}: name one with --where")
    raise file.refusal("it has a header and no rows below")


def _say(body: Body, header: Header, above: Sequence[Row], notes: Sequence[Row], others: int) -> None:
    for topic, rows in (("rows above the header", header.above), ("rows between header and data", above), ("notes below", notes)):
        if rows:
            quoted = " | ".join(" ".join(str(cell) for cell in row.cells if not is_blank(cell))[:60] for row in rows[:3])
            body.left_out[topic] = f"{len(rows)} ({quoted}{' …' if len(rows) > 3 else ''})"
    if others:
        body.left_out["rows of other values"] = f"{others:,}"
