"""Parses a column of dates as days, in one order for all cells. If two orders are possible, both are shown and it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

import pandas as pd

from steel_assets.core.calendars import WEEKDAYS, exchange_zone
from steel_assets.core.types import Series
from steel_assets.sources._files.date_orders import order_of_days
from steel_assets.sources._files.numbers import is_number
from steel_assets.sources._files.status_marks import Mark, in_words, without_mark
from steel_assets.sources._files.table import File, ImportRefused, check_solved, shown
from steel_assets.sources._files.written_dates import PATTERNS, Pattern, Stands, by_format, looks_certain, moment, tidy

ISO = "write dates as yyyy-mm-dd, or say --date-format"
FITS: dict[str, frozenset[Stands]] = {
    "daily": frozenset({"day", "instant"}),
    "weekly": frozenset({"day", "week", "instant"}),
    "monthly": frozenset({"day", "month", "instant"}),
    "quarterly": frozenset({"day", "month", "quarter", "instant"}),
}
ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first", "1900": "days since 1900", "1904": "days since 1904"}
REMEDIES = {
    "dmy": "--day-first",
    "mdy": "--month-first",
    "ymd": "--date-format %y/%m/%d",
    "1900": "--date-format excel",
    "1904": "--date-format excel-1904",
    "month": "--date-format %Y/%m",
    "quarter": "quarters written as 2024Q1",
}
Order = Literal["day_first", "month_first"]


@dataclass(frozen=True)
class DateColumn:
    """The filled cells of a column of dates, their rows, and the user's options."""

    name: str
    cells: Sequence[object]
    rows: Sequence[int]
    format: str | None = None
    day_first: bool = False
    month_first: bool = False
    epoch_1904: bool = False


@dataclass(frozen=True)
class Days:
    """``days``, one for each cell, midnights without a zone; ``words`` say how they were read; ``order`` where it mattered."""

    days: list[pd.Timestamp]
    words: str
    order: Order | None = None


def looks_like_date(cell: object) -> bool:
    """Whether a cell is a date and hardly anything else."""
    if isinstance(cell, str):
        return looks_certain(cell)
    if isinstance(cell, date | pd.Timestamp):
        return True
    return is_number(cell) and looks_certain(_number_text(cell))


def read_days(file: File, column: DateColumn, series: Series) -> Days:
    """The days of ``column``, for a series of this frequency.

    Raises:
        ImportRefused: a cell is not a date, all could mean two different ones, or a time is not midnight in the series' zone.
    """
    return _Reader(file, column, series).read()


