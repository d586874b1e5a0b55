"""Reduces the days of a series to one value per period; also joins the parts of a date in several columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from steel_assets.core.calendars import period_starts
from steel_assets.core.types import Series
from steel_assets.sources._files.body import text
from steel_assets.sources._files.table import File

EARLIEST = pd.Timestamp("1900-01-01")


def one_figure_each(
    file: File, rows: pd.DataFrame, series: Series, moment: pd.Timestamp, hint: Callable[[pd.Series], str]
) -> tuple[pd.DataFrame, int]:
    """``period, value``, ascending, and the number of rows that repeated another row of the same day.

    Args:
        rows: ``row, day, value``.
        hint: how rows (numbers) about one period can be distinguished; empty if they cannot.

    Raises:
        ImportRefused: a day is in the future or before 1900, or two rows differ about one period.
    """
    today = moment.tz_convert(series.published.tzinfo).tz_localize(None).normalize()
    days = rows["day"]
    for wrong, why in ((days > today, f"lies in the future (today is {today:%Y-%m-%d})"), (days < EARLIEST, "lies before 1900")):
        if wrong.any():
            at = wrong.idxmax()
            raise file.refusal(f"row {rows['row'][at]}: {days[at]:%Y-%m-%d} {why}; correct the date or delete the row")
    different = rows.drop_duplicates(["day", "value"])
    periods = pd.Series(period_starts(pd.DatetimeIndex(different["day"]), series.frequency), index=different.index)
    twice = periods[periods.duplicated(keep=False)]
    if len(twice):
        period = twice.iloc[0]
        numbers = different["row"][twice.index[twice == period]]
        kind = {"daily": "", "weekly": "the week of ", "monthly": "the month of ", "quarterly": "the quarter of "}[
            series.frequency
        ]
        raise file.refusal(
            f"rows {', '.join(map(str, numbers[:5]))} are both about {kind}{period:%Y-%m-%d} and differ; "
            + (hint(numbers) or f"keep one (the series is {series.frequency})")
        )
    read = pd.DataFrame({"period": periods, "value": different["value"]}).sort_values("period", ignore_index=True)
    return read, len(rows) - len(different)


QUARTERS = ("1", "2", "3", "4")


def joined(parts: Sequence[Sequence[object]], *, quarters: bool) -> list[object]:
    """One cell for each row. An empty part repeats the one above: a year may stand once over its months.

    Args:
        quarters: the last part is the number of a quarter.
    """
    if len(parts) == 1:
        return list(parts[0])
    whole: list[object] = []
    last: list[str] = [""] * len(parts)
    for cells in zip(*parts, strict=True):
        texts = [text(cell) for cell in cells]
        last = [entry or before for entry, before in zip(texts[:-1], last[:-1], strict=True)] + [texts[-1]]
        if quarters and texts[-1] in QUARTERS:
            last[-1] = f"q{texts[-1]}"
        whole.append(" ".join(last) if texts[-1] else None)
    return whole
