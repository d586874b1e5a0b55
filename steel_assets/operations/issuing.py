"""Selects the champion of each horizon at a moment, and computes its forecast."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from steel_assets.adapters.models.store import ModelDamaged, ModelNotSigned, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import local_day
from steel_assets.core.explanation import explain
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle, bundle_from_files, issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import ModelError
from steel_assets.core.periods import ahead
from steel_assets.core.plausible import BASELINE
from steel_assets.core.price_age import LookedUp, PriceAge
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.sanity import Bounds, absurdities
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import EXPLANATIONS, FORECASTS
from steel_assets.core.training import baseline_of, train
from steel_assets.core.types import Market
from steel_assets.operations import histories
from steel_assets.operations.recent import newest_forecasts

log = logging.getLogger("steel.issuing")


class Issued(NamedTuple):
    """One issue of one market: rows of tables.FORECASTS, and their rows of tables.EXPLANATIONS."""

    forecasts: pd.DataFrame
    explanations: pd.DataFrame


class PriceTooOld(RuntimeError):
    """Nothing new is issued, because the last price of ``market`` is ``age.sessions`` old. The message says what to do.

    Attributes:
        looked_up: what the history found about prices.
    """

    def __init__(self, market: Market, age: PriceAge, looked_up: LookedUp) -> None:
        super().__init__(age.refusal(market.target.series))
        self.age, self.looked_up = age, looked_up


def issue_as_of(catalog: Catalog, models: ModelStore, history: MarketHistory) -> Issued:
    """The forecast of a market at the moment of ``history``, as issued now or as it would have been; not published.

    If no model was ever promoted, it trains as of that moment, so that any past day can be computed.

    Raises:
        PriceTooOld: nothing is, or would have been, issued.
    """
    age = histories.age_of(catalog, history)
    if age.too_old:
        raise PriceTooOld(history.market, age, histories.looked_up(history))
    features = build_features(history)
    if not models.has_production():
        trained = train(history, features)
        return _rows(
            catalog,
            history,
            features,
            [(f"trained-{history.as_of:%Y%m%dT%H%MZ}", bundle) for bundle in trained.bundles.values()],
        )
    return issue_from(catalog, models, history, features)


def issue_from(catalog: Catalog, models: ModelStore, history: MarketHistory, features: pd.DataFrame) -> Issued:
    """The forecast of ``history``'s newest origin by the champions in production at its moment."""
    samples = {horizon: build_samples(history, features, horizon) for horizon in history.market.horizons}
    champions = [_champion(models, history, samples[horizon]) for horizon in history.market.horizons]
    return _rows(catalog, history, features, champions, samples)


def absurd(catalog: Catalog, warehouse: Warehouse, history: MarketHistory, rows: pd.DataFrame) -> list[str]:
    """Why a market's forecast is implausible (``core.sanity``), in sentences; empty if it can be published."""
    bounds = Bounds(**catalog.rules.sanity.model_dump())
    return absurdities(history, rows, in_force(catalog, warehouse, history.market.id, history.as_of), bounds)


def in_force(catalog: Catalog, warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """The newest issue of ``market`` published before ``moment``: rows of tables.FORECASTS, none before the first."""
    published = newest_forecasts(warehouse, market, catalog.markets[market].horizons, moment)
    earlier = published[published["as_of"] < moment]
    return earlier[earlier["as_of"] == earlier["as_of"].max()]


def damaged_models(models: ModelStore, history: MarketHistory) -> dict[int, str]:
    """Horizon → what is wrong with its champion; there the last price is the forecast."""
    found = {}
    for horizon in history.market.horizons:
        try:
            _in_production(models, history, horizon)
        except ModelNotSigned:
            raise
        except (ModelDamaged, ModelError) as error:
            found[horizon] = str(error)
    return found


def _champion(models: ModelStore, history: MarketHistory, samples: Samples) -> tuple[str, Bundle]:
    """The champion at the horizon of ``samples``; the last price before the first promotion, or if the champion is damaged."""
    try:
        found = _in_production(models, history, samples.horizon)
    except ModelNotSigned:
        raise
    except (ModelDamaged, ModelError) as error:
        where = ahead(samples.horizon, history.market.frequency)
        log.warning("%s %s: %s; the last price stands in", history.market.id, where, error)
        found = None
    return found or (BASELINE, baseline_of(history, samples))


def _in_production(models: ModelStore, history: MarketHistory, horizon: int) -> tuple[str, Bundle] | None:
    market = history.market.id
    version = models.version_at(market, horizon, history.as_of)
    if version is None:
        return None
    _, files = models.whole(market, horizon, version)
    return version, bundle_from_files(files)


def _rows(
    catalog: Catalog,
    history: MarketHistory,
    features: pd.DataFrame,
    champions: list[tuple[str, Bundle]],
    samples: Mapping[int, Samples] | None = None,
) -> Issued:
    bundles = [bundle for _, bundle in champions]
    versions = {bundle.horizon: version for version, bundle in champions}

    def completed(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
        return table.enforce(
            rows.assign(
                issued_date=local_day(history.as_of, catalog.rules.schedules.tzinfo),
                model_version=rows["horizon"].map(versions),
                created_at=history.as_of,
            )
        )

    return Issued(
        completed(issue(history, features, bundles, catalog.rules.freshness.missed_periods, samples), FORECASTS),
        completed(explain(history, features, bundles, samples), EXPLANATIONS),
    )
