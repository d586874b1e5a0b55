"""Experiments: variants forecast without being published, and are compared with the published forecasts later.

A variant is fitted again each week. It forecasts from the same history and features as the published forecast, right after it.
Its forecasts go to tables of their own, which no score reads. The service gets them only if the experiment declares a
``keys_share``, and answers only that share of API keys with them.
"""

import logging
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelDamaged, ModelNotFound, ModelStore
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Since, Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import local_day
from steel_assets.core.evidence import evidence, first_known, pairs
from steel_assets.core.experiments import FINAL, Experiment
from steel_assets.core.forecast import Bundle, bundle_from_files, bundle_to_files, issue
from steel_assets.core.history import MarketHistory
from steel_assets.core.imports import trained_at
from steel_assets.core.models import ModelError
from steel_assets.core.published import forecast_rows
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS, FORECASTS, MARKET_DAILY
from steel_assets.core.training import ProposedFamily, variant
from steel_assets.operations import feature_store, histories, panel
from steel_assets.operations.candidates import version_of
from steel_assets.operations.experiment_switch import stopped_since

log = logging.getLogger("steel.experiments")

REFITTED = pd.Timedelta(days=7)
"""A variant's model is fitted again when it is older than this."""


@dataclass(frozen=True)
class Shadow:
    """What an experiment did for a market on a day.

    Attributes:
        rows: of tables.EXPERIMENT_FORECASTS.
        why_none: why there are none, in words; empty if there are.
    """

    experiment: str
    rows: pd.DataFrame
    why_none: str = ""


def shadow(
    catalog: Catalog,
    lake: Lake,
    warehouse: Warehouse,
    models: ModelStore,
    experiment: Experiment,
    market: str,
    day: pd.Timestamp,
) -> Shadow:
    """Let the variant forecast ``market`` from its stored history, as ``forecasting.forecast`` does, without publishing.

    A second call with the same history writes the same rows.

    Args:
        day: the day of issue, midnight without a zone.

    Raises:
        ModelError, ForecastError: the family cannot forecast this market, or its output is not a valid forecast.
    """
    nothing = EXPERIMENT_FORECASTS.empty()
    why_none = _why_not(catalog, lake, warehouse, experiment, day)
    if why_none:
        return Shadow(experiment.id, nothing, why_none)
    history = histories.load(catalog, lake, market)
    known = local_day(history.as_of, catalog.rules.schedules.tzinfo)
    if known != day:
        return Shadow(experiment.id, nothing, f"the history of {market} is of {known:%Y-%m-%d}, not of {day:%Y-%m-%d}")
    if histories.age_of(catalog, history).too_old:
        return Shadow(experiment.id, nothing, "the last price is too old: nothing was published either")
    features = feature_store.load(lake, history)
    learning = panel.with_others(catalog, lake, history)
    bundles = {horizon: _model(models, experiment, learning, features, horizon) for horizon in experiment.horizons}
    versions = {horizon: version for horizon, (version, _) in bundles.items()}
    made = issue(history, features, [bundle for _, bundle in bundles.values()], catalog.rules.freshness.missed_periods)
    rows = FORECASTS.enforce(made.assign(issued_date=day, model_version=made["horizon"].map(versions), created_at=history.as_of))
    forecast_rows(rows)  # refuses what is no forecast, before anything is written
    rows = EXPERIMENT_FORECASTS.enforce(rows.assign(experiment=experiment.id))
    warehouse.upsert(EXPERIMENT_FORECASTS, rows)
    return Shadow(experiment.id, rows)


def verdict(catalog: Catalog, lake: Lake, warehouse: Warehouse, experiment: Experiment, moment: pd.Timestamp) -> pd.DataFrame:
    """Evaluate ``experiment`` as of ``moment`` and store the day's row, of tables.EXPERIMENT_VERDICTS.

    After a final verdict nothing is evaluated or written; its row is returned.
    """
    newest = last_verdict(warehouse, experiment.id)
    if len(newest) and newest["state"].iloc[0] in FINAL:
        return newest
    day = local_day(moment, catalog.rules.schedules.tzinfo)
    found = evidence(_pairs(catalog, lake, warehouse, experiment, moment))
    state = found.state(experiment, day)
    if state == "collecting" and stopped_since(lake.store, experiment.id) is not None:
        state = "stopped"
    row = {
        "experiment": experiment.id,
        "date": day,
        "state": state,
        "family": experiment.family,
        "metric": experiment.metric,
        "n": found.n,
        "mean_gain": found.mean_gain,
        "gain_share": found.gain_share,
        "evidence_better": found.better,
        "evidence_worse": found.worse,
        "threshold": experiment.threshold,
        "simulated": bool(lake.simulated),
        "created_at": moment,
    }
    rows = EXPERIMENT_VERDICTS.enforce(pd.DataFrame([row]))
    warehouse.upsert(EXPERIMENT_VERDICTS, rows)
    return rows


