"""Sample paths of markets, from published quantiles and the history that was known at the issue."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.core.averages import Outlook
from steel_assets.core.calendars import sessions as sessions_between
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import Past, PathsError, Quantiles, refuse_slow, shuffled, windows
from steel_assets.core.published import NotAForecast, forecast_rows
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations import histories


def outlooks(catalog: Catalog, lake: Lake, forecasts: pd.DataFrame) -> dict[str, Outlook]:
    """The paths of every market in ``forecasts``, jointly: path i of each is from the same stretch of history.

    Args:
        forecasts: rows of ``tables.FORECASTS``, one issue of each market, all of the same day of issue.

    Raises:
        PathsError: the rows are not a forecast or of several days, or there is too little history.
        HistoryError: the history known at the issue cannot be built any more.
    """
    if forecasts["issued_date"].nunique() != 1:
        raise PathsError("paths of several markets need one day of issue")
    groups = {str(market): rows.sort_values("horizon") for market, rows in forecasts.groupby("market", sort=False)}
    found = {
        market: histories.build(catalog, lake, market, pd.Timestamp(rows["as_of"].iloc[0])) for market, rows in groups.items()
    }
    return drawn(groups, found)


def drawn(forecasts: Mapping[str, pd.DataFrame], histories: Mapping[str, MarketHistory]) -> dict[str, Outlook]:
    """The paths of each market from one issue of it and its history.

    Args:
        forecasts: by market, rows of ``tables.FORECASTS`` by ascending horizon.
        histories: the history of the same markets as of their issue. Sessions after the origin are left out.

    Raises:
        PathsError: as ``outlooks``, or a market is not daily.
    """
    pasts, quantiles = {}, {}
    for market, rows in forecasts.items():
        refuse_slow(histories[market].market)
        try:
            forecast_rows(rows)
        except NotAForecast as error:
            raise PathsError(f"the published forecast of {market} cannot be used: {error}; publish a new one") from error
        quantiles[market] = quantiles_of(rows)
        pasts[market] = past_of(histories[market], pd.Timestamp(rows["origin"].iloc[0]))
    issued = pd.Timestamp(next(iter(forecasts.values()))["issued_date"].iloc[0])
    day = np.datetime64(issued, "D")
    length = max(quantile.length for quantile in quantiles.values())
    days = windows(day, list(pasts.values()), length)
    return {
        market: _outlook(
            forecasts[market],
            histories[market],
            shuffled(quantiles[market], pasts[market].trajectories(days, quantiles[market].length), market, day),
        )
        for market in forecasts
    }


def past_of(history: MarketHistory, origin: pd.Timestamp) -> Past:
    """The prices of a market up to ``origin``, in the versions known at the moment of ``history``."""
    sessions = history.origins[history.origins <= origin]
    prices = history.prices_at(sessions, history.as_of)
    there = np.isfinite(prices)
    first = int(np.argmax(there)) if there.any() else len(prices)
    return Past(sessions.to_numpy()[first:].astype("datetime64[D]"), prices[first:])


def quantiles_of(rows: pd.DataFrame) -> Quantiles:
    """The quantiles of one issue of a market: rows of ``tables.FORECASTS`` by ascending horizon."""
    first = rows.iloc[0]
    age = first["age_sessions"] if "age_sessions" in rows else None
    return Quantiles(
        horizons=tuple(int(horizon) for horizon in rows["horizon"]),
        prices=rows[list(QUANTILE_COLUMNS)].to_numpy(dtype=float),
        last=float(first["last_price"]),
        age=0 if age is None or pd.isna(age) else int(age),
    )


def _outlook(rows: pd.DataFrame, history: MarketHistory, paths: np.ndarray) -> Outlook:
    first = rows.iloc[0]
    origin, calendar, as_of = pd.Timestamp(first["origin"]), history.market.calendar, pd.Timestamp(first["as_of"])
    sessions = history.origins[history.origins <= origin]
    ahead = sessions_between(calendar, origin + pd.Timedelta(days=1), origin + pd.Timedelta(days=2 * paths.shape[1] + 30))
    return Outlook(
        market=history.market.id,
        unit=str(first["unit"]),
        calendar=calendar,
        issued=pd.Timestamp(first["issued_date"]),
        origin=origin,
        price_day=pd.Timestamp(first["data_as_of"]),
        last=float(first["last_price"]),
        days=ahead[: paths.shape[1]],
        paths=paths,
        known=pd.Series(history.prices_at(sessions, as_of), index=sessions).dropna(),
        simulated=bool(first["simulated"]),
    )
