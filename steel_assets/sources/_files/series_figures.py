"""Reads the values of each series from a table, with what was assumed and left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from steel_assets.core.types import Series
from steel_assets.sources._files.body import Body, ColumnChoice, gather, same, text
from steel_assets.sources._files.cells import is_data
from steel_assets.sources._files.columns import Columns
from steel_assets.sources._files.crosstab import in_rows
from steel_assets.sources._files.dates import DateColumn, Days, looks_like_date, read_days
from steel_assets.sources._files.headers import Header, find_header
from steel_assets.sources._files.marks import FigureColumn, Figures, read_figures
from steel_assets.sources._files.names import QUARTER_NAMES, alike
from steel_assets.sources._files.numbers import is_no_figure
from steel_assets.sources._files.opening import Opened
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.periods import joined, one_figure_each
from steel_assets.sources._files.products import check_one_product, how_told_apart, product_columns
from steel_assets.sources._files.reading import FileReading, nearest_held
from steel_assets.sources._files.table import SAMPLE_ROWS, File, is_blank, listed


@dataclass(frozen=True)
class _Share:
    """The part of a table for one series: a column of values, and a value of the column that distinguishes products."""

    series: Series
    value: int
    apart: str | None = None


@dataclass(frozen=True)
class _Outcome:
    figures: pd.DataFrame
    marks: Figures
    assumed: dict[str, str]
    left_out: dict[str, str]


def read_series(
    source: Opened, mapping: FileMapping, series: Mapping[str, Series], moment: pd.Timestamp, known: pd.DataFrame | None
) -> FileReading:
    """See ``file_import.read_table``."""
    return _Reader(source, mapping, series).read(moment, known)


class _Reader:
    def __init__(self, source: Opened, mapping: FileMapping, series: Mapping[str, Series]) -> None:
        self._source, self._given = source, mapping
        self._file: File = source.file
        self._table, self._layout, self._beside = in_rows(self._file, source.table, mapping)
        self._header: Header = find_header(self._file, self._table, None if self._layout else mapping.header_row)
        below = (row for row in self._table.rows() if row.number > self._header.last)
        sample = list(islice(below, SAMPLE_ROWS))
        self._columns = Columns(self._file, self._header, [row for row in sample if is_data(row.cells)] or sample)
        self._dates = self._columns.dates(mapping.date_column)
        self._where = {self._columns.named(name, "--where"): value for name, value in mapping.where.items()}
        self._apart = self._columns.named(mapping.series_column, "series_column") if mapping.series_column else None
        taken = [*self._dates, *self._where, *([] if self._apart is None else [self._apart])]
        self._shares = self._given_shares(series, taken)
        self._values = list(dict.fromkeys(share.value for share in self._shares))
        self._products = product_columns(self._header, [*taken, *self._values])
        self._date_name = " + ".join(self._columns.name(place) for place in self._dates)

    def read(self, moment: pd.Timestamp, known: pd.DataFrame | None) -> FileReading:
        body = self._body()
        days = {frequency: self._days(body, frequency) for frequency in {share.series.frequency for share in self._shares}}
        read = {
            share.series.id: self._outcome(share, body, days[share.series.frequency][0], known, moment) for share in self._shares
        }
        return self._reading(body, next(iter(days.values()))[1], read)

    def _given_shares(self, series: Mapping[str, Series], taken: Sequence[int]) -> list[_Share]:
        if self._given.columns:
            return [_Share(series[column], self._columns.value(name, taken)) for name, column in self._given.columns.items()]
        value = self._columns.value(self._given.value_column, taken)
        if isinstance(self._given.series, dict):
            return [_Share(series[identifier], value, apart) for apart, identifier in self._given.series.items()]
        return [_Share(series[series_id], value) for series_id in self._given.series_ids]

    def _body(self) -> Body:
        return gather(
            self._file,
            self._table,
            self._header,
            ColumnChoice(self._dates, self._values, self._where, self._apart, self._products),
            series=1 if self._apart is None else len(self._shares),
            names=[self._columns.name(place) for place in range(self._header.width)],
        )

    def _days(self, body: Body, frequency: str) -> tuple[dict[int, pd.Timestamp], Days]:
        """The day of each row that has one, by its place in the body; of series of one frequency."""
        quarters = any(alike(name) in QUARTER_NAMES for place in self._dates[1:] for name in self._header.names[place])
        cells = joined([body.cells[place] for place in self._dates], quarters=quarters)
        figures = [body.cells[place] for place in self._values]
        dated = [
            place
            for place, cell in enumerate(cells)
            if not is_blank(cell) and (not all(is_no_figure(column[place]) for column in figures) or looks_like_date(cell))
        ]
        if not dated:
            raise self._no_figure(self._values[0])
        column = DateColumn(
            self._date_name,
            [cells[place] for place in dated],
            [body.rows[place] for place in dated],
            self._given.date_format,
            self._given.day_first,
            self._given.month_first,
            self._table.epoch_1904,
        )
        days = read_days(self._file, column, next(share.series for share in self._shares if share.series.frequency == frequency))
        return dict(zip(dated, days.days, strict=True)), days

    def _outcome(
        self, share: _Share, body: Body, days: Mapping[int, pd.Timestamp], known: pd.DataFrame | None, moment: pd.Timestamp
    ) -> _Outcome:
        cells, name = body.cells[share.value], self._columns.name(share.value)
        mine = self._places(share, body)
        filled = [place for place in mine if not is_no_figure(cells[place])]
        if not filled:
            raise self._no_figure(share.value)
        on, rows = [days[place] for place in filled], [body.rows[place] for place in filled]
        marks = read_figures(
            self._file,
            FigureColumn(name, [cells[place] for place in filled], rows),
            share.series,
            self._given.decimal,
            point_is_decimal=self._table.point_is_decimal,
            held=nearest_held(known, share.series.id, on),
            scale=self._given.scale,
        )
        assumed = check_one_product(self._file, self._header, body, self._products, filled)
        frame = pd.DataFrame({"row": rows, "day": on, "value": marks.values})
        figures, again = one_figure_each(
            self._file, frame, share.series, moment, lambda rows: how_told_apart(self._table, self._header, list(rows))
        )
        left_out = {"identical duplicates": f"{again:,}"} if again else {}
        if len(mine) > len(filled):
            signs = dict.fromkeys(text(cells[place]) or "empty" for place in set(mine) - set(filled))
            left_out["rows without a figure"] = f"{len(mine) - len(filled):,} ({listed(list(signs), 5)})"
        return _Outcome(figures, marks, assumed, left_out)

    def _places(self, share: _Share, body: Body) -> list[int]:
        if share.apart is None or self._apart is None:
            return list(range(len(body.rows)))
        values = body.cells[self._apart]
        found = [place for place, cell in enumerate(values) if same(cell, share.apart)]
        if not found:
            there = listed(list(dict.fromkeys(map(text, values))), 20)
            raise self._file.refusal(f"no row has {self._columns.name(self._apart)}={share.apart}; there is {there}")
        return found

    def _no_figure(self, place: int) -> Exception:
        return self._file.refusal(f"column {self._columns.name(place)!r} holds no figure; name another --value-column")

    def _reading(self, body: Body, days: Days, read: Mapping[str, _Outcome]) -> FileReading:
        header = self._header
        assumed = {**self._source.assumed, **self._layout}
        rows = f"row {header.last}" if header.first == header.last else f"rows {header.first} to {header.last}"
        if header.last:
            assumed["header"] = rows + (" (--header-row)" if self._given.header_row else "")
        if header.absent:
            option = " (--header-row 0)" if self._given.header_row == 0 else ""
            assumed["header"] = f"none: the first row of data is row {header.first}; columns go by their numbers{option}"
        assumed["dates"] = f"column {self._date_name!r}: {days.words}"
        left_out = {**self._beside, **body.left_out}
        for share in self._shares:
            outcome = read[share.series.id]
            of = "" if len(self._shares) == 1 else f" of {share.series.id}"
            marks = [part for part in _assumptions_of(outcome.marks) if part]
            apart = f", rows of {share.apart!r}" if share.apart else ""
            assumed[f"figures{of}"] = f"column {self._columns.name(share.value)!r}{apart}" + (
                f": {'; '.join(marks)}" if marks else ""
            )
            assumed |= outcome.assumed
            left_out |= {f"{topic}{of}": words for topic, words in outcome.left_out.items()}
        if self._given.scale != 1.0:
            assumed["scale"] = f"each figure × {self._given.scale:g}"
        if self._where:
            assumed["rows"] = ", ".join(f"{name}={value}" for name, value in self._given.where.items())
        if self._apart is not None:
            values_apart = [share.apart or "" for share in self._shares]
            others = dict.fromkeys(
                text(cell) for cell in body.cells[self._apart] if not any(same(cell, value) for value in values_apart)
            )
            if others:
                left_out[f"other values of {self._columns.name(self._apart)!r}"] = f"{len(others)} ({listed(list(others), 20)})"
        return FileReading({name: entry.figures for name, entry in read.items()}, self._settled(days, read), assumed, left_out)

    def _settled(self, days: Days, read: Mapping[str, _Outcome]) -> FileMapping:
        """The options including those determined automatically, so that the next file of this kind is read alike."""
        given = self._given
        decimals = {outcome.marks.decimal for outcome in read.values()} - {None}
        found: dict[str, object] = {}
        if not self._layout:
            found["date_column"] = tuple(self._columns.key(place) for place in self._dates)
        if self._header.absent:
            found["header_row"] = 0
        if isinstance(given.series, str) and not self._layout:
            found["value_column"] = self._columns.key(self._shares[0].value)
        if given.decimal is None and len(decimals) == 1:
            found["decimal"] = decimals.pop()
        if days.order and not (given.day_first or given.month_first or given.date_format):
            found[days.order] = True
        if self._source.encoding not in (None, "utf-8", "utf-8-sig"):
            found["encoding"] = self._source.encoding
        return given.model_copy(update=found)


def _assumptions_of(marks: Figures) -> tuple[str, ...]:
    return marks.words, marks.unit and f"cells in {marks.unit!r}", marks.status
