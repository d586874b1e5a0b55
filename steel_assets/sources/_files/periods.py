"""Days and figures of one series → one figure for each period."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from steel_assets.core.calendars import period_starts
from steel_assets.core.types import Series
from steel_assets.sources._files.table import File

EARLIEST = pd.Timestamp("1900-01-01")


def one_figure_each(
    file: File, rows: pd.DataFrame, series: Series, moment: pd.Timestamp, hint: Callable[[pd.Series], str]
) -> tuple[pd.DataFrame, int]:
    """``period, value``, ascending, and how many rows said again what another row of the same day had said.

    Args:
        rows: ``row, day, value``.
        hint: how rows (numbers) that are about one period can be told apart; empty where nothing tells them apart.

    Raises:
        ImportRefused: a day lies in the future or before 1900, or two rows differ about one period.
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
