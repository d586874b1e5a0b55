"""Cells of a file → days and figures. A cell that can be read in two ways is refused, never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from steel_assets.sources._file_table import File

TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
GROUPED = r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?"
GROUPED_FOR_SURE = r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}|[+-]?[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})"
"""Cells that show that a comma separates thousands in this column: two commas, or a full stop that cannot do so itself."""

MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: f"{place:02d}" for place, name in enumerate(MONTH_NAMES, start=1)}
MONTH = r"(?P<month>[A-Za-z]{3})[a-z]*\.?"
YEAR_FIRST = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})" + TIME,
    r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})" + TIME,
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    r"(?P<day>[0-9]{1,2})[ -]" + MONTH + r"[ -](?P<year>[0-9]{4})",
    MONTH + r" (?P<day>[0-9]{1,2}),? (?P<year>[0-9]{4})",
)
"""Ways to write a day that can be read in one way only."""

WHOLE_MONTH = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})(?P<day>)"
YEAR_LAST = r"(?P<first>[0-9]{1,2})[/.-](?P<second>[0-9]{1,2})[/.-](?P<year>[0-9]{4})" + TIME
ISO = "write dates as yyyy-mm-dd"


def looks_like_date(cell: object) -> bool:
    """True for a cell that could be a day."""
    return isinstance(cell, date | np.datetime64) or (
        isinstance(cell, str) and any(re.fullmatch(pattern, cell.strip()) for pattern in (*YEAR_FIRST, YEAR_LAST, WHOLE_MONTH))
    )


def looks_like_number(cell: object) -> bool:
    """True for a cell that could be a figure."""
    if isinstance(cell, str):
        return re.fullmatch(f"{NUMBER}|{GROUPED}", cell.strip()) is not None
    return _is_number(cell)


def read_days(file: File, cells: pd.Series, rows: pd.Series, column: str, *, months: bool) -> pd.Series:
    """``cells`` as days (midnight, no zone). A time of day is dropped, a zone not converted: the day as it is written counts.

    Args:
        months: True where a month without a day (2024-03) will do.

    Raises:
        ImportRefused: a cell is not a day, or all could mean two different ones (03/04/2024).
    """
    if is_datetime64_any_dtype(cells.dtype):
        return _in_nanoseconds(file, cells.dt.tz_localize(None), rows, column)
    texts = cells.map(lambda cell: cell.isoformat() if isinstance(cell, date) else cell)
    _refuse_first(file, texts, rows, column, ~texts.map(lambda cell: isinstance(cell, str)), f"is not a date; {ISO}")
    texts = texts.astype("str").str.strip()
    parts = _parts(file, texts, rows, column, (*YEAR_FIRST, YEAR_LAST, *([WHOLE_MONTH] if months else [])))
    month = parts["month"].str.lower().replace(MONTHS).str.zfill(2)
    found = pd.to_datetime(
        parts["year"] + "-" + month + "-" + parts["day"].replace("", "01").str.zfill(2), format="%Y-%m-%d", errors="coerce"
    )
    _refuse_first(file, texts, rows, column, found.isna(), f"is not a day of the calendar; {ISO}")
    return found


def read_figures(file: File, cells: pd.Series, rows: pd.Series, column: str) -> pd.Series:
    """``cells`` as finite floats; thousands may be separated by commas where that is beyond doubt.

    Raises:
        ImportRefused: a cell is not a number, not finite, or a comma in it could mean two things.
    """
    if is_numeric_dtype(cells.dtype) and not is_bool_dtype(cells.dtype):
        found = cells.astype("float64")
    else:
        found = _from_texts(file, cells, rows, column)
    _refuse_first(file, cells, rows, column, ~np.isfinite(found), "is not a finite number; leave the cell empty")
    return found


def _from_texts(file: File, cells: pd.Series, rows: pd.Series, column: str) -> pd.Series:
    texts = cells.map(lambda cell: repr(float(cell)) if _is_number(cell) else cell)
    remedy = "is not a number; write 1234.5, and leave the cell empty where there is no figure"
    _refuse_first(file, cells, rows, column, ~texts.map(lambda cell: isinstance(cell, str)), remedy)
    texts = texts.str.strip()
    with_comma = texts.str.fullmatch(GROUPED)
    readable = texts.str.fullmatch(NUMBER) | with_comma | texts.str.lower().isin(["inf", "-inf", "+inf", "nan"])
    _refuse_first(file, cells, rows, column, ~readable, remedy)
    if with_comma.any() and not texts.str.fullmatch(GROUPED_FOR_SURE).any():
        _refuse_first(
            file, cells, rows, column, with_comma, "could mean thousands or a decimal; write figures without commas (1234.5)"
        )
    return texts.str.replace(",", "").astype("float64")


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float | Decimal | np.number) and not isinstance(cell, bool)


def _parts(file: File, texts: pd.Series, rows: pd.Series, column: str, patterns: Sequence[str]) -> pd.DataFrame:
    """``year, month, day`` as text; all cells must be written in the same way as the first."""
    pattern = next((one for one in patterns if re.fullmatch(one, texts.iloc[0])), YEAR_FIRST[0])
    alike = texts.str.fullmatch(pattern)
    _refuse_first(file, texts, rows, column, ~alike, f"is not a date, or not written like the first; {ISO}")
    parts = texts.str.extract(f"^{pattern}$")
    return parts if pattern != YEAR_LAST else _ordered(file, texts, parts, rows, column)


def _ordered(file: File, texts: pd.Series, parts: pd.DataFrame, rows: pd.Series, column: str) -> pd.DataFrame:
    """Which of the two numbers before the year is the day: the one that exceeds twelve somewhere in the column."""
    day_first, month_first = parts["first"].astype(int) > 12, parts["second"].astype(int) > 12
    if not day_first.any() and not month_first.any():
        _refuse_first(file, texts, rows, column, ~day_first, f"could be a day and a month or a month and a day; {ISO}")
    order = {"first": "day", "second": "month"} if day_first.any() else {"first": "month", "second": "day"}
    if day_first.any() and month_first.any():
        against = month_first if day_first.to_numpy().argmax() < month_first.to_numpy().argmax() else day_first
        _refuse_first(file, texts, rows, column, against, f"puts day and month the other way round than rows before; {ISO}")
    return parts.rename(columns=order)


def _in_nanoseconds(file: File, days: pd.Series, rows: pd.Series, column: str) -> pd.Series:
    in_range = (days >= pd.Timestamp("1800-01-01")) & (days <= pd.Timestamp("2200-01-01"))
    _refuse_first(file, days, rows, column, ~in_range, f"is not a day of our time; {ISO}")
    return days.astype("datetime64[ns]").dt.normalize()


def _refuse_first(file: File, cells: pd.Series, rows: pd.Series, column: str, wrong: pd.Series, why: str) -> None:
    if wrong.any():
        place = int(np.argmax(wrong.to_numpy()))
        shown = cells.iloc[place]
        raise file.refusal(f"row {rows.iloc[place]}, column {column!r}: {str(shown)[:60]!r} {why}")
