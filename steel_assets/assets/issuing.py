"""Which champion forecasts a market at a moment, and the forecast it gives."""

from typing import NamedTuple

import pandas as pd

from steel_assets.assets import histories
from steel_assets.bootstrap import Platform
from steel_assets.core.calendars import local_day
from steel_assets.core.explanation import explain
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle, bundle_from_files, issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, Table
from steel_assets.core.training import baseline, train

BASELINE = "baseline"
"""Version of a forecast where no model is in production: the last price, with intervals from its own past errors."""


class Issued(NamedTuple):
    """One issue of one market: rows of tables.FORECASTS, and those of tables.EXPLANATIONS that go with them."""

    forecasts: pd.DataFrame
    explanations: pd.DataFrame


def issue_market(platform: Platform, market: str, moment: pd.Timestamp) -> Issued:
    """What the platform says of ``market`` at ``moment``, or would have said; not yet published.

    Before the first promotion of all it trains as of ``moment``, so that any day of the past can be asked about.
    """
    history = histories.build(platform, market, moment)
    features = build_features(history)
    versions = {h: platform.models.version_at(market, h, moment) for h in history.market.horizons}
    if not any(versions.values()) and not platform.models.has_production():
        trained = train(history, features)
        return _rows(
            platform, history, features, [(f"trained-{moment:%Y%m%dT%H%MZ}", bundle) for bundle in trained.bundles.values()]
        )
    return issue_from(platform, history, features)


def issue_from(platform: Platform, history: MarketHistory, features: pd.DataFrame) -> Issued:
    """The forecast of ``history``'s newest origin by the champions in production at its moment."""
    return _rows(
        platform, history, features, [_champion(platform, history, features, horizon) for horizon in history.market.horizons]
    )


def in_force(platform: Platform, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """The newest issue of ``market`` published before ``moment``: rows of tables.FORECASTS, none before the first."""
    published = platform.warehouse.read(FORECASTS, {"market": market})
    earlier = published[published["as_of"] < moment]
    return earlier[earlier["as_of"] == earlier["as_of"].max()]


def _champion(platform: Platform, history: MarketHistory, features: pd.DataFrame, horizon: int) -> tuple[str, Bundle]:
    market = history.market.id
    version = platform.models.version_at(market, horizon, history.as_of)
    if version is None:
        return BASELINE, baseline(history, features, horizon)
    _, files = platform.models.load("production", market, horizon, version)
    return version, bundle_from_files(files)


def _rows(platform: Platform, history: MarketHistory, features: pd.DataFrame, champions: list[tuple[str, Bundle]]) -> Issued:
    bundles = [bundle for _, bundle in champions]
    versions = {bundle.horizon: version for version, bundle in champions}

    def completed(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
        return table.enforce(
            rows.assign(
                issued_date=local_day(history.as_of, platform.catalog.rules.schedules.tzinfo),
                model_version=rows["horizon"].map(versions),
                created_at=history.as_of,
            )
        )

    return Issued(
        completed(issue(history, features, bundles), FORECASTS), completed(explain(history, features, bundles), EXPLANATIONS)
    )
