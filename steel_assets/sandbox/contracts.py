"""Contract calendars: how far ahead a quoted contract delivers, and when the quote rolls to the next one.

``month_end``: contract n delivers at the end of its month and is quoted until then, so on the first business day of a month
contract 1 is the former contract 2. ``early``: the same, but the quote rolls a week before. ``january_may_october``: the main
contracts of Shanghai, left about six weeks before delivery.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

Roll = Literal["spot", "month_end", "early", "january_may_october"]
WEEKDAYS_EARLY = 5


def weekdays_ahead(days: pd.DatetimeIndex, roll: Roll, contract: int = 1) -> np.ndarray:
    """Weekdays from each day to the delivery of the contract quoted that day (0 for ``spot``)."""
    if roll == "spot":
        return np.zeros(len(days))
    return (_deliveries(days, roll, contract) - days).days.to_numpy() * 5 / 7


def rolled(days: pd.DatetimeIndex, roll: Roll) -> np.ndarray:
    """Whether each weekday's quote is of another contract than the weekday's before."""
    if roll == "spot":
        return np.zeros(len(days), dtype=bool)
    deliveries = _deliveries(days, roll, 1)
    return np.concatenate([[False], deliveries[1:] != deliveries[:-1]])


def _deliveries(days: pd.DatetimeIndex, roll: Roll, contract: int) -> pd.DatetimeIndex:
    if roll == "january_may_october":
        year, month = days.year.to_numpy(), days.month.to_numpy()
        delivery = np.select([month <= 3, month <= 8, month <= 11], [5, 10, 1], 5)
        return pd.DatetimeIndex(pd.to_datetime({"year": year + (month >= 9), "month": delivery, "day": 15}))
    quoted = days + pd.Timedelta(days=WEEKDAYS_EARLY * 7 // 5) if roll == "early" else days
    months = quoted.to_period("M") + (contract - 1)
    return months.to_timestamp(how="end").normalize().as_unit("ns")
