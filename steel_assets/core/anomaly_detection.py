"""Finds values that a person must confirm: leaps, wrong signs, repeated values, exchanged days.

The same detector judges collected values, imported values, and the quality of stored ones. A value is compared with its
neighbours, including later ones if there are any. So a spike is an anomaly and the way back from it is not; a lasting new level
is accepted if it arrives as history, and doubtful until a person confirms it if it is new. ``core.usual_moves`` has what is usual
for a series, ``core.standstill`` when it repeats for too long; histories that change as a whole are handled by
``core.restatements``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import exp

import numpy as np
import pandas as pd

from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.known_errors import SMALLEST_SPLIT, LikelyErrors, in_words
from steel_assets.core.standstill import improbable_length, lengths
from steel_assets.core.types import Frequency, Series
from steel_assets.core.usual_moves import UsualMoves

SIGN, STUCK, LEAP = "sign", "stuck", "leap"
"""Kinds of anomaly: impossible values, repeated values, values too far from their neighbours."""

CONFIRMED: dict[Frequency, int] = {"daily": 10, "weekly": 5, "monthly": 3, "quarterly": 2}
"""A new level counts as history if at least this many values stay on it."""

REPEAT_SELDOM = ("price", "index")
"""Kinds of series for which repeated values suggest that the feed is stuck."""

GREATEST_CRISIS = 1.1
"""A larger lasting log-return (a factor of three) in one period is an error of unit, however long it lasts."""


def anomaly_reasons_of_all(rows: pd.DataFrame, known: pd.DataFrame, series: Sequence[Series]) -> pd.Series:
    """For each of ``rows`` (of several series), why it is doubtful; None if it is accepted. Aligned with ``rows``."""
    parts = [
        anomaly_reasons(rows[rows["series"] == declared.id], known, declared)
        for declared in series
        if (rows["series"] == declared.id).any()
    ]
    return pd.concat(parts).reindex(rows.index) if parts else pd.Series(index=rows.index, dtype="object")


def anomaly_reasons(
    rows: pd.DataFrame, known: pd.DataFrame, series: Series, no_split: Collection[pd.Timestamp] = frozenset()
) -> pd.Series:
    """For each row, why it is doubtful; None if it is accepted. Aligned with ``rows``.

    The newest version of each period is compared with its neighbours and with the version it replaces, and is accepted if either
    fits; an older version, of a history that arrives with its revisions, is compared with the newest.

    Args:
        rows: new or changed values of one series: ``period, value, published_at``.
        known: raw observations, all vintages; rows of other series are ignored.
        no_split: days of steps that a person declared not to be splits of a share.
    """
    newest = asof(known[known["series"] == series.id], END_OF_TIME).set_index("period")["value"].astype(float)
    order = rows.sort_values(["period", "published_at"], kind="stable")
    last = order.drop_duplicates("period", keep="last")
    arrived = last.set_index("period")["value"].astype(float)
    verdicts = anomalies(arrived, series, newest, no_split)
    reasons = last["period"].map(verdicts["reason"]).astype("object")
    older = order.drop(index=last.index)
    if len(older):
        reasons = pd.concat([reasons, _revised_too_far(older, arrived, newest, series)])
    reasons = reasons.reindex(rows.index)
    return reasons.where(reasons.notna(), None)


def anomalies(
    figures: pd.Series, series: Series, accepted: pd.Series | None = None, no_split: Collection[pd.Timestamp] = frozenset()
) -> pd.DataFrame:
    """The anomalies in ``figures`` (one value per period): ``kind`` and ``reason``, by the period of each anomaly.

    Args:
        accepted: values by period that are not judged again; a value of the same period would replace one.
        no_split: see ``anomaly_reasons``.
    """
    if accepted is None:
        accepted = pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    return _Judge(figures.sort_index(), series, accepted.sort_index(), no_split).verdicts()


class _Judge:
    """One series: its values by period, and the anomalies found so far."""

    def __init__(self, figures: pd.Series, series: Series, accepted: pd.Series, no_split: Collection[pd.Timestamp]) -> None:
        self._figures, self._series, self._before, self._no_split = figures, series, accepted, no_split
        self._found: dict[pd.Timestamp, tuple[str, str]] = {}
        everything = figures.combine_first(accepted)
        finite = everything[np.isfinite(everything)]
        self._usual = UsualMoves.of(series, finite.to_numpy())
        self._errors = LikelyErrors(self._usual)
        self._comparable = accepted[np.isfinite(self._usual.seen(accepted.to_numpy()))]

    def verdicts(self) -> pd.DataFrame:
        self._impossible()
        self._changed_places()
        self._out_of_line()
        self._standing_still()
        found = pd.DataFrame.from_dict(self._found, orient="index", columns=["kind", "reason"])
        return found.astype("object").sort_index()

    def _left(self) -> pd.Series:
        return self._figures[~self._figures.index.isin(list(self._found))]

    def _impossible(self) -> None:
        for period, value in self._figures[~np.isfinite(self._figures)].items():
            self._found[period] = SIGN, f"{value:g} is not a number"
        if self._series.kind == "price":
            for period, value in self._figures[self._figures <= 0].items():
                self._found[period] = SIGN, f"{value:g} is not above zero, as {self._series.unit} must be"

    def _changed_places(self) -> None:
        """Find neighbouring days whose known values were exchanged."""
        again = self._left().index.intersection(self._before.index)
        line = self._before.index
        places = line.get_indexer(again)
        for entry, place in zip(again, places, strict=True):
            other = line[place + 1] if place + 1 < len(line) else None
            if other is None or other not in again or self._before[entry] == self._before[other]:
                continue
            if self._figures[entry] == self._before[other] and self._figures[other] == self._before[entry]:
                for period in (entry, other):
                    self._found[period] = LEAP, f"the figures of {entry:%Y-%m-%d} and {other:%Y-%m-%d} have changed places"

    def _out_of_line(self) -> None:
        left = self._left()
        revisions = left[left.index.isin(self._comparable.index)]
        for period, value in revisions.items():
            self._revision(period, float(value))
        new = left.drop(index=revisions.index)
        line = self._comparable.copy()
        line.update(revisions.drop(index=[period for period in revisions.index if period in self._found]))
        if line.empty:
            line = _longest_stretch(new, self._usual)
            new = new.drop(index=line.index)
        if line.empty:
            return
        inside = new[(new.index > line.index[0]) & (new.index < line.index[-1])]
        for period, value in inside.items():
            self._gap(line, period, float(value))
        self._stretch(line, new[new.index > line.index[-1]])
        self._stretch(line[::-1], new[new.index < line.index[0]][::-1])

    def _revision(self, period: pd.Timestamp, value: float) -> None:
        """Judge a new version of a known value: near the old one, or fitting both neighbours."""
        old = self._comparable[period]
        move = self._leap(self._comparable[self._comparable.index < period], pd.Series({period: old}), value)
        if move is None:
            return
        place = self._comparable.index.get_loc(period)
        neighbours = self._comparable.iloc[[at for at in (place - 1, place + 1) if 0 <= at < len(self._comparable)]]
        in_line = [self._leap(self._comparable.iloc[:place], near, value) is None for near in _each(neighbours)]
        if len(in_line) == 2 and all(in_line):
            return
        self._found[period] = LEAP, move

    def _gap(self, line: pd.Series, period: pd.Timestamp, value: float) -> None:
        """Judge a value between known ones: it must be near one of its neighbours."""
        at = line.index.searchsorted(period)
        moves = [self._leap(line.iloc[:at], near, value, period) for near in (line.iloc[at - 1 : at], line.iloc[at : at + 1])]
        if all(moves):
            self._found[period] = LEAP, str(moves[0])

    def _stretch(self, line: pd.Series, new: pd.Series) -> None:
        """Judge values after ``line`` (or, reversed, before it), one by one."""
        periods = np.concatenate([line.index.to_numpy(), new.index.to_numpy()])
        values = np.concatenate([line.to_numpy(dtype=float), new.to_numpy(dtype=float)])
        believed = list(range(len(line)))
        seen = self._usual.seen(values)
        backwards = len(periods) > 1 and periods[-1] < periods[0]
        quiet = np.abs(np.diff(seen)) <= min(self._usual.least, SMALLEST_SPLIT if self._usual.by_factor else np.inf)
        at = len(line)
        while at < len(values):
            last = believed[-1]
            if last == at - 1 and quiet[last] and not self._errors.suspicious(seen[at] - seen[last]):
                believed.append(at)
                at += 1
                continue
            why = self._why(values, seen, periods, believed, at, backwards)
            if why is None:
                believed.append(at)
                at += 1
                continue
            until = self._back(seen, last, at, self._limit(seen, periods, believed, at))
            if until is None and self._lasts(values, seen, periods, last, at):
                believed.append(at)
                at += 1
                continue
            end = at + 1 if until is None else until
            for place in range(at, end):
                reason = self._why(values, seen, periods, believed, place, backwards) or why
                self._found[pd.Timestamp(periods[place])] = LEAP, reason
            at = end

    def _limit(self, seen: np.ndarray, periods: np.ndarray, accepted: list[int], at: int) -> float:
        days = abs(float((periods[at] - periods[accepted[-1]]) / np.timedelta64(1, "D")))
        return self._usual.limit(seen[accepted[-25:]], days)

    def _why(
        self, values: np.ndarray, seen: np.ndarray, periods: np.ndarray, accepted: list[int], at: int, backwards: bool
    ) -> str | None:
        last = accepted[-1]
        limit = self._limit(seen, periods, accepted, at)
        earlier, later = (at, last) if backwards else (last, at)
        if abs(seen[at] - seen[last]) > limit:
            return _leap_in_words(self._usual, values[last], values[at], limit) + self._likely(values[earlier], values[later])
        if pd.Timestamp(periods[later]) in self._no_split or not self._errors.suspicious(seen[at] - seen[last]):
            return None
        known = self._known_error(values, seen, periods, accepted, earlier, later)
        return None if known is None else f"{values[at]:g} after {values[last]:g}: looks like {known}"

    def _known_error(
        self, values: np.ndarray, seen: np.ndarray, periods: np.ndarray, accepted: list[int], earlier: int, later: int
    ) -> str | None:
        """The known kind of error that explains a move which is unusual, but within the limit."""
        if self._usual.by_factor:
            days = float((periods[later] - periods[earlier]) / np.timedelta64(1, "D"))
            calm = self._errors.calm(seen[accepted[-25:]])
            ratio = self._errors.split_within_the_limit(float(values[later] / values[earlier]), days) if calm else None
            return None if ratio is None else f"a {ratio[0]}:{ratio[1]} split"
        last, at = (later, earlier) if accepted[-1] == later else (earlier, later)
        factor = self._errors.decimal(values[last], values[at])
        return None if factor is None else in_words(self._series, factor)

    def _likely(self, before: float, after: float) -> str:
        known = self._errors.in_words(before, after)
        return f"; looks like {known}" if known else ""

    def _back(self, seen: np.ndarray, last: int, at: int, limit: float) -> int | None:
        """The position at which the series leaps back to its level before ``at``; None if it stays, or returns gradually."""
        for place in range(at + 1, len(seen)):
            near = abs(seen[place] - seen[last]) <= limit
            if near:
                return place if abs(seen[place] - seen[place - 1]) > limit else None
        return None

    def _lasts(self, values: np.ndarray, seen: np.ndarray, periods: np.ndarray, last: int, at: int) -> bool:
        """Whether a new level is history: enough values stay on it, they vary, and no known error explains it."""
        move = float(seen[at] - seen[last])
        if len(seen) - at < CONFIRMED[self._series.frequency] or self._is_stuck(values[: last + 1], values[at:]):
            return False
        if self._usual.by_factor and abs(move) > GREATEST_CRISIS:
            return False
        if pd.Timestamp(max(periods[at], periods[last])) in self._no_split:
            return True
        return not self._errors.explains_a_level(values[last], values[at], move)

    def _is_stuck(self, past: np.ndarray, level: np.ndarray) -> bool:
        """Whether a level begins with one value that repeats for longer than ``past`` makes likely."""
        return self._series.kind in REPEAT_SELDOM and lengths(level)[0] >= improbable_length(
            lengths(past), self._series.frequency
        )

    def _leap(self, line: pd.Series, near: pd.Series, value: float, period: pd.Timestamp | None = None) -> str | None:
        """Why ``value`` is too far from the one value of ``near``; None if it is not."""
        before = float(near.iloc[0])
        days = 0.0 if period is None else abs(float((period - near.index[0]) / pd.Timedelta(days=1)))
        limit = self._usual.limit(self._usual.seen(line.to_numpy(dtype=float)[-25:]), days)
        here, there = self._usual.seen(np.array([before, value]))
        if abs(there - here) <= limit:
            return None
        return _leap_in_words(self._usual, before, value, limit) + self._likely(before, value)

    def _standing_still(self) -> None:
        """Find prices and indices that repeat for longer than their market ever made likely."""
        if self._series.kind not in REPEAT_SELDOM:
            return
        left = self._left()
        line = left.combine_first(self._before)
        runs = lengths(line.to_numpy())
        ends = np.cumsum(runs)
        fresh = line.index.isin(left.index)
        if not len(runs):
            return
        worth_a_look = improbable_length(np.delete(runs, int(runs.argmax())), self._series.frequency) / 2
        for number in np.flatnonzero(runs >= max(3.0, worth_a_look)):
            run, end = int(runs[number]), int(ends[number])
            if not fresh[end - run : end].any():
                continue
            longest = improbable_length(np.delete(runs, number), self._series.frequency)
            for place in range(end - run, end):
                count = place - (end - run) + 1
                if count >= longest and fresh[place]:
                    self._found[line.index[place]] = (
                        STUCK,
                        f"{line.iloc[place]:g} for {count} periods in a row: the feed may be stuck "
                        f"(from its past, {longest:.0f} are improbable)",
                    )


def _each(figures: pd.Series) -> list[pd.Series]:
    return [figures.iloc[at : at + 1] for at in range(len(figures))]


def _leap_in_words(usual: UsualMoves, before: float, after: float, limit: float) -> str:
    if not usual.by_factor:
        return f"{after:g} after {before:g}: a change of more than {limit:.3g}"
    return f"{after:g} after {before:g}: {after / before:.3g} times, more than {exp(limit):.3g} up or down is doubted"


def _longest_stretch(figures: pd.Series, usual: UsualMoves) -> pd.Series:
    """The longest stretch of a first history without a leap, with which the rest is compared."""
    if figures.empty:
        return figures
    seen = usual.seen(figures.to_numpy(dtype=float))
    days = np.diff(figures.index.to_numpy()) / np.timedelta64(1, "D")
    limits = usual.limits(days)
    with np.errstate(invalid="ignore"):
        borders = np.flatnonzero(np.abs(np.diff(seen)) > limits) + 1
    edges = np.concatenate([[0], borders, [len(seen)]])
    longest = int(np.argmax(np.diff(edges)))
    return figures.iloc[edges[longest] : edges[longest + 1]]


def _revised_too_far(older: pd.DataFrame, arrived: pd.Series, accepted: pd.Series, series: Series) -> pd.Series:
    """Judge versions that were replaced within the same answer, each against its replacement."""
    usual = UsualMoves.of(series, arrived.combine_first(accepted).to_numpy())
    later = arrived.reindex(older["period"]).to_numpy(dtype=float)
    here, there = usual.seen(older["value"].to_numpy(dtype=float)), usual.seen(later)
    limit = usual.limit(here[:0])
    with np.errstate(invalid="ignore"):
        near = np.abs(here - there) <= limit
    reasons = [
        None if fine else _leap_in_words(usual, float(newest), float(value), limit)
        for fine, value, newest in zip(near, older["value"], later, strict=True)
    ]
    return pd.Series(reasons, index=older.index, dtype="object")
