"""Markets and horizons trained side by side, in processes of their own: joblib chooses how, so another backend can take over.

What fails in one market comes back as its error, to be raised where that market's turn comes.
"""

import os
from collections.abc import Mapping, Sequence

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.training import Candidate, Trained, candidate_of, train_horizon

Material = tuple[MarketHistory, pd.DataFrame, Mapping[int, str]]
"""What a market is trained from: its history, the features built from it, and the families in production by horizon."""


def train_each(material: Mapping[str, Material | Exception], window: int) -> dict[str, Candidate | Exception]:
    """A candidate, or the error, of every market in ``material``; errors pass through.

    Args:
        window: scored origins that each candidate's walk-forward shall cover.
    """
    from joblib import Parallel, delayed

    ready = {market: one for market, one in material.items() if not isinstance(one, Exception)}
    parts = [(market, horizon) for market, (history, _, _) in ready.items() for horizon in history.market.horizons]
    workers = min(len(parts), len(os.sched_getaffinity(0)))
    if workers < 2:
        trained = [_train(window, horizon, *ready[market]) for market, horizon in parts]
    else:
        tasks = (delayed(_train)(window, horizon, *ready[market]) for market, horizon in parts)
        trained = Parallel(n_jobs=workers, batch_size=1)(tasks)
    found: dict[str, list[Trained | Exception]] = {market: [] for market in ready}
    for (market, _), one in zip(parts, trained, strict=True):
        found[market].append(one)
    refused = {market: one for market, one in material.items() if isinstance(one, Exception)}
    return refused | {market: _whole(ready[market][0], ones) for market, ones in found.items()}


def _train(
    window: int, horizon: int, history: MarketHistory, features: pd.DataFrame, champions: Mapping[int, str]
) -> Trained | Exception:
    try:
        return train_horizon(history, features, horizon, window, champions.get(horizon))
    except Exception as error:  # noqa: BLE001 - carried out of the process whole, and raised for its market
        return error


def _whole(history: MarketHistory, trained: Sequence[Trained | Exception]) -> Candidate | Exception:
    """The candidate of all horizons, or the first error among them."""
    error = next((one for one in trained if isinstance(one, Exception)), None)
    return error or candidate_of(history, [one for one in trained if isinstance(one, Trained)])
