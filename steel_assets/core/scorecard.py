"""Scores by year, and in the worst window, which a mean over many years hides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.scoring import inside, scores
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

WORST_OVER = 60
"""Number of neighbouring forecasts in a window."""


def by_year(backtest_rows: pd.DataFrame) -> pd.DataFrame:
    """``scoring.scores`` of each calendar year of origins, with a column ``year``.

    Raises:
        NothingToScore: no row can be scored.
    """
    known = backtest_rows[np.isfinite(backtest_rows["y"])]
    years = [scores(part).assign(year=year) for year, part in known.groupby(known["origin"].dt.year)]
    return pd.concat(years, ignore_index=True) if years else scores(known).assign(year=0)


def worst_window(backtest_rows: pd.DataFrame) -> pd.DataFrame:
    """Per ``market``, ``model`` and ``h``: ``worst_60``, the lowest coverage of the 90 % interval over 60 neighbouring forecasts.

    NaN if there are fewer.
    """
    known = backtest_rows[np.isfinite(backtest_rows["y"])].sort_values("origin")
    within = inside(known["y"], known[QUANTILE_COLUMNS[0]], known[QUANTILE_COLUMNS[-1]])
    worst = (
        known.assign(inside=within.astype(float))
        .groupby(["market", "model", "h"])["inside"]
        .agg(lambda run: run.rolling(WORST_OVER).mean().min())
    )
    return worst.rename("worst_60").reset_index()


def reliability(backtest_rows: pd.DataFrame) -> pd.DataFrame:
    """Per ``model`` and ``h``, for each quantile level ``promised``: the share of prices ``found`` below that quantile.

    A price equal to a quantile counts half, because a market that often does not move meets the median exactly.
    """
    known = backtest_rows[np.isfinite(backtest_rows["y"])]
    rows = []
    for (model, h), part in known.groupby(["model", "h"]):
        y = part["y"].to_numpy()
        for name, level in zip(QUANTILE_COLUMNS, QUANTILES, strict=True):
            quantile = part[name].to_numpy()
            found = float((y < quantile).mean() + (y == quantile).mean() / 2)
            rows.append({"model": model, "h": h, "promised": level, "found": found})
    return pd.DataFrame(rows)
