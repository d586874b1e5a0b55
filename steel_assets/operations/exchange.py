"""Sample paths of an exchange rate jointly with a market's: the forecast is its last value, the spread its past errors."""

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.core.averages import Outlook
from steel_assets.core.exchange import ExchangeError, exchanged, unit_of
from steel_assets.core.features import build_features
from steel_assets.core.forecast import issue
from steel_assets.core.history import MarketHistory, build_history
from steel_assets.core.paths import refuse_slow
from steel_assets.core.tables import FORECASTS
from steel_assets.core.training import baseline
from steel_assets.core.types import Market, Series, Target
from steel_assets.core.units import is_rate
from steel_assets.operations import histories
from steel_assets.operations.outlooks import drawn

VERSION = "last-rate"
"""Model version in the quantiles of an exchange rate, which are not published."""


def rate_market(rate: Series, market: Market) -> Market:
    """An exchange rate as a market with the trading days and horizons of ``market``, so that both can be sampled together."""
    return Market(
        id=rate.id,
        name=rate.name,
        commodity="exchange_rate",
        region="world",
        target=Target(series=rate.id, unit=rate.unit),
        calendar=market.calendar,
        horizons=market.horizons,
    )


def joint(catalog: Catalog, lake: Lake, rows: pd.DataFrame, rate: str) -> tuple[Outlook, Outlook]:
    """Sample paths of a market and of the exchange rate ``rate``; path i of both is from the same stretch of history.

    Args:
        rows: the market's published forecast, of ``tables.FORECASTS``.

    Raises:
        ExchangeError: there is no such series, it is not an exchange rate of the market's currency, or it is monthly.
        HistoryError, PathsError: too little history of either.
    """
    market = str(rows["market"].iloc[0])
    declared = catalog.series.get(rate)
    if declared is None:
        known = [series.id for series in catalog.series.values() if is_rate(series.unit)]
        raise ExchangeError(f"there is no series {rate!r}; exchange rates are {', '.join(known)}")
    refuse_slow(catalog.markets[market])
    unit_of(str(rows["unit"].iloc[0]), declared.unit)
    if declared.frequency != "daily":
        raise ExchangeError(f"{rate} is {declared.frequency}; paths need a daily rate")
    moment = pd.Timestamp(rows["as_of"].iloc[0])
    rules = catalog.rules.schedules
    horizons = tuple(sorted(int(horizon) for horizon in rows["horizon"]))
    pseudo = rate_market(declared, catalog.markets[market].model_copy(update={"horizons": horizons}))
    own = build_history(lake.observations([rate]), pseudo, {rate: declared}, moment, rules.issue_time, rules.tzinfo)
    forecasts = {market: rows.sort_values("horizon"), rate: issued(own, pd.Timestamp(rows["issued_date"].iloc[0]))}
    found = drawn(forecasts, {market: histories.build(catalog, lake, market, moment), rate: own})
    return found[market], found[rate]


def in_currency(catalog: Catalog, lake: Lake, rows: pd.DataFrame, rate: str) -> Outlook:
    """Sample paths of a market in the other currency of the exchange rate ``rate``; raises as ``joint``."""
    return exchanged(*joint(catalog, lake, rows, rate))


def issued(history: MarketHistory, day: pd.Timestamp) -> pd.DataFrame:
    """The quantiles of the rate as of its history: rows of ``tables.FORECASTS``, which are not published."""
    features = build_features(history)
    bundles = [baseline(history, features, horizon) for horizon in history.market.horizons]
    rows = issue(history, features, bundles)
    return FORECASTS.enforce(rows.assign(issued_date=day, model_version=VERSION, created_at=history.as_of))
