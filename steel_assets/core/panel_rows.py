"""A market's rows for the panel, from its history and features."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.panel import PanelRows, has_enough_history, spread
from steel_assets.core.samples import build_samples


def panel_rows(history: MarketHistory, features: pd.DataFrame) -> PanelRows:
    """The rows that ``history`` contributes to the panel.

    Each price counts as first known, from the moment of issue at which it was; later corrections are ignored.

    Args:
        features: as ``features.build_features`` made them from the same history.
    """
    moments = history.moments.tz_localize(None).to_numpy("datetime64[ns]")
    never = np.append(moments, np.datetime64("NaT"))
    names, known = tuple(features.columns), features.to_numpy(dtype=float)
    rows = history.price_news & has_enough_history(known, names)
    returns, known_at = {}, {}
    for horizon in history.market.horizons:
        samples = build_samples(history, features, horizon)
        price, since = history.first_known(samples.target_dates)
        returns[horizon] = samples.with_labels(price).scaled_returns[rows]
        known_at[horizon] = never[since][rows]
    market = history.market
    inputs = spread(known, names).inputs[rows]
    return PanelRows(market.id, market.commodity, market.region, history.origins[rows], inputs, returns, known_at)
