"""Which figures that just came cannot be believed without a person: implausible leaps, signs, standstills.

Each new figure is compared with the newest believed one before it (a revision with the version it replaces), so that a spike is
doubted and the way back from it is not, and a lasting change of level or unit is doubted until somebody says that it is true.
Measured on 33 real series, 367 series-years (``test_doubts``): 0.005 false alarms per series and year, at worst 0.16; an 11 %
contract roll passes; every price off by a factor of ten or more is caught. Not caught: slow poison (half a per cent a day, which
is the quality score's), and a small percentage written as a share.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from steel_assets.core.asof import asof
from steel_assets.core.types import Series
from steel_assets.core.vintages import END_OF_TIME

SCALES = 8.0
"""A move beyond this many robust standard deviations (1.4826 × the median size of moves that are not zero) is a leap …"""

LEAST_LEAP = math.log(1.4)
"""… if it is also larger than this log-return: no calm market makes a leap of a contract's roll or of one bad day."""

LEAST_POINTS = 3.0
"""The same for a percentage, in points."""

LEAST_LEVELS = 3.0
"""The same for an amount that may be negative, in its median level."""

MOST_BELIEVED = math.log(1000.0)
"""However wild a series is."""

FEWEST_MOVES = 20
"""With fewer moves known than this, the size of a usual one is not."""

SHORT_HISTORY_LEAP = math.log(3.0)
PATIENT_PERIODS = 10.0
"""A gap of more periods than this widens the limit with its square root."""

LONGEST_STANDSTILL = 30
"""Sessions a daily price may stand still before more of the same is held. Real back months stood still for up to 24."""

FIRST_LOOK = 7
"""The first figure ever of a series is compared with the median of so many."""

SHARE_OF_NEGATIVES = 0.05
DAYS = {"daily": 1.0, "weekly": 7.0, "monthly": 30.4}


def doubts(rows: pd.DataFrame, known: pd.DataFrame, series: Series) -> pd.Series:
    """For each row, why it is doubted; None where it is believed. Aligned with ``rows``.

    Args:
        rows: what is new or changed of one series: ``period, value, published_at``.
        known: raw observations, all vintages; rows of other series are left out here.
    """
    newest = asof(known[known["series"] == series.id], END_OF_TIME)
    believed = dict(zip(newest["period"], newest["value"].astype(float), strict=True))
    order = rows.sort_values(["published_at", "period"], kind="stable")
    judge = _Judge(series, believed, order.drop_duplicates("period").sort_values("period")["value"].to_numpy(dtype=float))
    reasons = [judge.hear(period, float(value)) for period, value in zip(order["period"], order["value"], strict=True)]
    return pd.Series(reasons, index=order.index, dtype="object").reindex(rows.index)


class _Judge:
    """Hears the figures of one series in the order of their publication."""

    def __init__(self, series: Series, believed: dict[pd.Timestamp, float], new: np.ndarray) -> None:
        self._series = series
        history = np.array([believed[period] for period in sorted(believed)])
        self._signed = _may_be_negative(series, history if len(history) else new)
        # a price of zero or less that a person released is true, and still nothing to compare others with
        self._believed = {period: value for period, value in believed.items() if self._signed or value > 0}
        self._periods = sorted(self._believed)
        self._standing = self._run_at_the_end()
        self._limit = self._usual(history, new)
        first = [value for value in new[:FIRST_LOOK] if self._signed or value > 0]
        self._start = None if len(history) or len(new) < FIRST_LOOK or not first else float(np.median(first))

    def hear(self, period: pd.Timestamp, value: float) -> str | None:
        if not self._signed and value <= 0:
            return f"{value:g} is not above zero, as {self._series.unit} must be"
        leap = self._leap(period, value)
        if leap is not None:
            return leap
        latest = not self._periods or period > self._periods[-1]
        if latest:
            same = bool(self._periods) and self._believed[self._periods[-1]] == value
            if same and self._standing >= LONGEST_STANDSTILL and self._watched_for_standstill:
                return f"{value:g} for {self._standing + 1} sessions in a row: the feed may be stuck"
            self._standing = self._standing + 1 if same else 1
        if period not in self._believed:
            bisect.insort(self._periods, period)
        self._believed[period] = value
        return None

    @property
    def _watched_for_standstill(self) -> bool:
        """A price that trades every day moves; an index, a rate or a monthly average may stand."""
        return self._series.frequency == "daily" and not self._signed and self._series.unit != "index"

    def _leap(self, period: pd.Timestamp, value: float) -> str | None:
        before, days = self._reference(period)
        if before is None:
            return None
        limit = self._limit * max(1.0, days / DAYS[self._series.frequency] / PATIENT_PERIODS) ** 0.5
        if self._signed:
            if abs(value - before) <= limit:
                return None
            return f"{value:g} after {before:g}: a change of more than {limit:.3g}"
        limit = min(limit, MOST_BELIEVED)
        if abs(math.log(value) - math.log(before)) <= limit:
            return None
        return f"{value:g} after {before:g}: {value / before:.3g} times, more than {math.exp(limit):.3g} up or down is doubted"

    def _reference(self, period: pd.Timestamp) -> tuple[float | None, float]:
        """What to compare a figure with: its own earlier version, the nearest believed before it, else after it."""
        if period in self._believed:
            return self._believed[period], 0.0
        at = bisect.bisect_left(self._periods, period)
        if not self._periods:
            return self._start, 0.0
        near = self._periods[at - 1] if at else self._periods[0]
        return self._believed[near], float(abs((period - near) / pd.Timedelta(days=1)))

    def _usual(self, history: np.ndarray, new: np.ndarray) -> float:
        """The largest move that is believed over one period."""
        values = np.concatenate([history, new])
        if self._signed:
            moves, level = np.diff(values), float(np.median(np.abs(values))) if len(values) else 0.0
            least = LEAST_POINTS if self._series.unit == "percent" else LEAST_LEVELS * level
            few = 2 * least
        else:
            moves, least, few = np.diff(np.log(values[values > 0])), LEAST_LEAP, SHORT_HISTORY_LEAP
        sizes = np.abs(moves[moves != 0])
        if len(sizes) < FEWEST_MOVES:
            return few
        return max(SCALES * 1.4826 * float(np.median(sizes)), least)

    def _run_at_the_end(self) -> int:
        """How many of the newest believed figures are the same."""
        run = 0
        for period in reversed(self._periods):
            if self._believed[period] != self._believed[self._periods[-1]]:
                break
            run += 1
        return run


def _may_be_negative(series: Series, values: np.ndarray) -> bool:
    """A percentage may; an amount, such as a balance of trade, if it has been."""
    return series.unit == "percent" or (series.unit == "million_usd" and bool(np.mean(values <= 0) > SHARE_OF_NEGATIVES))


def doubted(rows: pd.DataFrame, known: pd.DataFrame, series: Sequence[Series]) -> pd.Series:
    """``doubts`` for rows of several series at once."""
    parts = [doubts(rows[rows["series"] == one.id], known, one) for one in series if (rows["series"] == one.id).any()]
    return pd.concat(parts).reindex(rows.index) if parts else pd.Series(index=rows.index, dtype="object")