def last_verdict(warehouse: Warehouse, experiment: str) -> pd.DataFrame:
    """The newest row of tables.EXPERIMENT_VERDICTS of ``experiment``; no rows before its first evaluation."""
    rows = warehouse.read(EXPERIMENT_VERDICTS, {"experiment": experiment})
    return rows[rows["date"] == rows["date"].max()].reset_index(drop=True)


def offers(catalog: Catalog, warehouse: Warehouse, market: str) -> dict[int, ProposedFamily]:
    """Families that won an experiment in ``market``, by horizon; of several the one that was declared last."""
    found: dict[int, ProposedFamily] = {}
    for experiment in catalog.experiments_of(market):
        newest = last_verdict(warehouse, experiment.id)
        if len(newest) and newest["state"].iloc[0] == "won":
            found |= dict.fromkeys(experiment.horizons, ProposedFamily(experiment.family, experiment.id))
    return found


def described(row: pd.Series) -> str:
    """A row of tables.EXPERIMENT_VERDICTS as a sentence."""
    gain = "nothing has come true yet" if pd.isna(row["gain_share"]) else f"loss {-row['gain_share']:+.1%} beside the champion's"
    return (
        f"{row['family']}: {row['state']} on {row['date']:%Y-%m-%d} after {row['n']} pairs; {gain}; evidence that it is better "
        f"{row['evidence_better']:.2f}, worse {row['evidence_worse']:.2f}; {row['threshold']:.0f} decides"
    )


def _why_not(catalog: Catalog, lake: Lake, warehouse: Warehouse, experiment: Experiment, day: pd.Timestamp) -> str:
    """Why nothing is forecast on ``day``; empty if something is."""
    if day < pd.Timestamp(experiment.start):
        return f"it begins on {experiment.start}"
    newest = last_verdict(warehouse, experiment.id)
    if len(newest) and newest["state"].iloc[0] in FINAL:
        return f"it is over: {newest['state'].iloc[0]} on {newest['date'].iloc[0]:%Y-%m-%d}"
    since = stopped_since(lake.store, experiment.id)
    if since is not None:
        stopped = local_day(since, catalog.rules.schedules.tzinfo)
        return f"it was stopped on {stopped:%Y-%m-%d}; steel experiment start {experiment.id} lets it go on"
    return "its planned days are over" if day >= pd.Timestamp(experiment.end) else ""


def _model(
    models: ModelStore, experiment: Experiment, history: MarketHistory, features: pd.DataFrame, horizon: int
) -> tuple[str, Bundle]:
    """The variant's model at one horizon with its version: the newest undamaged one that is young enough, else fitted now."""
    market, kept = history.market.id, models.variants
    for version in reversed(kept.versions(experiment.id, market, horizon)):
        at = trained_at(version)
        if at is None or not history.as_of - REFITTED < at <= history.as_of:
            continue
        try:
            bundle = bundle_from_files(kept.load(experiment.id, market, horizon, version))
        except (ModelNotFound, ModelDamaged, ModelError) as error:
            log.warning("experiment %s: %s; it is fitted again", experiment.id, error)
            continue
        if bundle.family == experiment.family:
            return version, bundle
    bundle = variant(history, features, horizon, experiment.family)
    files = bundle_to_files(bundle)
    version = version_of(history.as_of, bundle.family, files)
    about = {"experiment": experiment.id, "family": bundle.family, "trained_as_of": history.as_of.isoformat()}
    kept.save(experiment.id, market, horizon, version, files, about)
    return version, bundle_from_files(files)


def _pairs(catalog: Catalog, lake: Lake, warehouse: Warehouse, experiment: Experiment, moment: pd.Timestamp) -> pd.DataFrame:
    """``evidence.pairs`` of everything forecast so far; without stored prices all pairs of a market are open."""
    since, markets = Since(pd.Timestamp(experiment.start)), list(experiment.markets)
    made = warehouse.read(EXPERIMENT_FORECASTS, {"experiment": experiment.id, "market": markets, "issued_date": since})
    made = made[made["horizon"].isin(experiment.horizons)]
    published = warehouse.read(FORECASTS, {"market": markets, "issued_date": since})
    prices = [_prices(catalog, lake, market) for market in markets]
    return pairs(made, published, pd.concat(prices, ignore_index=True), experiment, moment)


def _prices(catalog: Catalog, lake: Lake, market: str) -> pd.DataFrame:
    """Rows of tables.MARKET_DAILY, each price as it was first known."""
    try:
        history = histories.load(catalog, lake, market)
    except ObjectNotFound:  # never processed: nothing was forecast either
        return MARKET_DAILY.empty()
    rows = first_known(history.prices)
    return MARKET_DAILY.enforce(rows.assign(market=market, unit=history.market.target.unit, simulated=history.simulated))
