"""A market's daily forecast: issued and published, or withheld for a stated reason; and replayed for a past day."""

from dataclasses import dataclass, field

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import local_day
from steel_assets.core.price_age import PriceAge
from steel_assets.core.published import forecast_rows
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, REPLAYED_FORECASTS
from steel_assets.operations import feature_store, histories, panel
from steel_assets.operations.issuing import absurd, damaged_models, issue_as_of, issue_from


@dataclass(frozen=True)
class ForecastingResult:
    """The result of forecasting one market.

    Attributes:
        age: of the newest price.
        rows: what was published, of tables.FORECASTS; none if it was withheld.
        explanations: of ``rows``.
        absurdities: why a withheld forecast is implausible, in sentences.
        damaged: horizon → what is wrong with its champion, instead of which the last price is the forecast.
    """

    age: PriceAge
    rows: pd.DataFrame
    explanations: pd.DataFrame
    absurdities: list[str] = field(default_factory=list)
    damaged: dict[int, str] = field(default_factory=dict)


class HistoryBehind(RuntimeError):
    """The stored history of a market is not of the day to forecast on; the message says what to do."""


def forecast(
    catalog: Catalog,
    lake: Lake,
    warehouse: Warehouse,
    models: ModelStore,
    published: Publications,
    market: str,
    day: pd.Timestamp,
) -> ForecastingResult:
    """Forecast ``market`` from its stored history and features; publish it unless it is implausible or its price too old.

    The explanation is written before its forecast, so that no reader sees a forecast without one.

    Args:
        day: the day of issue, midnight without a zone.

    Raises:
        HistoryBehind: the stored history is of another day, so an earlier forecast would be issued again.
    """
    history = histories.load(catalog, lake, market)
    known = local_day(history.as_of, catalog.rules.schedules.tzinfo)
    if known != day:
        raise HistoryBehind(
            f"the history of {market} is of {known:%Y-%m-%d}, not of {day:%Y-%m-%d}: materialise {market}/market_daily and "
            f"{market}/market_features first"
        )
    age = histories.age_of(catalog, history)
    if age.too_old:
        return ForecastingResult(age, FORECASTS.empty(), EXPLANATIONS.empty())
    damaged = damaged_models(models, history)
    rows, explanations = issue_from(catalog, models, history, feature_store.load(lake, history))
    forecast_rows(rows)  # refuses what is no forecast, before anything is written
    absurdities = absurd(catalog, warehouse, history, rows)
    if absurdities:
        return ForecastingResult(age, FORECASTS.empty(), EXPLANATIONS.empty(), absurdities, damaged)
    file = f"{rows['issued_date'].iloc[0]:%Y-%m-%d}/{market}-{history.as_of:%Y%m%dT%H%M%SZ}.parquet"
    lake.write(f"predictions/explanations/{file}", explanations, EXPLANATIONS)
    warehouse.upsert(EXPLANATIONS, explanations)
    published.write(f"predictions/daily/{file}", rows, FORECASTS)
    warehouse.upsert(FORECASTS, rows)
    return ForecastingResult(age, rows, explanations, damaged=damaged)


def replay(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, models: ModelStore, market: str, moment: pd.Timestamp
) -> pd.DataFrame:
    """The forecast of ``market`` as it would have been issued at ``moment``, from the data and models of that time.

    It is written to tables.REPLAYED_FORECASTS only; the forecast that was issued that day is not changed.

    Raises:
        HistoryError: too little was known then.
        PriceTooOld: nothing would have been issued.
    """
    history = histories.build(catalog, lake, market, moment)
    if not models.has_production():
        history = panel.with_others(catalog, lake, history)
    rows = issue_as_of(catalog, models, history).forecasts
    warehouse.upsert(REPLAYED_FORECASTS, rows)
    return rows
