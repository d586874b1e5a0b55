"""A company's own or subscribed history (Platts, Argus, CRU, an exchange, ERP) from a file: CSV, XLSX or Parquet.

A file is imported whole or refused whole, with one error that names the place and the remedy. What is read: one column of
dates and one of figures, in the unit that the catalogue gives the series.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import pandas as pd

from steel_assets.core.calendars import period_starts, publication_moments
from steel_assets.core.types import Series
from steel_assets.core.vintages import new_or_changed
from steel_assets.sources._file_cells import read_days, read_figures
from steel_assets.sources._file_columns import find_columns
from steel_assets.sources._file_csv import CsvTable
from steel_assets.sources._file_excel import ExcelTable
from steel_assets.sources._file_parquet import ParquetTable
from steel_assets.sources._file_table import LARGEST_BYTES, MIB, File, FileTable, ImportRefused, is_blank
from steel_assets.sources._rows import as_observations

__all__ = ["LARGEST_BYTES", "ImportRefused", "import_observations", "read_file"]

SOURCE = "file_import"
EARLIEST = pd.Timestamp("1900-01-01")
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".parquet": "parquet",
    ".pq": "parquet",
}
ZIP, PARQUET, OLD_OFFICE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
WHAT = {"csv": "a CSV file", "excel": "an Excel workbook", "parquet": "a Parquet file"}


def read_file(
    content: bytes,
    filename: str,
    series: Series,
    moment: pd.Timestamp,
    *,
    date_column: str | None = None,
    value_column: str | None = None,
    sheet: str | None = None,
    notes: Counter[str] | None = None,
) -> pd.DataFrame:
    """The figures of a file: ``period, value``, ascending, one row for each period.

    Args:
        moment: now, UTC; dates after today (where the series is published) are refused.
        date_column: name of the column of dates; found by itself when it is obvious, like ``value_column``.
        sheet: of a workbook; the first one by default.
        notes: counts the rows that had a date and no figure, and were left out.

    Raises:
        ImportRefused: the file is not a table of dates and figures, or any row of it is wrong.
    """
    file = File(filename, content)
    table = _opened(file, sheet)
    date, value = find_columns(file, table, date_column, value_column)
    cells = table.pair(date, value)
    cells = cells[~(_blank(cells["date"]) & _blank(cells["value"]))]
    if cells.empty:
        raise file.refusal("it has a header and no rows below")
    no_date, no_figure = _blank(cells["date"]), _blank(cells["value"])
    if no_date.any():
        raise file.refusal(f"row {cells.loc[no_date, 'row'].iloc[0]} has a figure and no date; complete or delete it")
    days = read_days(file, cells["date"], cells["row"], table.columns[date], months=series.frequency == "monthly")
    _check_days(file, days, cells["row"], series, moment)
    periods = _unique_periods(file, days, cells["row"], series)
    filled = cells[~no_figure]
    if filled.empty:
        raise file.refusal(f"column {table.columns[value]!r} holds no figure; name another --value-column")
    if notes is not None and no_figure.any():
        notes["empty values"] += int(no_figure.sum())
    figures = read_figures(file, filled["value"], filled["row"], table.columns[value])
    read = pd.DataFrame({"period": periods[~no_figure], "value": figures})
    return read.sort_values("period", ignore_index=True)


def import_observations(
    figures: pd.DataFrame, series: Series, known: pd.DataFrame, moment: pd.Timestamp, *, simulated: bool = False
) -> pd.DataFrame:
    """What is new or changed in ``figures`` (of ``read_file``), as rows of ``tables.OBSERVATIONS``.

    A figure counts as published by the series' rule, but at the latest now: evidently we know it.

    Args:
        known: raw observations of the series, all vintages, of whatever source.
    """
    by_rule = publication_moments(pd.DatetimeIndex(figures["period"]), series.frequency, series.published)
    published = pd.Series(by_rule, index=figures.index).clip(upper=moment)
    rows = figures.assign(series=series.id, published_at=published, dated=False)
    return as_observations(new_or_changed(rows, known, moment), moment, SOURCE, simulated=simulated)


def _opened(file: File, sheet: str | None) -> FileTable:
    """The file as a table, when what it holds is what its name says."""
    if len(file.content) > LARGEST_BYTES:
        raise file.refusal(f"it is larger than {LARGEST_BYTES // MIB} MiB; split it by years")
    if not file.content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise file.refusal("it is empty")
    if file.content.startswith(OLD_OFFICE):
        raise file.refusal("it is protected by a password, or an old .xls; save it as .xlsx without a password")
    kind = ENDINGS.get(PurePath(file.name).suffix.lower())
    if kind is None:
        raise file.refusal(f"its name must end in one of {', '.join(ENDINGS)}")
    holds = "excel" if file.content.startswith(ZIP) else "parquet" if file.content.startswith(PARQUET) else "csv"
    if kind != holds:
        raise file.refusal(f"by its name it is {WHAT[kind]}, by its content it is not; save it again in the right format")
    if sheet is not None and kind != "excel":
        raise file.refusal(f"--sheet is for Excel workbooks, this is {WHAT[kind]}; leave it out")
    if kind == "excel":
        return ExcelTable(file, sheet)
    return ParquetTable(file) if kind == "parquet" else CsvTable(file)


def _blank(cells: pd.Series) -> pd.Series:
    """Empty cells; in a Parquet column of numbers, NaN is how most programs write one."""
    return cells.map(is_blank).astype(bool) | cells.isna()


def _check_days(file: File, days: pd.Series, rows: pd.Series, series: Series, moment: pd.Timestamp) -> None:
    today = moment.tz_convert(series.published.tzinfo).tz_localize(None).normalize()
    for wrong, why in ((days > today, f"lies in the future (today is {today:%Y-%m-%d})"), (days < EARLIEST, "lies before 1900")):
        if wrong.any():
            at = wrong.idxmax()
            raise file.refusal(f"row {rows[at]}: {days[at]:%Y-%m-%d} {why}; correct the date or delete the row")


def _unique_periods(file: File, days: pd.Series, rows: pd.Series, series: Series) -> pd.Series:
    periods = pd.Series(period_starts(pd.DatetimeIndex(days), series.frequency), index=days.index)
    twice = periods[periods.duplicated(keep=False)]
    if len(twice):
        period = twice.iloc[0]
        places = ", ".join(str(rows[at]) for at in twice.index[twice == period][:5])
        kind = {"daily": "", "weekly": "the week of ", "monthly": "the month of "}[series.frequency]
        raise file.refusal(f"rows {places} are both about {kind}{period:%Y-%m-%d}; keep one (the series is {series.frequency})")
    return periods
