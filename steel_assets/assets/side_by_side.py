"""Markets trained side by side, in processes of their own: joblib chooses how, so another backend can take over.

What fails in one market comes back as its error, to be raised where that market's turn comes.
"""

import os
from collections.abc import Mapping

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.training import Candidate, train

Material = tuple[MarketHistory, pd.DataFrame, Mapping[int, str]]
"""What a market is trained from: its history, the features built from it, and the families in production by horizon."""


def train_each(material: Mapping[str, Material | Exception], window: int) -> dict[str, Candidate | Exception]:
    """A candidate, or the error, of every market in ``material``; errors pass through.

    Args:
        window: scored origins that each candidate's walk-forward shall cover.
    """
    from joblib import Parallel, delayed

    ready = {market: one for market, one in material.items() if not isinstance(one, Exception)}
    workers = min(len(ready), len(os.sched_getaffinity(0)))
    if workers < 2:
        trained = [_train(window, *one) for one in ready.values()]
    else:
        trained = Parallel(n_jobs=workers)(delayed(_train)(window, *one) for one in ready.values())
    return {market: one for market, one in material.items() if isinstance(one, Exception)} | dict(
        zip(ready, trained, strict=True)
    )


def _train(window: int, history: MarketHistory, features: pd.DataFrame, champions: Mapping[int, str]) -> Candidate | Exception:
    try:
        return train(history, features, window=window, champions=champions)
    except Exception as error:  # noqa: BLE001 - carried out of the process whole, and raised for its market
        return error
