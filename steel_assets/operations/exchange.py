"""Paths of an exchange rate beside those of a market: the rate's last figure as its forecast, its past errors as its spread."""

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
"""The model version of an exchange rate's quantiles: they are no published forecast."""


def rate_market(rate: Series, market: Market) -> Market:
    """An exchange rate as a market with the trading days and horizons of ``market``, so that it can be drawn with it."""
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
    """The paths of one market and of the exchange rate ``rate``, path by path of the same stretches of history.

    Args:
        rows: the market's published forecast, of ``tables.FORECASTS``.

    Raises:
        ExchangeError: there is no such series, it is no exchange rate of the market's currency, or a monthly one.
        HistoryError, PathsError: too little is known of either.
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
    """The paths of one market in the other currency of the exchange rate ``rate``. Raises as ``joint``."""
    return exchanged(*joint(catalog, lake, rows, rate))


def issued(history: MarketHistory, day: pd.Timestamp) -> pd.DataFrame:
    """The rate's own quantiles as of its history: rows of ``tables.FORECASTS``, which are nowhere published."""
    features = build_features(history)
    bundles = [baseline(history, features, horizon) for horizon in history.market.horizons]
    rows = issue(history, features, bundles)
    return FORECASTS.enforce(rows.assign(issued_date=day, model_version=VERSION, created_at=history.as_of))