class _Reader:
    def __init__(self, file: File, column: DateColumn, series: Series) -> None:
        self._file, self._column, self._series = file, column, series
        self._dropped_times = False
        self._marks: list[Mark] = []
        check_solved(file, column.cells)

    def read(self) -> Days:
        typed = {place: cell for place, cell in enumerate(self._column.cells) if isinstance(cell, date | pd.Timestamp)}
        texts = {place: self._text(place) for place in range(len(self._column.cells)) if place not in typed}
        moments: dict[int, date | pd.Timestamp] = dict(typed)
        words, order = "as the file stores them", None
        if texts:
            read, words, order, mixed = self._read_texts(texts)
            if typed and mixed:
                first = next(iter(texts))
                self._refuse(
                    first,
                    "is text while other rows are dates: a program that expected another order of day and month may have swapped "
                    "them there; export the file again with dates as yyyy-mm-dd",
                )
            moments |= read
        in_order = [moments[place] for place in range(len(self._column.cells))]
        zoned = [isinstance(cell, datetime) and cell.tzinfo is not None for cell in in_order]
        if any(zoned) and not all(zoned):
            self._refuse(zoned.index(False), f"is a plain date, other rows are instants with an offset; {ISO}")
        days = [self._day(place, term) for place, term in enumerate(in_order)]
        if any(zoned):
            words = f"{words}; instants, brought to {self._zone.key}"
        elif self._dropped_times:
            words = f"{words}; the time of day was dropped"
        if self._marks:
            words = f"{words}; {in_words(self._marks)}"
        return Days(list(pd.DatetimeIndex(pd.to_datetime(days)).as_unit("ns")), words, order)

    def _read_texts(self, texts: Mapping[int, str]) -> tuple[dict[int, date | pd.Timestamp], str, Order | None, bool]:
        """Moments by place, in words how, the order of day and month where it mattered, and whether it could be another."""
        if self._column.format:
            return self._by_format(texts), f"{self._column.format} (--date-format)", None, False
        tidied = {place: tidy(text) for place, text in texts.items()}
        different = dict.fromkeys(tidied.values())
        pattern, readings = self._pattern(tidied, different)
        order = self._order(pattern, readings, tidied, different)
        words = {"day": "days", "week": "weeks", "month": "months", "quarter": "quarters", "instant": "instants"}.get(
            "quarter" if order == "quarter" else pattern.stands, pattern.stands
        )
        example = shown(texts[next(iter(texts))])
        by_convention = " by convention" if len(readings) > 1 and pattern.stands == "day" and not self._order_of(readings) else ""
        assumption = f"{words} written like {example}" + (f", {ORDERS[order]}{by_convention}" if order in ORDERS else "")
        read = dict(zip(different, readings[order], strict=True))
        mattered: Order | None = {"dmy": "day_first", "mdy": "month_first"}.get(order)  # type: ignore[assignment]
        return {place: read[text] for place, text in tidied.items()}, assumption, mattered, "mdy" in pattern.orders

    def _pattern(self, tidied: Mapping[int, str], different: Mapping[str, None]) -> tuple[Pattern, dict[str, list[Any]]]:
        """The pattern that all cells follow, and what the different ones are in each order in which all of them are dates."""
        most, nearest = 0, None
        for pattern in PATTERNS:
            matched = [found for text in different if (found := pattern.regex.fullmatch(text))]
            if len(matched) == len(different):
                readings = {order: [moment(pattern, match, order) for match in matched] for order in self._allowed(pattern)}
                whole = {order: read for order, read in readings.items() if all(cell is not None for cell in read)}
                if whole and pattern.stands in FITS[self._series.frequency]:
                    return pattern, whole
                if whole:
                    remedy = "declare it with frequency: quarterly" if pattern.stands == "quarter" else "is not a date for it"
                    self._refuse(next(iter(tidied)), f"is a {pattern.stands}, the series is {self._series.frequency}: {remedy}")
            if len(matched) > most:
                most, nearest = len(matched), pattern
        return self._refuse_the_odd_one(tidied, nearest)

    def _allowed(self, pattern: Pattern) -> tuple[str, ...]:
        wanted = "dmy" if self._column.day_first else "mdy" if self._column.month_first else None
        if wanted in pattern.orders:
            return (wanted or "",)
        if pattern.name == "serial" and self._column.epoch_1904:
            return ("1904",)
        if "quarter" in pattern.orders and self._series.frequency != "quarterly":
            return ("month",)
        return pattern.orders

    def _order(
        self, pattern: Pattern, readings: Mapping[str, list[date]], tidied: Mapping[int, str], different: Mapping[str, None]
    ) -> str:
        order = self._order_of(readings)
        if order is not None:
            return order
        if pattern.name == "dots":
            return "dmy"  # nowhere is a month written first with dots
        raise self._could_be(readings, tidied, list(different))

    def _could_be(self, readings: Mapping[str, list[date]], tidied: Mapping[int, str], texts: Sequence[str]) -> ImportRefused:
        at = next(at for at in range(len(texts)) if len({days[at] for days in readings.values()}) > 1)
        place = next(place for place, text in tidied.items() if text == texts[at])
        both = " or ".join(f"{days[at]:%Y-%m-%d} ({REMEDIES[reading]})" for reading, days in readings.items())
        return self._refusal(place, f"could be {both}; say which")

    def _order_of(self, orders: Mapping[str, list[date]]) -> str | None:
        if len(orders) == 1:
            return next(iter(orders))
        if "1904" in orders and "1900" in orders:
            weekends = {order: sum(day.weekday() > 4 for day in days) for order, days in orders.items()}
            doubtful = self._series.frequency == "daily" and weekends["1900"] and not weekends["1904"]
            return None if doubtful and len(orders["1900"]) > 4 else "1900"
        return order_of_days(orders, self._series.frequency)

    def _by_format(self, texts: Mapping[int, str]) -> dict[int, date | pd.Timestamp]:
        read = {place: by_format(text, self._column.format or "") for place, text in texts.items()}
        for place, entry in read.items():
            if entry is None:
                self._refuse(place, f"is not a date written as {self._column.format} (--date-format)")
        return {place: entry for place, entry in read.items() if entry is not None}

    def _day(self, place: int, day: date) -> date:
        if not 1600 < day.year < 2200:
            self._refuse(place, f"is not a day of our time; {ISO}")
        if not isinstance(day, datetime):
            return day
        if day.tzinfo is not None:
            return self._at_home(place, pd.Timestamp(day))
        if day.time() != time.min:
            self._dropped_times = True
        return day.date()

    def _at_home(self, place: int, instant: pd.Timestamp) -> date:
        local = instant.tz_convert(self._zone)
        if local != local.normalize():
            self._refuse(
                place,
                f"is {local:%Y-%m-%d %H:%M} in {self._zone.key}, where the series is at home: an instant within a day, no date; "
                "give the series the calendar or the zone of its exchange, or say how the date is written with --date-format",
            )
        return local.date()

    @property
    def _zone(self) -> ZoneInfo:
        if self._series.calendar == WEEKDAYS:
            return self._series.published.tzinfo
        return exchange_zone(self._series.calendar)

    def _text(self, place: int) -> str:
        cell = self._column.cells[place]
        if is_number(cell):
            return _number_text(cell)
        if not isinstance(cell, str):
            self._refuse(place, f"is not a date; {ISO}")
        text, mark = without_mark(cell.strip()[:80])
        if mark is not None:
            self._marks.append(mark)
        return text

    def _refuse_the_odd_one(self, tidied: Mapping[int, str], nearest: Pattern | None) -> NoReturn:
        """No pattern and order makes dates of all: the first cell that is written unlike most, is no day, or turns the order."""
        if nearest is None:
            self._refuse(next(iter(tidied)), f"is not a date; {ISO}")
        possible = dict.fromkeys(self._allowed(nearest), True)
        for place, text in tidied.items():
            found = nearest.regex.fullmatch(text)
            if found is None:
                self._refuse(place, f"is not a date, or not written like most; {ISO}")
            here = {order for order in possible if moment(nearest, found, order) is not None}
            if not here:
                self._refuse(place, f"is not a day of the calendar; {ISO}")
            still = {order for order, so_far in possible.items() if so_far} & here
            if not still:
                self._refuse(place, f"puts day and month the other way round than rows before; {ISO}")
            possible = {order: order in still for order in possible}
        self._refuse(next(iter(tidied)), f"is not a date; {ISO}")

    def _refuse(self, place: int, why: str) -> NoReturn:
        raise self._refusal(place, why)

    def _refusal(self, place: int, why: str) -> ImportRefused:
        cell = self._column.cells[place]
        return self._file.refusal(f"row {self._column.rows[place]}, column {self._column.name!r}: {shown(cell)} {why}")


def _number_text(cell: object) -> str:
    number = float(cell)  # type: ignore[arg-type]
    return str(int(number)) if number.is_integer() else repr(number)
