"""Parses a column of values: determines its decimal mark, or refuses it with both readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np

from steel_assets.core.types import MASSES_IN_TONNES, Series
from steel_assets.sources._files.numbers import EITHER, WrittenFigure, is_error, is_number, written
from steel_assets.sources._files.status_marks import PRELIMINARY, in_words
from steel_assets.sources._files.table import File, check_solved, shown
from steel_assets.sources._files.units import contradiction, multiplied

NAMES = {".": "decimal point", ",": "decimal comma"}
NEAR = 0.7
"""Of the decimal logarithm of a ratio: a factor of five. The two readings of a figure differ by a thousand."""

TOO_CHEAP = 100.0
"""Money per tonne: no steel, ore or scrap is cheaper in any currency that is written with thousands."""


@dataclass(frozen=True)
class FigureColumn:
    """One column of values: its filled cells, and their rows."""

    name: str
    cells: Sequence[object]
    rows: Sequence[int]


@dataclass(frozen=True)
class Figures:
    """The values of a column, and how their marks were read.

    ``values``, one for each cell; ``decimal`` if there was a choice; ``words`` say how it was determined, and ``status`` how many
    cells had a mark for preliminary or revised values.
    """

    values: np.ndarray
    decimal: Literal[".", ","] | None
    words: str
    unit: str
    status: str = ""


def read_figures(
    file: File,
    column: FigureColumn,
    series: Series,
    decimal: Literal[".", ","] | None,
    *,
    point_is_decimal: bool,
    held: np.ndarray,
    scale: float,
) -> Figures:
    """The values of ``column``, multiplied by ``scale``.

    Args:
        decimal: the decimal mark given by the user.
        point_is_decimal: of the table.
        held: for each cell the nearest stored value of the series; NaN if there is none.

    Raises:
        ImportRefused: a cell is not a finite number, the marks are ambiguous, or the cells state another unit.
    """
    return _Reader(file, column, series, held / scale).read(decimal, point_is_decimal=point_is_decimal, scale=scale)


class _Reader:
    def __init__(self, file: File, column: FigureColumn, series: Series, held: np.ndarray) -> None:
        self._file, self._column, self._series, self._held = file, column, series, held
        check_solved(file, column.cells)
        self._numbers = [float(cell) if is_number(cell) else None for cell in column.cells]  # type: ignore[arg-type]
        self._texts = [None if number is not None else self._written(place) for place, number in enumerate(self._numbers)]

    def read(self, given: Literal[".", ","] | None, *, point_is_decimal: bool, scale: float) -> Figures:
        unit = self._unit()
        texts = [text for text in self._texts if text]
        if given:
            decimal, words = given, f"{NAMES[given]} (--decimal)"
        else:
            possible: list[Literal[".", ","]] = [
                mark for mark in (".", ",") if all(text.value(mark) is not None for text in texts)
            ]
            decimal, words = self._decided(possible, point_is_decimal=point_is_decimal) if texts else (".", "")
        values = np.array([self._value(place, decimal, given) for place in range(len(self._numbers))], dtype="float64")
        endless = ~np.isfinite(values)
        if endless.any():
            self._refuse(int(endless.argmax()), "is not a finite number; leave the cell empty")
        if not given:
            self._check_jump(values, decimal)
        matters = bool(texts) and any(mark in text.number for text in texts for mark in ".,")
        status = in_words(text.status for text in texts if text.status)
        scaled = values * scale if scale != 1.0 else values
        return Figures(scaled, decimal if matters else None, words if matters else "", unit, status)

    def _decided(self, possible: Sequence[Literal[".", ","]], *, point_is_decimal: bool) -> tuple[Literal[".", ","], str]:
        """The decimal mark of a column, and how it was determined."""
        if not possible:
            self._refuse_the_odd_one()
        either = [place for place, text in enumerate(self._texts) if text and EITHER.fullmatch(text.number)]
        if len(possible) == 1 or not either:
            return possible[0], f"{NAMES[possible[0]]}, the only reading of the column"
        for mark in possible:
            distance = self._distance_to_held(either, mark)
            if distance is not None and distance < NEAR:
                return mark, f"{NAMES[mark]}, by the level that the series holds"
        if point_is_decimal and self._distance_to_held(either, ".") is None and self._is_written_with_three_decimals(either):
            return ".", "decimal point: commas separate the cells, and each figure has three decimals"
        return self._refuse_either(either)

    def _distance_to_held(self, either: Sequence[int], mark: str) -> float | None:
        values = np.array([self._at(place, mark) for place in either])
        held = self._held[list(either)]
        there = np.isfinite(held) & (held != 0) & (values != 0)
        return float(abs(np.median(np.log10(np.abs(values[there] / held[there]))))) if there.any() else None

    def _is_written_with_three_decimals(self, either: Sequence[int]) -> bool:
        """Whether all values have three decimals and are not mostly round, as a program's fixed decimals are."""
        filled = [text for text in self._texts if text]
        numbers = [self._texts[place] for place in either]
        pointed = all(text and "." in text.number for text in numbers)
        round_ones = sum(text.number.endswith("0") for text in numbers if text)
        money_per_mass = self._series.currency is not None and self._series.unit.partition("/")[2] in MASSES_IN_TONNES
        cheap = money_per_mass and float(np.median([abs(self._at(place, ".")) for place in either])) < TOO_CHEAP
        return pointed and len(either) == len(filled) and 2 * round_ones < len(either) and not cheap

    def _check_jump(self, values: np.ndarray, decimal: str) -> None:
        """Refuse values that could be a thousand times as large, or as small, if most of the column suggests that."""
        either = np.array([bool(text and EITHER.fullmatch(text.number)) for text in self._texts])
        others = values[~either & (values != 0)]
        for as_decimal, expected in ((True, 3.0), (False, -3.0)):
            here = either & np.array([text is not None and (decimal in text.number) is as_decimal for text in self._texts])
            if here.any() and len(others):
                ratio = np.log10(np.median(np.abs(others)) / np.median(np.abs(values[here])))
                if abs(ratio - expected) < NEAR:
                    self._refuse_either([int(place) for place in np.flatnonzero(here)])

    def _refuse_either(self, either: Sequence[int]) -> NoReturn:
        place = either[0]
        readings = {mark: f"{self._at(place, mark):.10g}" for mark in (",", ".")}
        self._refuse(
            place,
            f"could be {readings[',']} or {readings['.']}; say --decimal , ({readings[',']}) or --decimal . ({readings['.']})",
        )

    def _refuse_the_odd_one(self) -> NoReturn:
        """No decimal mark fits all cells: the first that the mark of most does not fit."""
        texts = self._texts
        most = max(".,", key=lambda mark: sum(text is not None and text.value(mark) is not None for text in texts))
        place = next(place for place, text in enumerate(texts) if text and text.value(most) is None)
        text = texts[place]
        other = "," if most == "." else "."
        if text and text.value(other) is not None:
            self._refuse(place, f"has a {NAMES[other]}, other rows a {NAMES[most]}; write them alike")
        self._refuse(place, "is not a number; write 1234.5, and leave the cell empty where there is no figure")

    def _value(self, place: int, decimal: str, given: str | None) -> float:
        number, text = self._numbers[place], self._texts[place]
        if number is not None:
            return number
        value = text.value(decimal) if text else None
        if value is None:
            self._refuse(place, f"is not a number with a {NAMES[decimal]}" + (" (--decimal)" if given else ""))
        return value

    def _at(self, place: int, decimal: str) -> float:
        text = self._texts[place]
        value = text.value(decimal) if text else None
        return float("nan") if value is None else value

    def _written(self, place: int) -> WrittenFigure:
        cell = self._column.cells[place]
        readings = multiplied(cell)
        if readings:
            self._refuse(
                place,
                f"could be {readings}, which is how volumes are written, not prices; name another --value-column, "
                "or write the figures out",
            )
        text = written(cell)
        status = text.status if text else None
        if status and status.bare and status.meaning == PRELIMINARY and self._series.currency == "GBP":
            self._refuse(place, "could be pence, or a preliminary figure; write the figure alone")
        if text is None and is_error(cell):
            self._refuse(place, "is the error of a formula; mend it in the workbook, or empty the cell")
        if text is None and isinstance(cell, str) and cell.strip().casefold().lstrip("+-") in ("inf", "infinity"):
            self._refuse(place, "is not a finite number; leave the cell empty")
        if text is None:
            self._refuse(place, "is not a number; write 1234.5, and leave the cell empty where there is no figure")
        return text

    def _unit(self) -> str:
        first: dict[str, int] = {}
        for place, text in enumerate(self._texts):
            if text and text.unit:
                first.setdefault(text.unit, place)
        if len(first) > 1:
            one, other = list(first)[:2]
            rows = self._column.rows
            raise self._file.refusal(
                f"column {self._column.name!r} has cells in {one!r} (row {rows[first[one]]}) "
                f"and in {other!r} (row {rows[first[other]]}); keep one unit"
            )
        for unit, place in first.items():
            against = contradiction(unit, self._series)
            if against:
                self._refuse(place, f"is in another unit: {against}")
        return next(iter(first), "")

    def _refuse(self, place: int, why: str) -> NoReturn:
        cell = self._column.cells[place]
        raise self._file.refusal(f"row {self._column.rows[place]}, column {self._column.name!r}: {shown(cell)} {why}")
