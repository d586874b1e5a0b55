"""Whether a row of cells looks like data or like names."""

from __future__ import annotations

from collections.abc import Sequence

from steel_assets.sources._files.dates import looks_like_date
from steel_assets.sources._files.numbers import is_error, is_no_figure, is_number, written
from steel_assets.sources._files.table import Unsolved, is_blank

YEARS: frozenset[object] = frozenset(range(1900, 2101))


def looks_like_figure(cell: object) -> bool:
    """Whether a cell is a number or a mark for a missing one; errors and formulas without result count too."""
    return isinstance(cell, Unsolved) or is_number(cell) or is_no_figure(cell) or is_error(cell) or written(cell) is not None


def is_name(cell: object) -> bool:
    """Whether a cell is text that is neither a number nor a date."""
    return isinstance(cell, str) and not is_blank(cell) and written(cell) is None and not looks_like_date(cell)


def is_data(cells: Sequence[object]) -> bool:
    """Whether a row has a date in one cell and a number (or a mark for none) in another."""
    filled = [place for place, cell in enumerate(cells) if not is_blank(cell)]
    dates = [place for place in filled if looks_like_date(cells[place])]
    return any(place not in dates[:1] and looks_like_figure(cells[place]) for place in filled) if dates else False


def is_year(cell: object) -> bool:
    """Whether a cell is a number that can be a year."""
    return is_number(cell) and cell in YEARS
