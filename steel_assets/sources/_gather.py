"""Runs one collection: asks series by series, records failures, and converts values to observations."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pandas as pd

from steel_assets.core.responses import HttpError
from steel_assets.core.source_status import Settled
from steel_assets.core.types import Series
from steel_assets.sources._complete import came, due, lacking, slack, whole_until
from steel_assets.sources._connector import Access, Blocked, Collection, Cut, Exhausted, Rejected, SourceError
from steel_assets.sources._history import first_day, oldest_day, periods_of, settled_until
from steel_assets.sources._rows import NOT_YET, ahead, as_observations, by_series, news, reasons, reported_splits, split

SILENCE = 2
"""After this many calls in a row without an answer the provider counts as down and is not asked further."""

AT_ONCE = 2
"""Parallel calls to one provider: few, and one that gets no answer does not delay all others."""

AGAIN = "what is missing is asked for again at the next collection"

Ask = Callable[[Sequence[Series], Counter[str]], pd.DataFrame]
"""Brings the figures of some series, and counts oddities: frames of ``series, period, value`` and, where the provider says it,
``published_at``; ``doubt``: why a figure cannot be meant as the catalogue says (None where it can); and ``split``: the factor by
which a split changes the prices of the days before this one."""


class Gathering:
    """Collects values, problems and notes of one provider.

    Args:
        remedy: what to do about history that an answer does not contain.
        newest_only: answers contain only the newest values, so that history grows from one collection to the next.
    """

    def __init__(self, source: str, access: Access, remedy: str = AGAIN, *, newest_only: bool = False) -> None:
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
        self._blocked: Blocked | None = None
        self._remedy = remedy
        self._newest_only = newest_only

    def ask_all(self, batches: Sequence[Sequence[Series]], ask: Ask, at_once: int = AT_ONCE) -> None:
        """``ask`` for each of ``batches``, ``at_once`` of them side by side."""
        with ThreadPoolExecutor(at_once, thread_name_prefix=self._source) as pool:
            for _ in pool.map(lambda batch: self.ask(batch, ask), batches):
                pass

    def ask(self, series: Sequence[Series], ask: Ask) -> None:
        """Keep the values that ``ask`` returns for ``series``; a failure becomes the problem of each of them.

        If several are refused together, each is asked for separately, so that only those at fault fail.
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
                self._blocked = error if isinstance(error, Blocked) else self._blocked
                self.stop(str(error))
                self._refused(series, error)
        except Cut as error:
            with self._coming_back():
                self._keep(series, error.figures)
                for declared_series in series:
                    if declared_series.id in error.missing:
                        self._fail([declared_series], f"{error.missing[declared_series.id]}; {self._remedy}")
        except SourceError as error:
            with self._coming_back():
                pass
            if len(series) > 1:
                for declared in series:
                    self.ask([declared], ask)
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
        """Ask nothing further: ``reason`` becomes the problem of every remaining series."""
        self._stopped = reason

    def collection(self, series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp) -> Collection:
        """Everything received so far, as a Collection."""
        meant, doubted = split(self._figures)
        rows = news(meant, series, known, moment, self._notes)
        observations = self._observed(rows, moment)
        early = self._observed(ahead(self._figures, series, moment), moment).assign(reason=NOT_YET)
        odd = news(doubted, series, known, moment, Counter())
        otherwise = self._observed(odd, moment).assign(reason=reasons(odd, doubted, series).to_numpy())
        suspects = pd.concat([early, otherwise], ignore_index=True)
        remarks: dict[str, str] = {}
        settled: dict[str, Settled] = {}
        parts = by_series(self._figures)
        for declared_series in series:
            if declared_series.id not in self._problems:
                self._judge(declared_series, parts.get(declared_series.id, []), known, moment, remarks, settled)
        problems = {declared.id: self._problems[declared.id] for declared in series if declared.id in self._problems}
        return Collection(
            observations,
            problems,
            dict(self._notes),
            tuple(self._rejected),
            suspects,
            splits=reported_splits(self._figures),
            silent=str(self._blocked) if self._blocked else self._down,
            remarks=remarks,
            settled=settled,
            blocked=str(self._blocked) if self._blocked else None,
            retry_after=self._blocked.retry_after if self._blocked else None,
        )

    def _judge(
        self,
        declared: Series,
        figures: Sequence[pd.DataFrame],
        known: pd.DataFrame,
        moment: pd.Timestamp,
        remarks: dict[str, str],
        settled: dict[str, Settled],
    ) -> None:
        """Check what was requested about ``declared``: a problem if it did not arrive, a remark if its history is short."""
        days = [part.loc[part["value"].notna(), "period"] for part in figures]
        arrived = came(declared, pd.concat(days)) if days else pd.DatetimeIndex([])
        before, start = periods_of(declared, known), first_day(declared, known, moment, self._access, 0)
        reach = whole_until(declared, before, settled_until(declared, moment, self._access)) if len(before) else None
        wanted = due(declared, start, moment)
        arrived = arrived[
            arrived <= (wanted[-1] if len(wanted) else moment.tz_localize(None))
        ]  # a live row does not count as an answer
        if not len(arrived):
            if self._figures and len(wanted) > slack(declared):
                self._fail([declared], f"none of the {len(wanted)} periods from {wanted[0]:%Y-%m-%d} on came; {self._remedy}")
            return
        if missing := lacking(declared, arrived, before, reach, wanted):
            self._fail([declared], f"{missing}; {self._remedy}")
            return
        oldest = oldest_day(moment, self._access)
        if self._newest_only or (self._access.since is not None and self._access.since > oldest):
            return
        settled[declared.id] = Settled(oldest, arrived[-1])
        if int((wanted < arrived[0]).sum()) > slack(declared) and declared.id not in self._access.settled:
            remarks[declared.id] = (
                f"{declared.symbol}: begins at {arrived[0]:%Y-%m-%d}: there is nothing before it from {start:%Y-%m-%d} on"
            )

    def _observed(self, rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
        return as_observations(rows, moment, self._source, simulated=self._access.simulated)

    def _may_go(self) -> bool:
        """Whether one more call may be made; after one without an answer, only when the calls in progress have ended."""
        with self._lock:
            self._lock.wait_for(lambda: bool(self._stopped) or not self._silences or not self._under_way)
            if self._stopped:
                return False
            self._under_way += 1
            return True

    @contextmanager
    def _coming_back(self, *, silent: bool = False) -> Iterator[None]:
        """Record the end of a call, with or without an answer; inside the block no other call begins."""
        with self._lock:
            self._silences = self._silences + 1 if silent else 0
            self._under_way -= 1
            self._lock.notify_all()
            yield

    def _keep(self, series: Sequence[Series], figures: pd.DataFrame) -> None:
        self._figures.append(figures)
        present = set(figures["series"])
        absent = [declared for declared in series if declared.id not in present]
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
            self._problems |= {declared.id: f"{declared.symbol}: {reason}" for declared in series}


def windows(start: pd.Timestamp, end: pd.Timestamp, years: int) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last days of consecutive windows of at most ``years`` from ``start`` to ``end``, both included."""
    while start <= end:
        following = start + pd.DateOffset(years=years)
        yield start, min(end, following - pd.Timedelta(days=1))
        start = following
