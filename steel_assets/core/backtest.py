"""Backtests: what the platform would have forecast, one row per model, origin and horizon, as ``tables.BACKTEST``.

Every row uses only what was known at its origin. Fits and choices happen on days that only the calendar determines, so a row does
not depend on where a backtest starts or ends, or on its step.

A backtest can *withhold* the last prices of the target at every origin, as if its feed had stopped so many trading days before:
the rows are then forecasts made that long after the last price, with the models and errors of that day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from steel_assets.core.evaluation import EARLIEST, Evaluation, Progress, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import NAIVE, applicable, combination, experts
from steel_assets.core.models.combination import Combination
from steel_assets.core.models.experts import Experts
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.tables import BACKTEST
from steel_assets.core.types import Market

CHAMPION = "champion"
"""Model name of the forecasts that the platform would have issued."""
MOST_WITHHELD = 250
"""Largest number of withheld prices: about a year. A longer gap leaves no meaningful forecast."""


class BacktestError(ValueError):
    """A backtest cannot be run with these arguments; the message says why and what to change."""


def families_of(market: Market) -> list[str]:
    """The model families that can forecast ``market``, simplest first."""
    return list(applicable(market))


def backtest(
    history: MarketHistory,
    start: pd.Timestamp,
    end: pd.Timestamp,
    step: int = 1,
    families: Sequence[str] | None = None,
    progress: Progress | None = None,
    withhold: int = 0,
    evaluated: Callable[[Evaluation], None] | None = None,
) -> pd.DataFrame:
    """Forecasts of every ``step``-th trading day from ``start`` to ``end``, at all horizons of the market.

    A day whose newest price (before withheld ones) is not its own is left out: see ``without_price``.

    Args:
        start, end: first and last origin (midnights without a zone).
        step: trading days from one origin to the next; the first is the first trading day on or after ``start``.
        families: model families; None for all that apply and ``champion``. The last price is always included.
        withhold: how many of the last prices of the target and its curve are hidden at every origin.
        evaluated: called with the walk-forward of each horizon.

    Raises:
        BacktestError: a family is not one of this market's, ``step`` is not positive, ``withhold`` is negative or more than
            ``MOST_WITHHELD``, or no origin lies in between.
    """
    wanted = _wanted(history.market, families)
    positions = priced_positions(history, start, end, step, withhold)
    if len(positions) == 0:
        raise BacktestError(_nothing_between(history, start, end, withhold))
    first, stop = int(positions[0]), int(positions[-1]) + 1
    judged = applicable(history.market)
    if CHAMPION not in wanted:
        needed = set(wanted)
        for family, members in ((Combination.family, combination.MEMBERS), (Experts.family, experts.MEMBERS)):
            needed |= set(members) if family in wanted else set()
        judged = {name: family for name, family in judged.items() if name in needed}
    features = build_features(history)
    blind = history.withheld(withhold)
    blind_features = build_features(blind) if withhold else features
    steps = Steps(len(history.market.horizons) * len(judged), progress)
    tables = []
    for horizon in history.market.horizons:
        samples = build_samples(history, features, horizon)
        learns = withhold > 0 or not {CHAMPION, Combination.family, Experts.family}.isdisjoint(wanted)
        before = max(EARLIEST, first - burn_in(horizon + withhold, judged)) if learns else first
        asked = build_samples(blind, blind_features, horizon).rows(slice(withhold, None)) if withhold else samples
        evaluation = evaluate(history, samples, judged, before, stop, steps, asked if withhold else None, withhold)
        if evaluated is not None:
            evaluated(evaluation)
        for model in wanted:
            forecasts = evaluation.champion(first) if model == CHAMPION else evaluation.answered(model, first)
            tables.append(backtest_rows(history, asked, model, positions, forecasts.iloc[positions - first]))
    return pd.concat(tables, ignore_index=True)


def without_price(history: MarketHistory, start: pd.Timestamp, end: pd.Timestamp, step: int = 1, withhold: int = 0) -> int:
    """The number of days that a backtest with these arguments leaves out, because their newest price is older."""
    positions = _between(history, start, end, step, withhold)
    return int((~_priced(history)[positions]).sum())


def backtest_rows(
    history: MarketHistory, samples: Samples, model: str, positions: np.ndarray, forecasts: pd.DataFrame
) -> pd.DataFrame:
    """Rows of ``tables.BACKTEST`` for the rows of ``samples`` at ``positions``, whose ``forecasts`` stand in the same order."""
    target_dates = samples.target_dates[positions]
    frame = pd.DataFrame(
        {
            "market": history.market.id,
            "model": model,
            "origin": samples.origins[positions],
            "target_date": target_dates,
            "h": samples.horizon,
            "age": samples.ages[positions],
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


def priced_positions(history: MarketHistory, start: pd.Timestamp, end: pd.Timestamp, step: int, withhold: int) -> np.ndarray:
    """Positions of the days whose price is the last one known at the wanted origins, which lie ``withhold`` days later.

    Raises:
        BacktestError: ``step`` is not positive, or ``withhold`` is negative or more than ``MOST_WITHHELD``.
    """
    if step < 1:
        raise BacktestError(f"step {step}: origins must be at least one trading day apart")
    if not 0 <= withhold <= MOST_WITHHELD:
        raise BacktestError(f"withhold {withhold}: between 0 and {MOST_WITHHELD} prices can be withheld")
    positions = _between(history, start, end, step, withhold)
    return positions[_priced(history)[positions]]


def _between(history: MarketHistory, start: pd.Timestamp, end: pd.Timestamp, step: int, withhold: int) -> np.ndarray:
    origins = history.origins
    first, stop = int(origins.searchsorted(start.normalize())), int(origins.searchsorted(end.normalize(), side="right"))
    positions = np.arange(first, stop, step) - withhold
    return positions[positions >= EARLIEST]


def _priced(history: MarketHistory) -> np.ndarray:
    """For each origin, whether it knows a price of its own day."""
    return (history.price_ages == 0) & np.isfinite(history.last.to_numpy())


def _nothing_between(history: MarketHistory, start: pd.Timestamp, end: pd.Timestamp, withhold: int) -> str:
    origins = history.origins
    where = np.flatnonzero(_priced(history))
    where = where[(where >= EARLIEST) & (where + withhold < len(origins))] + withhold
    possible = (
        f"that is possible from {origins[where[0]]:%Y-%m-%d} to {origins[where[-1]]:%Y-%m-%d}" if len(where) else "none can"
    )
    return f"market {history.market.id}: no trading day between {start:%Y-%m-%d} and {end:%Y-%m-%d} can be forecast; {possible}"
