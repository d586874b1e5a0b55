"""The data for statements about a market as known at one moment: prices, moves, drivers' moves, margins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from steel_assets.core.history import MarketHistory
from steel_assets.core.returns import daily_returns, expected_volatility
from steel_assets.core.types import Market, Series
from steel_assets.core.units import UnitError, conversion

CHAIN = ("iron_ore", "scrap", "rebar", "hot_rolled_coil")
"""Commodities from the input to the product: a margin is the price of a later one minus that of an earlier."""


@dataclass(frozen=True)
class Margin:
    """The difference of two prices, in the unit of the market.

    Attributes:
        product, input: series.
        values: one per session; NaN if one of the two is not known.
    """

    product: str
    input: str
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class MarketData:
    """What was known of a market at one moment, one row per session; the last is the newest.

    Attributes:
        market: its id.
        series: the series of its price.
        unit: of prices and margins.
        days: sessions, ``datetime64[D]``, ascending.
        prices: NaN where a session has none.
        moves: log moves to each session without contract rolls; NaN where a session has none.
        volatility: expected standard deviation of the move of the session after each, from what was known at it.
        drivers: by series, the move of what was known from the session before to this (log; of a rate
            percentage points as a share); spreads of either sign are left out.
        margins: by name, such as ``lme_rebar_m01-lme_scrap_m01``.
    """

    market: str
    series: str
    unit: str
    days: np.ndarray
    prices: np.ndarray
    moves: np.ndarray
    volatility: np.ndarray
    drivers: Mapping[str, np.ndarray]
    margins: Mapping[str, Margin]

    @property
    def scaled(self) -> np.ndarray:
        """Moves divided by the standard deviation expected the session before; NaN where there is no move."""
        before = np.concatenate([[np.nan], self.volatility[:-1]])
        return self.moves / before

    def until(self, count: int) -> MarketData:
        """The first ``count`` sessions."""
        return replace(
            self,
            days=self.days[:count],
            prices=self.prices[:count],
            moves=self.moves[:count],
            volatility=self.volatility[:count],
            drivers={name: values[:count] for name, values in self.drivers.items()},
            margins={name: replace(margin, values=margin.values[:count]) for name, margin in self.margins.items()},
        )


def evidence(history: MarketHistory, markets: Mapping[str, Market]) -> MarketData:
    """The data that ``history`` knows at its moment.

    Margins are those between the market's price and each driver that is another market's price in a unit that needs no exchange
    rate, both as known on each day.

    Args:
        markets: every declared market by id.
    """
    target = history.market.target
    returns = daily_returns(history)
    return MarketData(
        market=history.market.id,
        series=target.series,
        unit=target.unit,
        days=history.origins.to_numpy().astype("datetime64[D]"),
        prices=history.prices_at(history.origins, history.as_of),
        moves=returns.moves.to_numpy(),
        volatility=expected_volatility(returns, 1),
        drivers={
            name: _moves(history.newest[name].to_numpy(), history.series[name])
            for name in history.newest
            if history.series[name].kind != "spread"
        },
        margins=_margins(history, markets),
    )


def _moves(values: np.ndarray, series: Series) -> np.ndarray:
    """The change from each value to the next: of logs, or for a rate a hundredth of its percentage points.

    NaN to and from a price that is not above zero (crude oil had one).
    """
    values = values / 100 if series.kind == "rate" else np.log(np.where(values > 0, values, np.nan))
    return np.concatenate([[np.nan], np.diff(values)])


def _margins(history: MarketHistory, markets: Mapping[str, Market]) -> dict[str, Margin]:
    mine, own = history.market, history.last.to_numpy()
    found = {}
    for other in markets.values():
        name = other.target.series
        if other.id == mine.id or name not in mine.drivers or name == mine.target.series:
            continue
        try:
            rule = conversion(history.series[name].unit, mine.target.unit)
        except UnitError:  # another currency
            continue
        theirs = history.known[name].to_numpy() * rule.factor
        product, raw = mine.target.series, name
        if _place(other.commodity) > _place(mine.commodity):
            product, raw = raw, product
        values = own - theirs if product == mine.target.series else theirs - own
        found[f"{product}-{raw}"] = Margin(product, raw, values)
    return found


def _place(commodity: str) -> int:
    """The position of a commodity in ``CHAIN``; -1 if it is not there."""
    return CHAIN.index(commodity) if commodity in CHAIN else -1
