"""Every bar and figure of the simulated market up to a day, as providers quote them.

``market`` shows them from their publication on. A longer history begins with the shorter one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.calendars import publication_moments, sessions
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sandbox.economy import BEGINNING, Economy
from steel_assets.sandbox.indicators import versions
from steel_assets.sandbox.instruments import Instrument, instrument
from steel_assets.sandbox.shocks import stream

MISSING = 0.003
"""Share of trading days whose bar a provider lacks."""

LATE = 0.03
"""Share of trading days whose close a provider shows only when the next session opens."""

SHARES_A_DAY, CONTRACTS_A_DAY = 3_000_000, 2_000
"""Usual volumes; rates and indices have none."""

PRICES = ["open", "high", "low", "close"]


class SimulatedHistory:
    """Bars and figures up to ``until``, each series computed at first use."""

    def __init__(self, seed: int, until: pd.Timestamp) -> None:
        self.until = until
        self._economy = Economy(seed, until)
        self._bars: dict[Series, pd.DataFrame] = {}
        self._versions: dict[Series, pd.DataFrame] = {}
        self._calendars: dict[tuple[str, PublicationRule], tuple[pd.DatetimeIndex, pd.DatetimeIndex]] = {}

    def bars(self, series: Series) -> pd.DataFrame:
        """day, published_at, open, high, low, close, volume, missing, late; in order of publication.

        A weekly or monthly series has its figure in place of all four prices.
        """
        if series not in self._bars:
            self._bars[series] = self._traded(series) if series.frequency == "daily" else self._printed(series)
        return self._bars[series]

    def versions(self, series: Series) -> pd.DataFrame:
        """period, published_at, value; in order of publication.

        A daily series has a row for each weekday, empty without a bar.
        """
        if series not in self._versions:
            daily = series.frequency == "daily"
            self._versions[series] = self._on_weekdays(series) if daily else versions(self._economy, series)
        return self._versions[series]

    def _traded(self, series: Series) -> pd.DataFrame:
        what, symbol = instrument(series), series.symbol or series.id
        days, published = self._sessions(series)
        at = self._economy.days.searchsorted(days, side="right") - 1
        usual_volume = 0 if series.currency is None else SHARES_A_DAY if series.unit == "USD" else CONTRACTS_A_DAY
        volume = usual_volume * np.exp(0.4 * self._stream("volume", symbol).standard_normal(len(self._economy.days)))
        prices = self._prices(what, symbol, at)
        return pd.DataFrame(
            {"day": days, "published_at": published}
            | dict(zip(PRICES, prices.T, strict=True))
            | {
                "volume": np.round(volume[at]).astype("int64"),
                "missing": self._stream("missing", symbol).random(len(volume))[at] < MISSING,
                "late": self._stream("late", symbol).random(len(volume))[at] < LATE,
            }
        )

    def _prices(self, what: Instrument, symbol: str, at: np.ndarray) -> np.ndarray:
        """Open, high, low and close in columns; all equal on a day without trading."""
        close = self._economy.quotes(what, symbol)[at]
        before = np.concatenate([close[:1], close[:-1]])
        gap, up, down = self._stream("range", symbol).standard_normal((len(self._economy.days), 3))[at].T
        width = 0.004 * max(what.driver.volatility, 0.2)
        opened = before * np.exp(width * gap)
        high = np.maximum(opened, close) * np.exp(width * np.abs(up))
        low = np.minimum(opened, close) * np.exp(-width * np.abs(down))
        ranges = np.round(np.column_stack([opened, high, low]) / what.tick) * what.tick
        ranges[close == before] = close[close == before, None]
        return np.round(np.column_stack([ranges, close]), 6)

    def _printed(self, series: Series) -> pd.DataFrame:
        first = self.versions(series).drop_duplicates("period").reset_index(drop=True)
        figures = {"day": first["period"], "published_at": first["published_at"]} | dict.fromkeys(PRICES, first["value"])
        return pd.DataFrame(figures).assign(volume=0, missing=False, late=False)

    def _on_weekdays(self, series: Series) -> pd.DataFrame:
        bars = self.bars(series)
        weekdays = self._economy.days[self._economy.days >= BEGINNING].union(pd.DatetimeIndex(bars["day"]))
        values = bars["close"].where(~bars["missing"]).set_axis(bars["day"]).reindex(weekdays)
        published = publication_moments(weekdays, "daily", series.published)
        return pd.DataFrame({"period": weekdays, "published_at": published, "value": values.to_numpy()})

    def _sessions(self, series: Series) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
        key = (series.calendar, series.published)
        if key not in self._calendars:
            days = sessions(series.calendar, BEGINNING, self._economy.days[-1])
            self._calendars[key] = days, publication_moments(days, "daily", series.published)
        return self._calendars[key]

    def _stream(self, purpose: str, symbol: str) -> np.random.Generator:
        return stream(self._economy.seed, purpose, symbol)
