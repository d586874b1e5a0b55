"""Dagster's definitions: all assets, checks, jobs, schedules and sensors, stage by stage in the order of data.

Nothing is built, and neither environment nor catalogue is read, before Dagster asks for ``defs``. Importing this must be fast:
prophet, scikit-learn and the Google clients are imported where they are used.
"""

from collections.abc import Callable

import dagster as dg

from steel_assets.assets import (
    alerts,
    analysis,
    drift,
    experiments,
    features,
    forecast,
    metrics,
    model,
    processed,
    promotion,
    publication,
    raw,
    report,
    system,
    tracing,
    validation,
    watches,
)
from steel_assets.assets.checking import every_check_has_a_rule
from steel_assets.assets.checks import checks_of
from steel_assets.assets.declare import Installation
from steel_assets.assets.executor import chosen_executor
from steel_assets.assets.freshness import with_freshness
from steel_assets.assets.jobs import after_collections, jobs, schedules
from steel_assets.assets.moment import RunClock
from steel_assets.assets.resources import resources
from steel_assets.assets.sensors import watchers
from steel_assets.bootstrap import catalog, platform
from steel_assets.catalog import Catalog
from steel_assets.core.open_sets import PluginError
from steel_assets.core.types import Market
from steel_assets.settings import settings

STAGES: tuple[Callable[[Installation, Market], dg.AssetsDefinition], ...] = (
    processed.market_daily,
    processed.market_periods,
    processed.data_quality,
    features.market_features,
    analysis.market_analysis,
    model.candidate_models,
    validation.validation_scores,
    promotion.promotions,
    forecast.forecasts,
    metrics.predictions_vs_reality,
    drift.drift,
    metrics.metrics_daily,
)
"""The assets of each market; a market that fails does not stop the others."""

DAILY_ONLY = frozenset({processed.market_periods, analysis.market_analysis, drift.drift})
"""Assets that count in trading days, which weekly and monthly markets therefore lack."""


@dg.resource(description="The platform's parts, as the settings choose them.")
def platform_resource() -> object:
    """The parts chosen by the settings of the environment."""
    return platform()


@dg.resource(description="When a run lives: at the moment it was created.")
def clock_resource() -> object:
    """The clock of a run: the moment at which the run was created."""
    return RunClock()


def installation(known: Catalog | None = None) -> Installation:
    """What the definitions are built from: the settings of the environment, and the catalogue that they name or ``known``.

    Raises:
        Problem: the catalogue, a setting of a source or channel, or a file of one's own is not valid.
    """
    chosen = settings()
    parts = platform(chosen)
    parts.check_settings()
    parts.check_plugins()
    traced = chosen.otlp_endpoint is not None
    return Installation(known or catalog(), chosen.simulated, chosen.warehouse_kind, parts.mails, traced)


def assets(here: Installation) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Every asset with its deadline, and the checks in files of their own."""
    markets = here.catalog.markets.values()
    found = [
        *raw.providers(here),
        raw.imported_files(here),
        *(
            stage(here, market)
            for market in markets
            for stage in STAGES
            if market.frequency == "daily" or stage not in DAILY_ONLY
        ),
        *experiments.assets(here),
        system.system_metrics(here),
        alerts.alert_history(here),
        publication.publication(here),
        watches.price_watches(here),
        *([report.morning_report(here)] if here.mails else []),
    ]
    keys = [key for asset in found for key in asset.keys]
    checks = [check for market in markets for check in checks_of(here, market, keys)]
    taken, added = ({key.name for asset in part for key in asset.check_keys} for part in (found, checks))
    if twice := sorted(taken & added):
        raise PluginError(
            f"checks/{twice[0]}.py: an asset has a check of that name already; choose another, here and in rules.yaml"
        )
    named = taken | added
    every_check_has_a_rule(here.catalog.rules, {*named, experiments.CHECK})  # its rule stands there without an experiment too
    return [*with_freshness(found, here.catalog.rules), *checks]


def definitions(here: Installation, executor: dg.ExecutorDefinition = dg.in_process_executor) -> dg.Definitions:
    """All definitions of an installation, with steps executed by ``executor``."""
    return dg.Definitions(
        assets=assets(here),
        jobs=jobs(here),
        schedules=schedules(here),
        sensors=[*watchers(), *after_collections(here), *tracing.sensors(here)],
        resources=resources(platform_resource, clock_resource),
        executor=executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions that Dagster loads, for the environment's installation."""
    parts = platform()
    tracing.begin(parts.settings)
    return definitions(installation(), chosen_executor(parts.settings, parts.secrets))
