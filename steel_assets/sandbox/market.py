"""The simulated market as callers see it: bars and figures, each only from its publication on.

A bar or figure exists for callers from the moment given by its series' publication rule. The past does not depend on the clock:
the history is simulated to the end of the year after next, and further when the clock gets there.
"""

from __future__ import annotations

import pandas as pd

from steel_assets.catalog import Catalog
from steel_assets.core.types import Series
from steel_assets.sandbox.simulated_history import SimulatedHistory


class SimulatedMarket:
    """All series of the catalogue's providers."""

    def __init__(self, catalog: Catalog, seed: int = 7) -> None:
        self.catalog = catalog
        self.seed = seed
        self._halts: dict[str, pd.Timestamp] = {}
        self._history: SimulatedHistory | None = None

    def find(self, source: str, symbol: str) -> Series | None:
        """The series that ``source`` quotes as ``symbol`` (in any case), or None."""
        return next((s for s in self.catalog.series_of(source) if (s.symbol or "").casefold() == symbol.casefold()), None)

    def halt(self, series: str, since: pd.Timestamp | None) -> None:
        """Hide all values of ``series`` (its id) about ``since`` or later; None shows them again.

        Raises:
            KeyError: there is no such series.
        """
        if series not in self.catalog.series:
            raise KeyError(series)
        if since is None:
            self._halts.pop(series, None)
        else:
            self._halts[series] = since.normalize()

    @property
    def halts(self) -> dict[str, str]:
        """Series that are halted, and since which day."""
        return {series: f"{since:%Y-%m-%d}" for series, since in self._halts.items()}

    def halted(self, series: Series, day: pd.Timestamp) -> bool:
        """Whether values about ``day`` are hidden."""
        return series.id in self._halts and day >= self._halts[series.id]

    def bars(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        """Bars of a series published by ``now``, oldest first.

        Returns:
            day, published_at, open, high, low, close, volume; ``missing`` if the provider lacks the bar, ``late`` if it shows the
            close only once the next session opens.
        """
        return self._running(series, _published(self._history_at(now).bars(series), now), "day")

    def coming_bar(self, series: Series, now: pd.Timestamp) -> pd.Series:
        """The first bar not yet published at ``now``; its name is its place among all bars."""
        bars = self._history_at(now).bars(series)
        return bars.iloc[bars["published_at"].searchsorted(now, side="right")]

    def versions(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        """Every version of every value published by ``now``, in order of publication.

        Returns:
            period, published_at, value. A daily series has a row for each weekday, empty if its exchange was closed.
        """
        return self._running(series, _published(self._history_at(now).versions(series), now), "period")

    def planned_versions(self, series: Series, now: pd.Timestamp, ahead: pd.Timedelta) -> pd.DataFrame:
        """As ``versions``, with those to be published within ``ahead``: for their dates, not their values."""
        return self._running(series, _published(self._history_at(now).versions(series), now + ahead), "period")

    def _running(self, series: Series, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        since = self._halts.get(series.id)
        return rows if since is None else rows[rows[column] < since]

    def _history_at(self, now: pd.Timestamp) -> SimulatedHistory:
        if self._history is None or self._history.until.year < now.year + 1:
            self._history = SimulatedHistory(self.seed, pd.Timestamp(now.year + 2, 12, 31))
        return self._history


def _published(rows: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    return rows.iloc[: rows["published_at"].searchsorted(now, side="right")]
