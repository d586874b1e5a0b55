"""The past as the platform would have lived it: one row per model, origin and horizon, in the shape of ``tables.BACKTEST``.

Every row is computed only from what was known at its origin. Fits and choices happen on days that the calendar alone decides,
so a row is the same wherever a backtest starts, ends, and however many days it skips.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from steel_assets.core.evaluation import EARLIEST, Progress, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import NAIVE, applicable
from steel_assets.core.models.combination import MEMBERS, Combination
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.tables import BACKTEST
from steel_assets.core.types import Market

CHAMPION = "champion"
"""The model name of what the platform would have issued."""


class BacktestError(ValueError):
    """A backtest cannot be run as asked; the message says why and what to ask instead."""


def families_of(market: Market) -> list[str]:
    """The model families that make sense for ``market``, simplest first."""
    return list(applicable(market))


def backtest(
    history: MarketHistory,
    start: pd.Timestamp,
    end: pd.Timestamp,
    step: int = 1,
    families: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Forecasts of every ``step``-th trading day from ``start`` to ``end``, at all horizons of the market.

    Args:
        start, end: first and last origin wanted (midnights without a zone).
        step: trading days from one origin to the next; the first is the first trading day on or after ``start``.
        families: which models; all that apply and ``champion`` when not given. The last price is always among them.

    Raises:
        BacktestError: a family is not one of this market's, ``step`` is not positive, or no origin lies in between.
    """
    wanted = _wanted(history.market, families)
    positions = _positions(history, start, end, step)
    first, stop = int(positions[0]), int(positions[-1]) + 1
    judged = applicable(history.market)
    if CHAMPION not in wanted:
        needed = {*wanted, *(MEMBERS if Combination.family in wanted else ())}
        judged = {name: family for name, family in judged.items() if name in needed}
    features = build_features(history)
    steps = Steps(len(history.market.horizons) * len(judged), progress)
    tables = []
    for horizon in history.market.horizons:
        samples = build_samples(history, features, horizon)
        learns = CHAMPION in wanted or Combination.family in wanted
        before = max(EARLIEST, first - burn_in(horizon)) if learns else first
        evaluation = evaluate(history, samples, judged, before, stop, steps)
        for model in wanted:
            forecasts = evaluation.champion(first) if model == CHAMPION else evaluation.forecasts[model].iloc[first - before :]
            tables.append(backtest_rows(history, samples, model, positions, forecasts.iloc[positions - first]))
    return pd.concat(tables, ignore_index=True)


def backtest_rows(
    history: MarketHistory, samples: Samples, model: str, positions: np.ndarray, forecasts: pd.DataFrame
) -> pd.DataFrame:
    """Rows of ``tables.BACKTEST`` for the origins at ``positions``, whose ``forecasts`` stand in the same order."""
    target_dates = samples.target_dates[positions]
    frame = pd.DataFrame(
        {
            "market": history.market.id,
            "model": model,
            "origin": samples.origins[positions],
            "target_date": target_dates,
            "h": samples.horizon,
            "y": history.prices_at(target_dates, history.as_of),
            "last": samples.last[positions],
        }
    )
    return BACKTEST.enforce(pd.concat([frame, forecasts.reset_index(drop=True)], axis=1))


def _wanted(market: Market, families: Sequence[str] | None) -> list[str]:
    known = [*families_of(market), CHAMPION]
    if families is None:
        return known
    unknown = [name for name in families if name not in known]
    if unknown or not families:
        raise BacktestError(f"models {', '.join(unknown) or '(none)'}: market {market.id} has {', '.join(known)}")
    return [name for name in known if name in families or name == NAIVE]


def _positions(history: MarketHistory, start: pd.Timestamp, end: pd.Timestamp, step: int) -> np.ndarray:
    if step < 1:
        raise BacktestError(f"step {step}: origins must be at least one trading day apart")
    origins = history.origins
    first, stop = int(origins.searchsorted(start.normalize())), int(origins.searchsorted(end.normalize(), side="right"))
    positions = np.arange(first, stop, step)
    positions = positions[(positions >= EARLIEST) & np.isfinite(history.last.to_numpy()[positions])]
    if len(positions) == 0:
        raise BacktestError(
            f"market {history.market.id}: no trading day between {start:%Y-%m-%d} and {end:%Y-%m-%d} can be forecast; "
            f"that is possible from {origins[min(EARLIEST, len(origins) - 1)]:%Y-%m-%d} to {origins[-1]:%Y-%m-%d}"
        )
    return positions
