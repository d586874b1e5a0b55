"""One collection in the making: ask series by series, note what fails, and turn what came into observations."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pandas as pd

from steel_assets.core.answers import HttpError
from steel_assets.core.types import Series
from steel_assets.sources._contract import Access, Collection, Exhausted, Rejected, SourceError
from steel_assets.sources._rows import NOT_YET, ahead, as_observations, news, reasons, split

SILENCE = 2
"""After so many calls in a row without an answer the provider counts as down and is not asked further."""

AT_ONCE = 2
"""Calls to one provider side by side: polite, and one that is never answered does not keep the others waiting."""

Ask = Callable[[Sequence[Series], Counter[str]], pd.DataFrame]
"""Brings the figures of some series, and counts oddities: frames of ``series, period, value`` and, where the provider says it,
``published_at``, and ``doubt``: why a figure cannot be meant as the catalogue says (None where it can)."""


class Gathering:
    """Collects figures, problems and notes of one provider."""

    def __init__(self, source: str, access: Access) -> None:
        self._lock = threading.Condition(threading.RLock())
        self._under_way = 0
        self._notes: Counter[str] = Counter()
        self._source = source
        self._access = access
        self._figures: list[pd.DataFrame] = []
        self._problems: dict[str, str] = {}
        self._rejected: list[Rejected] = []
        self._silences = 0
        self._stopped = ""
        self._down: str | None = None

    def ask_all(self, batches: Sequence[Sequence[Series]], ask: Ask, at_once: int = AT_ONCE) -> None:
        """``ask`` for each of ``batches``, ``at_once`` of them side by side."""
        with ThreadPoolExecutor(at_once, thread_name_prefix=self._source) as pool:
            for _ in pool.map(lambda batch: self.ask(batch, ask), batches):
                pass

    def ask(self, series: Sequence[Series], ask: Ask) -> None:
        """Keep the figures that ``ask`` brings for ``series``; a failure becomes the problem of each of them.

        Several that are refused together are asked for one by one, so that only the guilty fail.
        """
        notes: Counter[str] = Counter()
        if not self._may_go():
            self._fail(series, f"not asked: {self._stopped}")
            return
        try:
            figures = ask(series, notes)
        except HttpError as error:
            with self._coming_back(silent=True):
                self._silent(series, error)
        except Exhausted as error:
            with self._coming_back():
                self.stop(str(error))
                self._refused(series, error)
        except SourceError as error:
            with self._coming_back():
                pass
            if len(series) > 1:
                for one in series:
                    self.ask([one], ask)
            else:
                self._refused(series, error)
        except BaseException:
            with self._coming_back():
                raise
        else:
            with self._coming_back():
                self._keep(series, figures)
        with self._lock:
            self._notes.update(notes)

    def stop(self, reason: str) -> None:
        """Ask nothing further: ``reason`` becomes the problem of every series still to come."""
        self._stopped = reason

    def collection(self, series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp) -> Collection:
        """Everything asked so far, as a Collection."""
        meant, doubted = split(self._figures)
        rows = news(meant, series, known, moment, self._notes)
        observations = self._observed(rows, moment)
        early = self._observed(ahead(self._figures, series, moment), moment).assign(reason=NOT_YET)
        odd = news(doubted, series, known, moment, Counter())
        otherwise = self._observed(odd, moment).assign(reason=reasons(odd, doubted, series).to_numpy())
        suspects = pd.concat([early, otherwise], ignore_index=True)
        problems = {one.id: self._problems[one.id] for one in series if one.id in self._problems}
        return Collection(observations, problems, dict(self._notes), tuple(self._rejected), suspects, self._down)

    def _observed(self, rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
        return as_observations(rows, moment, self._source, simulated=self._access.simulated)

    def _may_go(self) -> bool:
        """Whether one more call may be made; after one that had no answer, only when those under way have come back."""
        with self._lock:
            self._lock.wait_for(lambda: bool(self._stopped) or not self._silences or not self._under_way)
            if self._stopped:
                return False
            self._under_way += 1
            return True

    @contextmanager
    def _coming_back(self, *, silent: bool = False) -> Iterator[None]:
        """A call is over, with an answer or without; inside the block no other one begins."""
        with self._lock:
            self._silences = self._silences + 1 if silent else 0
            self._under_way -= 1
            self._lock.notify_all()
            yield

    def _keep(self, series: Sequence[Series], figures: pd.DataFrame) -> None:
        self._figures.append(figures)
        present = set(figures["series"])
        absent = [one for one in series if one.id not in present]
        self._fail(absent, "answered without a single figure; check the symbol in the catalogue")

    def _silent(self, series: Sequence[Series], error: HttpError) -> None:
        if error.kind == "budget":
            self.stop(str(error))
        elif self._silences >= SILENCE and not self._stopped:
            self._down = f"the provider failed {SILENCE} times in a row, at last with: {error}"
            self.stop(self._down)
        self._fail(series, str(error))

    def _refused(self, series: Sequence[Series], error: SourceError) -> None:
        with self._lock:
            if error.content is not None:
                self._rejected.append(Rejected(series[0].id, str(error), error.content))
            self._fail(series, str(error))

    def _fail(self, series: Sequence[Series], reason: str) -> None:
        with self._lock:
            self._problems |= {one.id: f"{one.symbol}: {reason}" for one in series}


def oldest_day(moment: pd.Timestamp, access: Access) -> pd.Timestamp:
    """The first day of history that is wanted at all."""
    day = moment.tz_localize(None).normalize() - pd.DateOffset(years=access.history_years)
    return day if access.since is None else min(day, access.since)


def first_day(series: Series, known: pd.DataFrame, moment: pd.Timestamp, access: Access, again_days: int) -> pd.Timestamp:
    """The day from which to ask: ``again_days`` before the newest period known, or all of history at first."""
    if access.since is not None:
        return access.since
    periods = known.loc[known["series"] == series.id, "period"]
    return periods.max() - pd.Timedelta(days=again_days) if len(periods) else oldest_day(moment, access)


def windows(start: pd.Timestamp, end: pd.Timestamp, years: int) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last days of consecutive windows of at most ``years`` from ``start`` to ``end``, both included."""
    while start <= end:
        following = start + pd.DateOffset(years=years)
        yield start, min(end, following - pd.Timedelta(days=1))
        start = following
