"""A market's horizons trained side by side, in processes of their own: joblib chooses how, so another backend can take over."""

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.open_sets import open_to, opened
from steel_assets.core.training import Candidate, Offer, Trained, candidate_of, train_horizon


def train_market(
    history: MarketHistory,
    features: pd.DataFrame,
    champions: Mapping[int, str],
    window: int,
    offers: Mapping[int, Offer] | None = None,
) -> Candidate:
    """The candidate of all horizons of a market. The first error of a horizon is raised as it was there.

    Args:
        champions: the families in production by horizon.
        window: scored origins that each candidate's walk-forward shall cover.
        offers: families that won an experiment, by horizon.
    """
    from joblib import Parallel, delayed

    horizons = history.market.horizons
    workers = min(len(horizons), len(os.sched_getaffinity(0)))
    own, offered = opened(), offers or {}
    tasks = (
        delayed(_trained)(own, history, features, horizon, window, champions.get(horizon), offered.get(horizon))
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
