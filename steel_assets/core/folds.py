"""Walk-forward validation: fit on what was known, and forecast with that model until the next fit.

Fits happen at the first origin of each week, month, … of the calendar. So which model forecasts a day depends only on the
calendar, not on where an evaluation starts or ends, or on its step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model
from steel_assets.core.models._protocol import Cadence, Incremental, unfitted
from steel_assets.core.samples import Samples


@dataclass(frozen=True)
class Fold:
    """Fit at the moment of origin number ``fitted_at``; forecast origins ``start`` to ``stop - 1``."""

    fitted_at: int
    start: int
    stop: int


def folds(origins: pd.DatetimeIndex, cadence: Cadence, start: int, stop: int) -> list[Fold]:
    """The folds that forecast origins ``start`` to ``stop - 1``, in order.

    Args:
        origins: all origins of a history. Each fold is fitted at the first of them in its period of the calendar, which
            may lie before ``start``.
    """
    period = _calendar_periods(origins, cadence)
    firsts = np.flatnonzero(np.concatenate([[True], period[1:] != period[:-1]]))
    ends = np.append(firsts[1:], len(origins))
    return [
        Fold(int(first), max(int(first), start), min(int(end), stop))
        for first, end in zip(firsts, ends, strict=True)
        if first < stop and end > start
    ]


def walk_forward(
    history: MarketHistory, samples: Samples, family: type[Model], start: int, stop: int, asked: Samples | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The forecasts of ``family`` at origins ``start`` to ``stop - 1``: ``p`` and quantiles, one row each.

    A family that keeps learning does so from the first origin of the history, wherever the forecasts start.

    Args:
        samples: all origins of ``history`` at one horizon (``samples.build_samples``).
        asked: at least as many rows, to be forecast besides those of ``samples`` by the model of the same row.

    Returns:
        The forecasts of ``samples`` and those of ``asked`` (the same frame if ``asked`` is None).
    """
    forecasts, others = [], []
    model = unfitted(family, history.market)
    incremental = isinstance(model, Incremental)
    for fold in folds(history.origins, family.refit_every, 0 if incremental else start, stop):
        past = past_of(history, samples, fold.fitted_at)
        model = model.learn(past) if isinstance(model, Incremental) else unfitted(family, history.market).fit(past)
        rows = slice(max(fold.start, start), fold.stop)
        if rows.start >= rows.stop:
            continue
        forecasts.append(model.predict(samples.rows(rows)))
        if asked is not None:
            others.append(model.predict(asked.rows(rows)))
    made = pd.concat(forecasts, ignore_index=True)
    return made, made if asked is None else pd.concat(others, ignore_index=True)


def past_of(history: MarketHistory, samples: Samples, at: int) -> Samples:
    """The rows of ``samples`` up to origin number ``at``, with the labels known at its moment: what a fit learns from."""
    known, moment = slice(0, at + 1), history.moments[at]
    return samples.rows(known).with_labels(history.prices_at(samples.target_dates[known], moment), moment)


def _calendar_periods(origins: pd.DatetimeIndex, cadence: Cadence) -> np.ndarray:
    if cadence == "week":
        return origins.to_period("W-SUN").asi8
    months = origins.year.to_numpy() * 12 + origins.month.to_numpy() - 1
    return months // {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[cadence]
