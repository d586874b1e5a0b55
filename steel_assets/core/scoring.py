"""All accuracy figures, each defined once, for tables, checks, alerts, API and page.

Shares are 0-1 (``mape`` 0.05 is 5 %), errors in the target's unit. What cannot be measured is NaN, never zero. Thresholds are in
the alert rules and the acceptance criteria.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from steel_assets.core.models import NAIVE
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

WINDOW = 250
"""Trading days that are scored, per market and horizon: about a year."""

RECENT = 20
"""Number of newest forecasts in the present error, for its increase."""

BEFORE = 250
"""Number of forecasts before those, for comparison."""

FEWEST = 20
"""Least number of scored forecasts to judge a model."""


class NothingToScore(ValueError):
    """No row of a backtest can be scored; the message says why and what to do."""


@dataclass(frozen=True)
class Accuracy:
    """Errors over ``origins`` forecasts; NaN where they cannot be measured.

    Attributes:
        origins: forecasts scored.
        mape: mean |error| / |actual|, a share.
        r2: 1 - sum of squared errors / sum of squared deviations of the actual prices from their mean.
        rmse, mae: in the target's unit.
    """

    origins: int
    mape: float
    r2: float
    rmse: float
    mae: float


@dataclass(frozen=True)
class PublishedScores:
    """Scores of published forecasts of one market and horizon, with the last price on the same days.

    Attributes:
        own, naive: errors of the forecasts, and of the last price at their issue.
        skill: see ``skill``.
        coverage_90: see ``coverage``.
        increase: see ``increases``; of the newest scored forecast.
    """

    own: Accuracy
    naive: Accuracy
    skill: float
    coverage_90: float
    increase: float


def accuracy(actual: ArrayLike, predicted: ArrayLike) -> Accuracy:
    """Compare forecasts with actual values, row by row.

    Raises:
        ValueError: the two differ in length, or contain values that are not finite; pass only rows that have both.
    """
    y, p = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise ValueError(f"actual and predicted prices must be two columns of one length, got shapes {y.shape} and {p.shape}")
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        raise ValueError("actual and predicted prices must be finite: leave out the dates on which either is missing")
    if len(y) == 0:
        return Accuracy(0, np.nan, np.nan, np.nan, np.nan)
    error = p - y
    spread = float(((y - y.mean()) ** 2).sum())
    return Accuracy(
        origins=len(y),
        mape=float(np.mean(relative_errors(y, p))),
        r2=1.0 - float((error**2).sum()) / spread if spread > 0 else np.nan,
        rmse=float(np.sqrt(np.mean(error**2))),
        mae=float(np.mean(np.abs(error))),
    )


def relative_errors(actual: ArrayLike, predicted: ArrayLike) -> np.ndarray:
    """|error| / |actual| of each forecast: a share, of which MAPE is the mean."""
    y, p = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = np.abs(p - y) / np.abs(y)
    return found


def inside(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """Whether each price lies in its interval, ends included."""
    y = np.asarray(actual, dtype=float)
    found: np.ndarray = (y >= np.asarray(low, dtype=float)) & (y <= np.asarray(high, dtype=float))
    return found


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of prices in their intervals; NaN without any."""
    found = inside(actual, low, high)
    return float(found.mean()) if len(found) else np.nan


def skill(mae: float, naive_mae: float) -> float:
    """1 - MAE of the forecast ÷ MAE of the last price on the same days; above 0 is better; NaN if the last price never erred."""
    return 1 - mae / naive_mae if naive_mae > 0 else np.nan


def pinball(rows: pd.DataFrame) -> np.ndarray:
    """Mean pinball loss of the seven quantiles of each row, in the target's unit (Koenker & Bassett 1978)."""
    over = rows["y"].to_numpy()[:, None] - rows[list(QUANTILE_COLUMNS)].to_numpy()
    levels = np.array(QUANTILES)
    return np.maximum(levels * over, (levels - 1) * over).mean(axis=1)


def each_day(realised: pd.DataFrame) -> pd.DataFrame:
    """Scored published forecasts, oldest first. A day forecast several times at one horizon counts once.

    Over a weekend a day is forecast several times; the newest forecast counts.

    Args:
        realised: rows of ``tables.PREDICTIONS_VS_REALITY``.
    """
    ordered = realised.sort_values(["prediction_date", "issued_date"])
    return ordered.drop_duplicates(["market", "horizon", "prediction_date"], keep="last")


def increases(days: pd.DataFrame) -> pd.DataFrame:
    """The increase of the error at each forecast of one market and horizon: ``recent``, ``before`` and ``increase``.

    ``recent`` is the MAPE of the last RECENT forecasts, ``before`` that of up to BEFORE before those (at least FEWEST, else NaN),
    ``increase`` the first minus the second, as a share.

    Args:
        days: rows of ``each_day``.
    """
    error = days["error_percentage"] / 100
    recent = error.rolling(RECENT).mean()
    before = error.shift(RECENT).rolling(BEFORE, min_periods=FEWEST).mean()
    return pd.DataFrame({"recent": recent, "before": before, "increase": recent - before})


def published_scores(days: pd.DataFrame, window: int = WINDOW) -> PublishedScores:
    """The scores of one market and horizon over its last ``window`` days.

    Args:
        days: all rows of ``each_day``, since the increase uses older ones.
    """
    rows = days.tail(window)
    own, naive = (accuracy(rows["actual_price"], rows[name]) for name in ("predicted_price", "last_price"))
    risen = increases(days)["increase"]
    return PublishedScores(
        own=own,
        naive=naive,
        skill=skill(own.mae, naive.mae),
        coverage_90=coverage(rows["actual_price"], rows["q05"], rows["q95"]),
        increase=float(risen.iloc[-1]) if len(risen) else np.nan,
    )


def scores(backtest_rows: pd.DataFrame) -> pd.DataFrame:
    """One row per market, model and horizon of a backtest: ``market, model, h, n`` and the scores.

    Only dates with the model's forecast, the last price and the actual price count. ``mape`` is a share; ``rmse``, ``mae`` and
    ``pinball`` (mean of the 7 quantiles) are in the target's unit; ``mae_ratio`` and ``pinball_ratio`` are divided by the last
    price's, below 1 is better; ``coverage_90`` is the share of prices inside the 90 % interval.

    Args:
        backtest_rows: as ``tables.BACKTEST`` declares them, with the rows of model ``naive``.

    Raises:
        NothingToScore: there are no rows, no actual prices, or no last price to compare with.
    """
    if backtest_rows.empty:
        raise NothingToScore("there are no forecasts to score; run the backtest over a longer time")
    known = backtest_rows[np.isfinite(backtest_rows["y"])]
    if known.empty:
        raise NothingToScore("no price of any target date is known yet; end the backtest earlier, or wait")
    key = ["market", "h", "origin"]
    losses = known.assign(pinball=pinball(known))
    naive = losses.loc[losses["model"] == NAIVE, [*key, "p", "pinball"]]
    pairs = losses.merge(naive, on=key, suffixes=("", "_naive"), validate="many_to_one")
    if pairs.empty:
        raise NothingToScore(f"there is no forecast of model {NAIVE} on these dates to compare with; backtest it too")
    rows = [
        {"market": market, "model": model, "h": h, **_scores(part)}
        for (market, h, model), part in pairs.groupby(["market", "h", "model"], sort=True)
    ]
    return pd.DataFrame(rows)


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
        "coverage_90": coverage(part["y"], part[QUANTILE_COLUMNS[0]], part[QUANTILE_COLUMNS[-1]]),
    }
