"""How much each driver moved a forecast away from the last price, in the target's unit.

A model gives contributions as log moves (``Model.explain``). They are converted to prices by the logarithmic mean of the two
prices, which distributes the difference exactly and treats rises and falls alike (LMDI, Ang 2004).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from steel_assets.core.forecast import Bundle
from steel_assets.core.history import MarketHistory
from steel_assets.core.models._calibrated import FORWARD_CURVE
from steel_assets.core.samples import Samples, build_samples

COLUMNS = ["as_of", "market", "horizon", "driver", "contribution", "model_family", "simulated"]
SMALLEST = 1e-9
"""Smaller log moves count as zero: the logarithmic mean is then the last price itself."""


def explain(
    history: MarketHistory, features: pd.DataFrame, bundles: Iterable[Bundle], samples: Mapping[int, Samples] | None = None
) -> pd.DataFrame:
    """One row per horizon and driver of the forecasts that ``forecast.issue`` makes of the same arguments.

    The columns are those of ``tables.EXPLANATIONS`` but ``issued_date``, ``model_version`` and ``created_at``, which only the
    caller knows. A forecast that is the last price has no rows.

    Args:
        samples: by horizon, what ``build_samples`` made of the same arguments; made here where they are missing.
    """
    rows: list[dict[str, object]] = []
    made = samples or {}
    for bundle in sorted(bundles, key=lambda bundle: bundle.horizon):
        every = made.get(bundle.horizon) or build_samples(history, features, bundle.horizon)
        model, newest = bundle.model.today(history, every), every.rows(slice(-1, None))
        moves = model.explain(newest)
        if not history.market.target.curve:
            moves = moves.drop(columns=FORWARD_CURVE, errors="ignore")
        money = contributions(moves, newest.last, model.predict(newest)["p"].to_numpy())
        about = {"as_of": history.as_of, "market": history.market.id, "horizon": bundle.horizon}
        rows += [
            {
                **about,
                "driver": driver,
                "contribution": amount,
                "model_family": bundle.family,
                "simulated": history.simulated,
            }
            for driver, amount in money.iloc[0].items()
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def contributions(moves: pd.DataFrame, last: np.ndarray, points: np.ndarray) -> pd.DataFrame:
    """``moves`` (log, one column per driver) in the unit of the prices; each row adds up to ``points`` - ``last``."""
    whole = np.log(points / last)
    still = np.abs(whole) < SMALLEST
    mean = np.where(still, last, (points - last) / np.where(still, 1.0, whole))
    return moves.mul(mean, axis=0)
