"""Training a market's candidates: only on data that is good enough, with the champions' families always among them.

The horizons of a market are trained side by side, in processes of their own. joblib chooses how, so another backend can take
over. A family that won an experiment is offered: it is proposed where the walk-forward speaks for it too.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelDamaged, ModelNotSigned, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.history import MarketHistory
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.open_sets import open_to, opened
from steel_assets.core.training import Candidate, Offer, Trained, candidate_of, learns_from_others, train_horizon
from steel_assets.operations import candidates, feature_store, histories, panel
from steel_assets.operations.data_quality import quality_score
from steel_assets.operations.experimenting import offers

log = logging.getLogger("steel.models")


class NotTrained(RuntimeError):
    """A market's data is not good enough to learn from."""


def train_candidate(
    catalog: Catalog, lake: Lake, warehouse: Warehouse, models: ModelStore, market: str
) -> tuple[Candidate, dict[int, str]]:
    """Walk every family through the market's history, fit the chosen ones on all of it, and propose them.

    Returns:
        The candidate, and its version in `models/staging` by horizon.

    Raises:
        NotTrained: the market's quality score is below the catalogue's.
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
    candidate = train_market(history, features, champions, window, offered)
    return candidate, candidates.propose(lake, models, candidate)


def _champions(catalog: Catalog, models: ModelStore, market: str) -> dict[int, str]:
    """The family in production at each horizon that has one. A damaged champion is none: its successor is trained now."""
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
    offered: Mapping[int, Offer] | None = None,
) -> Candidate:
    """The candidate of all horizons of a market. The first error of a horizon is raised as it was there.

    Args:
        champions: the families in production by horizon.
        window: scored origins that each candidate's walk-forward shall cover.
        offered: families that won an experiment, by horizon.
    """
    from joblib import Parallel, cpu_count, delayed

    horizons = history.market.horizons
    workers = min(len(horizons), cpu_count())
    own, won = opened(), offered or {}
    tasks = (
        delayed(_trained)(own, history, features, horizon, window, champions.get(horizon), won.get(horizon))
        for horizon in horizons
    )
    return candidate_of(history, list(Parallel(n_jobs=workers, batch_size=1)(tasks)))


def _trained(
    own: tuple[Path, ...],
    history: MarketHistory,
    features: pd.DataFrame,
    horizon: int,
    window: int,
    champion: str | None,
    offer: Offer | None,
) -> Trained:
    """One horizon, in a process that finds the same model families as the one that asked."""
    for folder in own:
        open_to(folder)
    return train_horizon(history, features, horizon, window, champion, offer)
