"""Trains a market's candidates: only on data of sufficient quality, always including the champions' families.

The horizons of a market are trained in parallel in processes, by joblib, whose backend can be replaced. A family that won an
experiment is offered as well: it is proposed if the walk-forward agrees.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelDamaged, ModelNotSigned, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import FIRST_YEAR, sessions
from steel_assets.core.history import MarketHistory
from steel_assets.core.kept_folds import KeptFold, KeptFolds
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.open_sets import open_to, opened
from steel_assets.core.training import Candidate, ProposedFamily, Trained, candidate_of, learns_from_others, train_horizon
from steel_assets.operations import candidates, feature_store, histories, kept_folds, panel
from steel_assets.operations.data_quality import quality_score
from steel_assets.operations.experimenting import offers

log = logging.getLogger("steel.models")

LIBRARIES = ("sklearn.ensemble", "sklearn.linear_model", "statsforecast.ets", "statsforecast.theta")
"""The slow ones; Prophet's is left to Prophet, which imports it without its plots."""


class NotTrained(RuntimeError):
    """The quality of a market's data is too low for training."""


def train_candidate(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, models: ModelStore, market: str
) -> tuple[Candidate, dict[int, str]]:
    """Backtest every family on the market's history, fit the best ones on all of it, and propose them.

    Returns:
        The candidate, and its version in `models/staging` by horizon.

    Raises:
        NotTrained: the market's quality score is below the catalogue's limit.
    """
    acceptance = catalog.rules.acceptance
    history = histories.load(catalog, lake, market)
    score = quality_score(catalog, warehouse, market, history.as_of)
    if score < acceptance.quality_score:
        raise NotTrained(f"data quality {score:.2f} is below {acceptance.quality_score}: nothing was trained; see data_quality")
    features = feature_store.load(lake, history)
    champions, offered = _champions(catalog, models, market), offers(catalog, warehouse, market)
    asked_for = {*champions.values(), *(offer.family for offer in offered.values())}
    if learns_from_others(history) or Pooled.family in asked_for:
        history = panel.with_others(catalog, lake, history)
    window = acceptance.window_of(history.market.frequency)
    kept = {horizon: kept_folds.load(lake, market, horizon) for horizon in history.market.horizons}
    candidate = train_market(history, features, champions, window, offered, kept)
    for horizon, folds in candidate.folds.items():
        kept_folds.save(lake, market, horizon, folds.used)
    return candidate, candidates.propose(lake, models, candidate)


def _champions(catalog: Catalog, models: ModelStore, market: str) -> dict[int, str]:
    """The family in production at each horizon that has one. A damaged champion is left out: its successor is trained now."""
    found = {}
    for horizon in catalog.markets[market].horizons:
        try:
            pointer = models.mended(market, horizon)
        except ModelNotSigned:
            raise
        except ModelDamaged as error:
            log.warning("%s", error)
            models.give_up(market, horizon)
            continue
        if pointer is not None and (family := candidates.family_of(models, market, horizon, pointer.version)):
            found[horizon] = family
    return found


def train_market(
    history: MarketHistory,
    features: pd.DataFrame,
    champions: Mapping[int, str],
    window: int,
    offered: Mapping[int, ProposedFamily] | None = None,
    kept: Mapping[int, Mapping[bytes, KeptFold]] | None = None,
) -> Candidate:
    """The candidate of all horizons of a market. The first error of a horizon is raised unchanged.

    Args:
        champions: the families in production by horizon.
        window: number of scored origins in each candidate's walk-forward.
        offered: families that won an experiment, by horizon.
        kept: folds of the training before, by horizon and digest; None to compute all and keep none.
    """
    from joblib import Parallel, delayed

    horizons = history.market.horizons
    workers = _workers(horizons)
    own, won = opened(), offered or {}
    former = dict.fromkeys(horizons) if kept is None else kept
    tasks = (
        delayed(_trained)(own, history, features, horizon, window, champions.get(horizon), won.get(horizon), former[horizon])
        for horizon in horizons
    )
    return candidate_of(history, list(Parallel(n_jobs=workers, batch_size=1)(tasks)))


def warm_up(catalog: Catalog) -> None:
    """Begin to start the processes that train, so that they get ready for it while something else is done."""
    workers = max((_workers(market.horizons) for market in catalog.markets.values()), default=0)
    if workers > 1:
        calendars = sorted({market.calendar for market in catalog.markets.values()})
        Thread(target=_start, args=(workers, calendars), name="warm-up", daemon=True).start()


def _start(workers: int, calendars: Sequence[str]) -> None:
    from joblib import Parallel, delayed

    Parallel(n_jobs=workers, batch_size=1)(delayed(_ready)(calendars) for _ in range(workers))


def _ready(calendars: Sequence[str]) -> None:
    """In a process that has fitted nothing: import what families import where they are fitted, work out the trading days."""
    for name in LIBRARIES:
        import_module(name)
    for name in calendars:
        sessions(name, pd.Timestamp(FIRST_YEAR), pd.Timestamp(FIRST_YEAR))


def _workers(horizons: Sequence[int]) -> int:
    from joblib import cpu_count

    return min(len(horizons), cpu_count())


def _trained(
    own: tuple[Path, ...],
    history: MarketHistory,
    features: pd.DataFrame,
    horizon: int,
    window: int,
    champion: str | None,
    offer: ProposedFamily | None,
    former: Mapping[bytes, KeptFold] | None,
) -> Trained:
    """Train one horizon, in a process with the same plugin folders (``own``) as the caller."""
    for folder in own:
        open_to(folder)
    if former is None:
        return train_horizon(history, features, horizon, window, champion, offer)
    folds = KeptFolds(kept_folds.code(), former)
    trained = train_horizon(history, features, horizon, window, champion, offer, folds)
    return replace(trained, folds=replace(folds, former={}))
