"""Which column of a file holds the dates, and which the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from steel_assets.sources._file_cells import looks_like_date, looks_like_number
from steel_assets.sources._file_table import File, FileTable, is_blank

DATE_NAMES = ("date", "period", "day", "datetime", "timestamp", "time", "trade date", "trading day", "observation_date", "fecha")
VALUE_NAMES = ("value", "close", "price", "settle", "settlement", "last", "valor", "precio", "cierre")
"""Best first: a file of open, high, low, close and settle is read for its close."""


def find_columns(file: File, table: FileTable, date_column: str | None, value_column: str | None) -> tuple[int, int]:
    """Positions of the date and the value column.

    Raises:
        ImportRefused: a column named by the caller does not exist or exists twice, or none is obvious.
    """
    sample = table.sample()
    date = _named(file, table, date_column, "--date-column") if date_column else _date(file, table, sample)
    value = _named(file, table, value_column, "--value-column") if value_column else _value(file, table, sample, date)
    if date == value:
        raise file.refusal(f"column {table.columns[date]!r} cannot hold both dates and figures; name another --value-column")
    for place in (date, value):
        if looks_like_date(table.columns[place]) or looks_like_number(table.columns[place]):
            raise file.refusal(f"the first row holds {table.columns[place]!r}, not the names of columns; put names above it")
    return date, value


def _named(file: File, table: FileTable, name: str, option: str) -> int:
    exact = [place for place, column in enumerate(table.columns) if column == name]
    alike = [place for place, column in enumerate(table.columns) if column.casefold() == name.strip().casefold()]
    found = exact or alike
    if len(found) == 1:
        return found[0]
    problem = f"there are {len(found)} columns {name!r}" if found else f"there is no column {name!r}"
    raise file.refusal(f"{problem}; {option} can be {_list(table)}")


def _date(file: File, table: FileTable, sample: pd.DataFrame) -> int:
    found = _by_name(file, table, DATE_NAMES, "--date-column")
    if found is None:
        found = _only(_filled_with(sample, looks_like_date))
    if found is None:
        raise file.refusal(f"which column holds the dates is not clear; the columns are {_list(table)}: say --date-column")
    return found


def _value(file: File, table: FileTable, sample: pd.DataFrame, date: int) -> int:
    found = _by_name(file, table, VALUE_NAMES, "--value-column")
    if found is None:
        found = _only([place for place in range(len(table.columns)) if place != date])
    if found is None:
        found = _only([place for place in _filled_with(sample, looks_like_number) if place != date])
    if found is None:
        raise file.refusal(f"which column holds the figures is not clear; the columns are {_list(table)}: say --value-column")
    return found


def _by_name(file: File, table: FileTable, names: Sequence[str], option: str) -> int | None:
    lowered = [column.casefold() for column in table.columns]
    for name in names:
        if name in lowered:
            return _named(file, table, name, option)
    return None


def _filled_with(sample: pd.DataFrame, kind: Callable[[object], bool]) -> list[int]:
    """Positions of the columns of ``sample`` that hold something, and nothing but ``kind``."""
    cells = {place: [cell for cell in sample[place] if not is_blank(cell) and cell is not pd.NaT] for place in sample.columns}
    return [int(place) for place, filled in cells.items() if filled and all(map(kind, filled))]


def _only(places: Sequence[int]) -> int | None:
    return places[0] if len(places) == 1 else None


def _list(table: FileTable) -> str:
    names = [" ".join(column.split())[:40] or "(no name)" for column in table.columns[:30]]
    return ", ".join(names) + (" …" if len(table.columns) > 30 else "")
