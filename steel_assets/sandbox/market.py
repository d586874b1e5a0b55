"""The simulated market as the catalogue's series: daily bars and figures, revealed strictly by publication.

A bar or figure exists for callers from the moment its series' publication rule gives, never before. The past is the
same for every clock: the market is drawn once to the end of the year after next, and drawn further when the clock gets there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.catalog import Catalog
from steel_assets.core.calendars import publication_moments, sessions
from steel_assets.core.types import Publication, Series
from steel_assets.sandbox.economy import BEGINNING, Economy
from steel_assets.sandbox.indicators import versions
from steel_assets.sandbox.instruments import Instrument, instrument
from steel_assets.sandbox.shocks import stream

MISSING = 0.003
"""Share of trading days whose bar a provider never had."""

LATE = 0.03
"""Share of trading days whose close a provider shows only when the next session opens."""

SHARES_A_DAY, CONTRACTS_A_DAY = 3_000_000, 2_000
"""Usual volumes; rates and indices have none."""


class Market:
    """Everything the catalogue's providers can be asked for."""

    def __init__(self, catalog: Catalog, seed: int = 7) -> None:
        self.catalog = catalog
        self.seed = seed
        self._economy: Economy | None = None
        self._bars: dict[Series, pd.DataFrame] = {}
        self._versions: dict[Series, pd.DataFrame] = {}
        self._calendars: dict[tuple[str, Publication], tuple[pd.DatetimeIndex, pd.DatetimeIndex]] = {}

    def find(self, source: str, symbol: str) -> Series | None:
        """The series that ``source`` quotes as ``symbol``, if the catalogue has one; capitals make no difference."""
        return next((s for s in self.catalog.series_of(source) if (s.symbol or "").casefold() == symbol.casefold()), None)

    def bars(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        """Bars of a daily series published by ``now``, oldest first.

        Returns:
            day, published_at, open, high, low, close, volume; ``missing`` where the provider never had the bar, ``late``
            where it shows the close only once the next session opens.
        """
        every = self._every_bar(series, now)
        return every.iloc[: every["published_at"].searchsorted(now, side="right")]

    def coming_bar(self, series: Series, now: pd.Timestamp) -> pd.Series:
        """The first bar not yet published at ``now``."""
        every = self._every_bar(series, now)
        return every.iloc[every["published_at"].searchsorted(now, side="right")]

    def versions(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        """Every version of every figure published by ``now``, in order of publication.

        Returns:
            period, published_at, value. A daily series has a row for each weekday, empty where its exchange was shut.
        """
        every = self.planned_versions(series, now)
        return every.iloc[: every["published_at"].searchsorted(now, side="right")]

    def planned_versions(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        """As ``versions``, with those still to come: for their dates only."""
        self._draw_beyond(now)
        if series not in self._versions:
            daily = series.frequency == "daily"
            self._versions[series] = self._daily_versions(series, now) if daily else versions(self._drawn, series)
        return self._versions[series]

    @property
    def _drawn(self) -> Economy:
        if self._economy is None:
            raise RuntimeError("the market is drawn when it is first asked for a moment")
        return self._economy

    def _draw_beyond(self, now: pd.Timestamp) -> None:
        if self._economy is None or self._economy.days[-1].year < now.year + 1:
            self._economy = Economy(self.seed, pd.Timestamp(now.year + 2, 12, 31))
            self._bars.clear()
            self._versions.clear()
            self._calendars.clear()

    def _every_bar(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        self._draw_beyond(now)
        if series not in self._bars:
            self._bars[series] = self._traded(series) if series.frequency == "daily" else self._printed(series, now)
        return self._bars[series]

    def _traded(self, series: Series) -> pd.DataFrame:
        what, symbol = instrument(series), series.symbol or series.id
        weekdays = self._drawn.days
        days, published = self._sessions(series)
        at = weekdays.searchsorted(days, side="right") - 1
        close = self._drawn.quotes(what, symbol)[at]
        bars = pd.DataFrame({"day": days, "published_at": published})
        bars[["open", "high", "low", "close"]] = self._ranges(what, symbol, close, at)
        busy = stream(self.seed, "volume", symbol).standard_normal(len(weekdays))[at]
        bars["volume"] = np.round((SHARES_A_DAY if series.unit == "USD" else CONTRACTS_A_DAY) * np.exp(0.4 * busy)).astype(
            "int64"
        )
        bars["missing"] = stream(self.seed, "missing", symbol).random(len(weekdays))[at] < MISSING
        bars["late"] = stream(self.seed, "late", symbol).random(len(weekdays))[at] < LATE
        return bars

    def _sessions(self, series: Series) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
        key = (series.calendar, series.published)
        if key not in self._calendars:
            days = sessions(series.calendar, BEGINNING, self._drawn.days[-1])
            self._calendars[key] = days, publication_moments(days, "daily", series.published)
        return self._calendars[key]

    def _ranges(self, what: Instrument, symbol: str, close: np.ndarray, at: np.ndarray) -> np.ndarray:
        gap, up, down = stream(self.seed, "range", symbol).standard_normal((len(self._drawn.days), 3))[at].T
        width = 0.004 * max(what.driver.volatility, 0.2)
        before = np.concatenate([close[:1], close[:-1]])
        opened = before * np.exp(width * gap)
        high, low = (
            np.maximum(opened, close) * np.exp(width * np.abs(up)),
            np.minimum(opened, close) * np.exp(-width * np.abs(down)),
        )
        ranges = np.round(np.column_stack([opened, high, low]) / what.tick) * what.tick
        ranges[close == before] = close[close == before, None]
        return np.round(np.column_stack([ranges, close]), 6)

    def _printed(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        first = self.planned_versions(series, now).drop_duplicates("period").rename(columns={"period": "day"})
        prices = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), first["value"]))
        return first[["day", "published_at"]].assign(**prices, volume=0, missing=False, late=False).reset_index(drop=True)

    def _daily_versions(self, series: Series, now: pd.Timestamp) -> pd.DataFrame:
        bars = self._every_bar(series, now)
        weekdays = self._drawn.days[self._drawn.days >= BEGINNING].union(pd.DatetimeIndex(bars["day"]))
        values = bars["close"].where(~bars["missing"]).set_axis(bars["day"]).reindex(weekdays)
        published = publication_moments(weekdays, "daily", series.published)
        return pd.DataFrame({"period": weekdays, "published_at": published, "value": values.to_numpy()})
