"""Every family's past forecasts of one market and horizon, and the champion's: what the platform would have issued.

The champion is chosen anew each week from errors known by then, and its quantiles come from the chosen family's own errors
known by then: the selection lies inside the walk-forward, so its score is one that could have been had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core import calibration, intervals, selection
from steel_assets.core.calibration import Track
from steel_assets.core.folds import folds, walk_forward
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model, combination
from steel_assets.core.models.combination import Combination
from steel_assets.core.samples import Samples

EARLIEST = 20
"""Origins at the start of a history that are never forecast: no volatility has been measured yet."""

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what was done last."""


class Steps:
    """Counts the steps of a long work for whoever watches it."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self.done = 0
        self.progress = progress

    def finished(self, what: str) -> None:
        """One more step is done."""
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, what)


def burn_in(horizon: int) -> int:
    """Origins before the first one of interest that must be forecast too, so that its champion can be chosen and calibrated.

    The errors it is judged by are partly a combination's, which was weighed by errors before those.
    """
    return max(calibration.WINDOW, selection.WINDOW) + combination.WINDOW + 2 * (horizon + calibration.LONGEST_WEEK)


@dataclass(frozen=True)
class Verdict:
    """The family to forecast with at some moment, why, and its scaled error quantiles."""

    choice: selection.Choice
    levels: np.ndarray

    @property
    def family(self) -> str:
        return self.choice.family


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Forecasts of all families at one horizon, for origins number ``start`` to ``stop - 1`` of a history.

    Attributes:
        samples: all origins of the history, without labels.
        forecasts: per family, simplest first: ``p`` and quantiles; row 0 is origin number ``start``.
    """

    history: MarketHistory
    samples: Samples
    start: int
    stop: int
    forecasts: Mapping[str, pd.DataFrame]

    def verdict(self, at: int) -> Verdict:
        """What can be concluded at the moment of origin number ``at``, from prices known by then."""
        rows, y = calibration.scored(self.history, self.samples, self.start, at)
        last = self.samples.last[rows]
        judged = rows > at - self.samples.horizon - selection.WINDOW
        points = {family: frame["p"].to_numpy()[rows - self.start] for family, frame in self.forecasts.items()}
        losses = {family: (np.abs(p - y) / last)[judged] for family, p in points.items()}
        choice = selection.choose(losses, self.samples.horizon)
        errors = intervals.scaled_errors(y, points[choice.family], self.samples.volatility[rows])
        return Verdict(choice, intervals.error_quantiles(errors, self.samples.horizon))

    def weights(self, at: int) -> dict[str, float]:
        """How the members of a combination weigh at the moment of origin number ``at``, from prices known by then."""
        rows, y = calibration.scored(self.history, self.samples, self.start, at)
        newest = rows > at - self.samples.horizon - combination.WINDOW
        rows, y = rows[newest], y[newest]
        if len(rows) < EARLIEST + self.samples.horizon:
            return {}
        points = {family: frame["p"].to_numpy()[rows - self.start] for family, frame in self.forecasts.items()}
        return combination.learned_weights({family: np.abs(p - y) / self.samples.last[rows] for family, p in points.items()})

    def combined(self) -> pd.DataFrame:
        """What the combination of the families would have forecast: ``p`` and quantiles, weighed anew each week."""
        points = self.samples.last[self.start : self.stop].copy()
        levels = []
        for fold in folds(self.history.origins, Combination.refit_every, self.start, self.stop):
            rows, y = calibration.scored(self.history, self.samples, self.start, fold.fitted_at)
            errors = intervals.scaled_errors(y, points[rows - self.start], self.samples.volatility[rows])
            levels.append(np.tile(intervals.error_quantiles(errors, self.samples.horizon), (fold.stop - fold.start, 1)))
            here = slice(fold.start - self.start, fold.stop - self.start)
            forecasts = {family: frame["p"].to_numpy()[here] for family, frame in self.forecasts.items()}
            points[here] = combination.blend(forecasts, self.weights(fold.fitted_at), points[here])
        return intervals.distribution(points, self.samples.volatility[self.start : self.stop], np.concatenate(levels))

    def unfitted(self, family: type[Model], at: int) -> Model:
        """A model of ``family`` to be fitted at origin number ``at``, told what only past forecasts say."""
        return Combination(self.weights(at)) if family is Combination else family()

    def track(self, family: str) -> Track:
        """Everything ``family`` forecast, as far back as a calibration can need."""
        origins = self.samples.origins[self.start : self.stop]
        return Track(origins, self.forecasts[family]["p"].to_numpy()).newest(self.samples.horizon)

    def champion(self, start: int) -> pd.DataFrame:
        """What the platform would have issued at origins number ``start`` to ``stop - 1``: ``p`` and quantiles."""
        issued = []
        for fold in folds(self.history.origins, calibration.EVERY, start, self.stop):
            verdict = self.verdict(fold.fitted_at)
            points = self.forecasts[verdict.family]["p"].to_numpy()[fold.start - self.start : fold.stop - self.start]
            issued.append(intervals.distribution(points, self.samples.volatility[fold.start : fold.stop], verdict.levels))
        return pd.concat(issued, ignore_index=True)


def evaluate(
    history: MarketHistory,
    samples: Samples,
    families: Mapping[str, type[Model]],
    start: int,
    stop: int,
    steps: Steps,
) -> Evaluation:
    """Walk every family forward over origins number ``start`` to ``stop - 1``: one of ``steps`` each.

    Args:
        families: simplest first, the last price among them.
    """
    forecasts = {}
    for name, family in families.items():
        if family is not Combination:
            forecasts[name] = walk_forward(history, samples, family, start, stop)
            steps.finished(f"{name}, {samples.horizon} days ahead")
    if Combination in families.values():
        forecasts[Combination.family] = Evaluation(history, samples, start, stop, forecasts).combined()
        steps.finished(f"{Combination.family}, {samples.horizon} days ahead")
    return Evaluation(history, samples, start, stop, {name: forecasts[name] for name in families})
