"""How good forecasts were: every score of a backtest, beside the last price on the same dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.core.accuracy import accuracy
from steel_assets.core.models import NAIVE
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES


class NothingToScore(ValueError):
    """No row of a backtest can be scored; the message says why and what to do."""


def scores(backtest_rows: pd.DataFrame) -> pd.DataFrame:
    """One row per market, model and horizon: ``market, model, h, n`` and the scores.

    Only dates on which the model, the last price and the real price are all there count. ``mape`` is a share; ``rmse``,
    ``mae`` and ``pinball`` (mean of the 7 quantiles) are in the target's unit; ``mae_ratio`` and ``pinball_ratio`` are over
    the last price's, below 1 is better; ``coverage_90`` is the share of prices inside the 90 % interval.

    Args:
        backtest_rows: as ``tables.BACKTEST`` declares them, the rows of model ``naive`` among them.

    Raises:
        NothingToScore: there are no rows, no real prices, or no last price to compare with.
    """
    if backtest_rows.empty:
        raise NothingToScore("there are no forecasts to score; run the backtest over a longer time")
    known = backtest_rows[np.isfinite(backtest_rows["y"])]
    if known.empty:
        raise NothingToScore("no price of any target date is known yet; end the backtest earlier, or wait")
    key = ["market", "h", "origin"]
    losses = known.assign(pinball=pinball(known), inside=_inside(known))
    naive = losses.loc[losses["model"] == NAIVE, [*key, "p", "pinball"]]
    pairs = losses.merge(naive, on=key, suffixes=("", "_naive"), validate="many_to_one")
    if pairs.empty:
        raise NothingToScore(f"there is no forecast of model {NAIVE} on these dates to compare with; backtest it too")
    rows = [
        {"market": market, "model": model, "h": h, **_scores(part)}
        for (market, h, model), part in pairs.groupby(["market", "h", "model"], sort=True)
    ]
    return pd.DataFrame(rows)


def pinball(rows: pd.DataFrame) -> np.ndarray:
    """Mean pinball loss of the seven quantiles of each row, in the target's unit (Koenker & Bassett 1978)."""
    over = rows["y"].to_numpy()[:, None] - rows[list(QUANTILE_COLUMNS)].to_numpy()
    levels = np.array(QUANTILES)
    return np.maximum(levels * over, (levels - 1) * over).mean(axis=1)


def _inside(rows: pd.DataFrame) -> np.ndarray:
    return ((rows["y"] >= rows[QUANTILE_COLUMNS[0]]) & (rows["y"] <= rows[QUANTILE_COLUMNS[-1]])).to_numpy()


def _scores(part: pd.DataFrame) -> dict[str, float]:
    own, naive = accuracy(part["y"], part["p"]), accuracy(part["y"], part["p_naive"])
    loss, naive_loss = float(part["pinball"].mean()), float(part["pinball_naive"].mean())
    return {
        "n": own.origins,
        "mape": own.mape,
        "r2": own.r2,
        "rmse": own.rmse,
        "mae": own.mae,
        "mae_ratio": own.mae / naive.mae if naive.mae > 0 else np.nan,
        "pinball": loss,
        "pinball_ratio": loss / naive_loss if naive_loss > 0 else np.nan,
        "coverage_90": float(part["inside"].mean()),
    }
