"""Which columns of a table hold its dates and its values, by name or by content."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from steel_assets.sources._files.cells import YEARS, looks_like_figure
from steel_assets.sources._files.dates import looks_like_date
from steel_assets.sources._files.headers import Header
from steel_assets.sources._files.names import (
    DATE_NAMES,
    DAY_NAMES,
    MONTH_NAMES,
    MONTH_OF,
    QUARTER_NAMES,
    VALUE_NAMES,
    YEAR_NAMES,
    alike,
    plain,
)
from steel_assets.sources._files.numbers import count
from steel_assets.sources._files.table import File, Row, is_blank, listed


class Columns:
    """The columns of one table, by their names and the content of the first rows."""

    def __init__(self, file: File, header: Header, sample: Sequence[Row]) -> None:
        self._file, self._header = file, header
        self._sample = sample
        self._width = len(header.names)

    def named(self, name: str, option: str) -> int:
        """The column with the name ``name``.

        Raises:
            ImportRefused: none has it, or several have.
        """
        exact = [place for place, column in enumerate(self._header.columns) if column == " ".join(name.split())]
        own = [place for place, names in enumerate(self._header.names) if names[-1:] == (" ".join(name.split()),)]
        levels = [place for place, names in enumerate(self._header.names) if " ".join(name.split()) in names]
        similar = [
            place for place, names in enumerate(self._header.names) if alike(name) in map(alike, (*names, " ".join(names)))
        ]
        unnamed = [place for place in range(self._width) if not self._header.names[place] and name == _numbered(place)]
        found = next((places for places in (exact, own, levels, similar, unnamed) if places), [])
        if len(found) == 1:
            return found[0]
        problem = f"there are {len(found)} columns {name!r}" if found else f"there is no column {name!r}"
        raise self._file.refusal(f"{problem}; {option} can be {self._listed}")

    def dates(self, given: Sequence[str]) -> list[int]:
        """The column of dates, or the columns of year and month and day, in this order."""
        if given:
            return [self.named(name, "--date-column") for name in given]
        found = self._by_name(DATE_NAMES, ())
        parts = [self._one_of(names) for names in (YEAR_NAMES, MONTH_NAMES, DAY_NAMES)]
        if parts[1] is None:
            parts = [parts[0], self._one_of(QUARTER_NAMES), None]
        if parts[0] is not None and parts[1] is not None and (found is None or found in parts):
            return [place for place in parts if place is not None]
        if found is None:
            found = _only(self._filled_with(looks_like_date))
        across = [name for name in self._header.columns if _is_period(name)]
        if found is None and len(across) > 1:
            raise self._file.refusal(
                f"it is a crosstab: {listed(across, 3)} stand across row {self._header.last}, and are periods; only one with "
                "years down the side and months across the top (or the other way round) is read: write one row for each date"
            )
        if found is None:
            raise self._file.refusal(
                f"it is not clear which column has the dates; the columns are {self._listed}: choose one with --date-column"
            )
        return [found]

    def value(self, given: str | None, taken: Collection[int]) -> int:
        """The column of values; ``taken`` are columns with another purpose."""
        if given:
            place = self.named(given, "--value-column")
            if place in taken:
                raise self._file.refusal(
                    f"column {self.name(place)!r} cannot hold both dates and figures; name another --value-column"
                )
            return place
        found = self._by_name(VALUE_NAMES, taken)
        if found is None:
            found = _only([place for place in range(self._width) if place not in taken])
        if found is None:
            found = _only([place for place in self._filled_with(looks_like_figure) if place not in taken])
        if found is None:
            raise self._file.refusal(
                f"it is not clear which column has the values; the columns are {self._listed}: choose one with --value-column"
            )
        return found

    def name(self, place: int) -> str:
        """The name of a column for messages."""
        return self._header.columns[place] or _numbered(place)

    def key(self, place: int) -> str:
        """The shortest name that identifies this column."""
        everything = [name for names in self._header.names for name in names]
        own = [name for name in self._header.names[place] if everything.count(name) == 1]
        return own[-1] if own else self.name(place)

    @property
    def _listed(self) -> str:
        return listed([self.name(place) for place in range(self._width)])

    def _by_name(self, titles: Sequence[str], taken: Collection[int]) -> int | None:
        for name in titles:
            places = [place for place, names in enumerate(self._header.names) if place not in taken and name in map(alike, names)]
            if len(places) > 1:
                option = "--date-column" if titles is DATE_NAMES else "--value-column"
                raise self._file.refusal(f"there are {len(places)} columns {name!r}; {option} can be {self._listed}")
            if places:
                return places[0]
        return None

    def _one_of(self, choices: Collection[str]) -> int | None:
        return _only([place for place, names in enumerate(self._header.names) if any(alike(name) in choices for name in names)])

    def _filled_with(self, kind: Callable[[object], bool]) -> list[int]:
        """The columns of the first rows with content of the given ``kind`` only."""
        cells = {place: [row.cells[place] for row in self._sample if place < len(row.cells)] for place in range(self._width)}
        filled = {place: [cell for cell in column if not is_blank(cell)] for place, column in cells.items()}
        return [place for place, column in filled.items() if column and all(map(kind, column))]


def _is_period(name: str) -> bool:
    return looks_like_date(name) or plain(name) in MONTH_OF or count(name) in YEARS


def _numbered(place: int) -> str:
    """The name of a column without a header."""
    return f"column {place + 1}"


def _only(places: Sequence[int]) -> int | None:
    return places[0] if len(places) == 1 else None
