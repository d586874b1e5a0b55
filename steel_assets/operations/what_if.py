"""The published forecast given a move of a driver or the exchange rate, from the history known at its issue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import Past, refuse_slow, shuffled, windows
from steel_assets.core.published import NotAForecast, forecast_rows
from steel_assets.core.types import Market
from steel_assets.core.what_if import ShockError, WhatIf, what_if
from steel_assets.operations import histories
from steel_assets.operations.outlooks import past_of, quantiles_of


@dataclass(frozen=True, eq=False)
class WhatIfResult:
    """The sample paths with a shock, and those of the published forecast.

    Attributes:
        series: the series that is shocked.
        days: trading days over which it moves.
        given, published: the paths with and without the shock.
    """

    series: str
    days: int
    given: WhatIf
    published: np.ndarray


def conditioned(catalog: Catalog, lake: Lake, forecast: pd.DataFrame, name: str, move: float, days: int) -> WhatIfResult:
    """The published paths of a market, given that a series moves by a share until ``days`` trading days after the origin.

    Args:
        forecast: rows of ``tables.FORECASTS``, one issue of one market.
        name: as ``series_of`` understands it.
        move: 0.1 for an increase of ten per cent.

    Raises:
        ShockError: there is no such series, it is not a price, or history has no comparable moves.
        PathsError: there is too little history.
        HistoryError: the history known at the issue cannot be built any more.
    """
    rows = forecast.sort_values("horizon")
    market = str(rows["market"].iloc[0])
    try:
        forecast_rows(rows)
    except NotAForecast as error:
        raise ShockError(f"the published forecast of {market} cannot be used: {error}; publish a new one") from error
    history = histories.build(catalog, lake, market, pd.Timestamp(rows["as_of"].iloc[0]))
    return given(catalog, history, rows, series_of(catalog, history.market, name), move, days)


def given(catalog: Catalog, history: MarketHistory, rows: pd.DataFrame, series: str, move: float, days: int) -> WhatIfResult:
    """As ``conditioned``, for a given history and series; nothing after the origin of ``rows`` is used."""
    refuse_slow(history.market)
    market, quantiles = history.market.id, quantiles_of(rows)
    if not 1 <= days <= quantiles.length:
        raise ShockError(f"the paths of {market} reach {quantiles.length} trading days; ask for 1 to {quantiles.length}")
    origin, issued = pd.Timestamp(rows["origin"].iloc[0]), np.datetime64(pd.Timestamp(rows["issued_date"].iloc[0]), "D")
    price, driver = past_of(history, origin), _driver(history, series, origin)
    starts = windows(issued, [price, driver], quantiles.length)
    paths = shuffled(quantiles, price.trajectories(starts, quantiles.length), market, issued)[:, :days]
    moves = driver.trajectories(starts, days)[:, -1]
    apart = _apart(price, driver, days)
    return WhatIfResult(series, days, what_if(paths, moves, float(np.log1p(move)), apart), paths)


def series_of(catalog: Catalog, market: Market, name: str) -> str:
    """The series of ``market`` with this id, of this commodity, or for ``fx`` its exchange rate.

    Raises:
        ShockError: there are none or several.
    """
    choice = [series for series in market.series_ids if series not in (market.target.series, *market.target.curve)]
    prices = {other.target.series: other.commodity for other in catalog.markets.values()}
    if name in choice:
        return name
    if name == "fx" and market.target.fx:
        return market.target.fx
    meant = [series for series in choice if prices.get(series) == name]
    if len(meant) != 1:
        short = sorted({prices[series] for series in choice if series in prices} | ({"fx"} if market.target.fx else set()))
        raise ShockError(f"{market.id} has {'several' if meant else 'no'} {name!r}; it reads {', '.join([*short, *choice])}")
    return meant[0]


def _driver(history: MarketHistory, series: str, origin: pd.Timestamp) -> Past:
    """The values of the series known at each origin up to ``origin``."""
    if history.series[series].kind in ("rate", "spread"):
        raise ShockError(f"{series} is a {history.series[series].kind}: it does not move by per cent")
    known = history.known.loc[history.known.index <= origin, series]
    known = known[known.first_valid_index() :] if known.notna().any() else known.iloc[:0]
    if not len(known):
        raise ShockError(f"{series} has no figures yet; import or collect it")
    if (known <= 0).any():
        raise ShockError(f"{series} was not always above zero: it does not move by per cent")
    return Past(known.index.to_numpy().astype("datetime64[D]"), known.to_numpy(dtype=float))


def _apart(price: Past, driver: Past, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Log moves of driver and price over consecutive stretches of ``days`` sessions without overlap."""
    starts = driver.sessions[::-1][days::days]
    whole = (price.rows(starts, days) >= 0) & (driver.rows(starts, days) >= 0)
    starts = starts[whole]
    return driver.trajectories(starts, days)[:, -1], price.trajectories(starts, days)[:, -1]
