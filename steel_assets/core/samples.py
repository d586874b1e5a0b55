"""The input of models: one horizon of one market, one row per origin, as parallel arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from steel_assets.core import seasonal_volatility
from steel_assets.core.calendars import rolls_between
from steel_assets.core.features._pool import Pool
from steel_assets.core.history import MarketHistory
from steel_assets.core.panel import ALONE, Panel
from steel_assets.core.returns import daily_returns, expected_volatility
from steel_assets.core.types import MarketFrequency

PATH = 250
"""Trading days of the price's past in each row: about a year."""


@dataclass(frozen=True, eq=False)
class Paths:
    """A row of daily log returns for each of ``rows``, made on request, because most families do not use it.

    Attributes:
        every: all paths of a history, as views of one array of returns.
        rows: the selected ones, in order.
    """

    every: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, selection: slice | np.ndarray) -> Paths:
        return Paths(self.every, self.rows[selection])

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return self.every[self.rows]


@dataclass(frozen=True, eq=False)
class Samples:
    """One horizon of a market. All arrays have one row per origin; prices are in the target's unit.

    Of a weekly or monthly market trading days are its weeks or months, here and wherever samples are read.

    Attributes:
        horizon: trading days from origin to target date.
        origins, target_dates: trading days.
        ages: trading days from the day of the last price to the origin. What follows from the target's own prices is as of
            that day, and ``volatility`` reaches from it to the target date.
        news: False where the last price was known at the origin before too: such a row is no observation.
        last: the last price known.
        roll_aware: the same, but of the second contract when the front one has rolled by the target date.
        curve: the price at which the contract that is the front one on the target date trades now.
            Without a curve both are the last price.
        volatility: expected standard deviation of the log return from the last price to the target date.
        moves: the daily log returns of the last ``PATH`` trading days up to the last price's, the newest last; contract rolls
            are not in them, and where there was no price they are 0.
        features: one column per name in ``feature_names``; NaN where unknown.
        y: the price on the target date; NaN where it is not known.
        panel: what can be learned from the other markets; nothing but where it is known at which moment.
        frequency: of the market.
        pool: what else can be computed of each row, where the market declares ``generated``.
        bought_predictions: ``MarketHistory.bought_predictions`` of the row in units of its volatility; NaN where none was bought.
    """

    horizon: int
    origins: pd.DatetimeIndex
    target_dates: pd.DatetimeIndex
    ages: np.ndarray
    news: np.ndarray
    last: np.ndarray
    roll_aware: np.ndarray
    curve: np.ndarray
    volatility: np.ndarray
    moves: Paths | np.ndarray
    features: np.ndarray
    feature_names: tuple[str, ...]
    y: np.ndarray
    panel: Panel = ALONE
    frequency: MarketFrequency = "daily"
    pool: Pool | None = None
    bought_predictions: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def labelled(self) -> np.ndarray:
        """Whether each row can be learned from: its price is new, and that of its target date is known."""
        return self.news & np.isfinite(self.y)

    @property
    def scaled_returns(self) -> np.ndarray:
        """log(y / curve) in units of volatility: the return beyond the curve."""
        return np.log(self.y / self.curve) / self.volatility

    def rows(self, selection: slice | np.ndarray) -> Self:
        """Only the rows of ``selection`` (a slice, a mask or positions)."""
        return replace(
            self,
            origins=self.origins[selection],
            target_dates=self.target_dates[selection],
            ages=self.ages[selection],
            news=self.news[selection],
            last=self.last[selection],
            roll_aware=self.roll_aware[selection],
            curve=self.curve[selection],
            volatility=self.volatility[selection],
            moves=self.moves[selection],
            features=self.features[selection],
            y=self.y[selection],
            pool=None if self.pool is None else self.pool[selection],
            bought_predictions=None if self.bought_predictions is None else self.bought_predictions[selection],
        )

    def without_features(self) -> Self:
        """The same rows with no features."""
        return replace(self, features=self.features[:, :0], feature_names=())

    def with_labels(self, y: np.ndarray, moment: pd.Timestamp | None = None) -> Self:
        """The same rows with other labels.

        Args:
            moment: as of which they are known; None to learn nothing from other markets.
        """
        return replace(self, y=y, panel=ALONE if moment is None else self.panel.known_by(moment))


def build_samples(history: MarketHistory, features: pd.DataFrame, horizon: int) -> Samples:
    """All origins of ``history`` at one horizon, without labels (``y`` is all NaN).

    Args:
        features: as ``features.build_features`` made them from the same history.
    """
    target_dates = history.target_dates(horizon)
    roll_aware, curve = _curve_prices(history, target_dates)
    returns = daily_returns(history)
    seasonal = None
    if history.market.frequency == "daily":
        seasonal = seasonal_volatility.measure(history, returns.moves.where(returns.spans == 1), horizon)
    return Samples(
        horizon=horizon,
        origins=history.origins,
        target_dates=target_dates,
        ages=history.price_ages,
        news=history.price_news,
        last=history.last.to_numpy(),
        roll_aware=roll_aware,
        curve=curve,
        volatility=expected_volatility(returns, horizon, seasonal, history.price_rows),
        moves=_paths(returns.moves, history.price_rows),
        features=features.to_numpy(dtype=float),
        feature_names=tuple(features.columns),
        y=np.full(len(history.origins), np.nan),
        panel=Panel.beside(history.market, horizon, history.others),
        frequency=history.market.frequency,
        pool=None if history.market.generated is None else Pool.of(history),
        bought_predictions=history.bought_predictions[horizon].reindex(history.origins).to_numpy()
        if horizon in history.bought_predictions
        else None,
    )


def _paths(returns: pd.Series, rows: np.ndarray) -> Paths:
    """For each origin the returns up to its last price's day."""
    padded = np.concatenate([np.zeros(PATH - 1), np.nan_to_num(returns.to_numpy(), nan=0.0)])
    return Paths(np.lib.stride_tricks.sliding_window_view(padded, PATH), rows)


def _curve_prices(history: MarketHistory, target_dates: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """The curve's price for each target date: at most one contract further, and up to the longest contract.

    The contract that is front on the target date was number 1 + rolls on the day of its price. If that has no price, the nearest
    shorter one is used. A contract's price counts only if it is of the same day as the front contract's. If the others went on
    without the front one, their prices as known with the front one's are used.
    """
    last = history.last.to_numpy()
    contracts = history.market.target.curve
    if not contracts:
        return last, last
    periods, known = history.periods[list(contracts)].to_numpy(), history.known[list(contracts)].to_numpy()
    since = history.price_since
    prices = np.where(periods[since] == periods[:, :1], known[since], np.nan)
    prices = np.where(periods == periods[:, :1], known, prices)
    prices = pd.DataFrame(prices).ffill(axis=1).to_numpy()
    rolls = rolls_between(pd.DatetimeIndex(periods[:, 0]), target_dates)
    rolls = np.clip(np.nan_to_num(rolls, nan=0.0).astype(int), 0, len(contracts) - 1)
    row = np.arange(len(last))
    return prices[row, np.minimum(rolls, 1)], prices[row, rolls]
