"""Averages of calendar months and quarters, on which contracts settle, and prices of a day; one value per sample path.

An average is over the period's trading days by the market's calendar, each counted once. Days with a known price use it; days
ahead use the paths. A session before the last price without a price of its own (a gap) is left out, as in a settlement; one
between the last price and the origin, whose price is late, uses the last price. If the paths end before the period does,
``beyond`` is the number of missing days, and the average covers a part of the period only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core import calendars
from steel_assets.core.problem import Problem

MONTHS_AHEAD = 3
"""Calendar months after the current one that are shown by default."""
_PERIOD = re.compile(r"(?P<year>20[0-9]{2})-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4]))")


class AverageError(Problem, ValueError):
    """An average or a day's price cannot be computed; the message says why."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """One market's sample paths with the prices known at the issue.

    Attributes:
        market, unit, calendar: of the market; all prices are in ``unit``.
        issued: day of issue.
        origin: last trading day whose close was published at the issue.
        price_day: the trading day of the last price: the origin, or earlier if the price is late.
        last: that price.
        days: the trading days ahead of the origin, one per column of ``paths``.
        paths: prices, one row per path.
        known: prices known at the issue, by trading day.
        simulated: whether any of it comes from simulated prices.
    """

    market: str
    unit: str
    calendar: str
    issued: pd.Timestamp
    origin: pd.Timestamp
    price_day: pd.Timestamp
    last: float
    days: pd.DatetimeIndex
    paths: np.ndarray
    known: pd.Series
    simulated: bool


@dataclass(frozen=True, eq=False)
class Average:
    """The average price of a period.

    Attributes:
        period: ``2026-12`` or ``2026-Q4``.
        values: one per path; all equal if every day is known.
        before: sum of the prices of known and carried days.
        known, carried, drawn: number of trading days with a known price, with the last price because theirs is late, and taken
        from the paths.
        beyond: trading days of the period after the end of the paths, which ``values`` leave out.
    """

    period: str
    values: np.ndarray
    before: float
    known: int
    carried: int
    drawn: int
    beyond: int

    @property
    def whole(self) -> bool:
        """Whether ``values`` cover the whole period."""
        return self.beyond == 0


def parse_period(text: str) -> pd.Period:
    """``2026-12`` or ``2026-Q4`` as a period.

    Raises:
        AverageError: ``text`` is neither.
    """
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise AverageError(f"{text!r} is neither a month nor a quarter; write 2026-12 or 2026-Q4")
    if found["quarter"]:
        return pd.Period(f"{found['year']}Q{found['quarter']}", freq="Q")
    return pd.Period(text, freq="M")


def average(outlook: Outlook, period: pd.Period) -> Average:
    """The average price of ``period``, a month or a quarter.

    Raises:
        AverageError: no day of the period is known, and the paths do not reach it.
    """
    sessions = calendars.sessions(outlook.calendar, period.start_time, period.end_time)
    prices = outlook.known.reindex(sessions[sessions <= outlook.price_day]).dropna()
    carried = int(((sessions > outlook.price_day) & (sessions <= outlook.origin)).sum())
    drawn = outlook.paths[:, np.isin(outlook.days, sessions)]
    beyond = int((sessions > outlook.days[-1]).sum())
    counted = len(prices) + carried + drawn.shape[1]
    if counted == 0:
        raise AverageError(
            f"{named(period)}: {outlook.market} has prices from {outlook.known.index.min():%Y-%m-%d} and paths to "
            f"{outlook.days[-1]:%Y-%m-%d}; none of its days lies in between"
        )
    before = float(prices.sum() + carried * outlook.last)
    return Average(named(period), (before + drawn.sum(axis=1)) / counted, before, len(prices), carried, drawn.shape[1], beyond)


def averages(outlook: Outlook) -> list[Average]:
    """This month and the next three, this quarter and the next, as far as the paths reach.

    The current period is the one of the first day that is not known yet.
    """
    first, last = outlook.days[0], outlook.days[-1]
    months = pd.period_range(first, periods=1 + MONTHS_AHEAD, freq="M")
    quarters = pd.period_range(first, periods=2, freq="Q")
    return [average(outlook, period) for period in (*months, *quarters) if period.start_time <= last]


def reached(outlook: Outlook) -> list[Average]:
    """Every month, then every quarter, that contains a day of the paths."""
    first, last = outlook.days[0], outlook.days[-1]
    return [average(outlook, period) for freq in ("M", "Q") for period in pd.period_range(first, last, freq=freq)]


def price_on(outlook: Outlook, day: pd.Timestamp) -> np.ndarray:
    """The price on ``day``, one per path; on a day without trading that of the trading day before.

    Raises:
        AverageError: the day is not after the origin, or the paths do not reach it.
    """
    return outlook.paths[:, column_of(outlook, day)]


def column_of(outlook: Outlook, day: pd.Timestamp) -> int:
    """The column of the last trading day ahead up to ``day``.

    Raises:
        AverageError: see ``price_on``.
    """
    if day > outlook.days[-1]:
        raise AverageError(f"{day:%Y-%m-%d} is beyond the paths of {outlook.market}, which reach to {outlook.days[-1]:%Y-%m-%d}")
    if day < outlook.days[0]:
        raise AverageError(
            f"{day:%Y-%m-%d} is not ahead of {outlook.market}: its forecast begins with {outlook.days[0]:%Y-%m-%d}"
        )
    return int(outlook.days.searchsorted(day, side="right")) - 1


def named(period: pd.Period) -> str:
    """How a period is written: ``2026-12`` or ``2026-Q4``."""
    return f"{period.year}-Q{period.quarter}" if period.freqstr.startswith("Q") else f"{period.year}-{period.month:02d}"
