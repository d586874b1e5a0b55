"""Past forecasts of every family at one market and horizon, and the champion's, as the platform would have issued them.

The champion is selected again each week from errors known by then, and its quantiles come from that family's own errors known by
then. The selection is part of the walk-forward, so the champion's score could have been achieved.

The forecasts need not be those of the origins themselves: *asked* can be the same origins some days later without a new price.
Selection and calibration use the forecasts of the origins; the results are the forecasts of ``asked``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from steel_assets.core import calibration, intervals, kept_folds, selection
from steel_assets.core.calibration import Track
from steel_assets.core.fold_digests import FoldDigests
from steel_assets.core.folds import folds, walk_forward
from steel_assets.core.history import MarketHistory
from steel_assets.core.kept_folds import KeptFolds
from steel_assets.core.models import NAIVE, Model, combination, experts
from steel_assets.core.models._protocol import unfitted
from steel_assets.core.models.combination import Combination
from steel_assets.core.models.experts import Experts, Feedback, MemberForecasts, MemberWeights
from steel_assets.core.periods import ahead
from steel_assets.core.samples import Samples

EARLIEST = 20
"""Origins at the start of a history that are never forecast, because no volatility is known yet."""

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what was done last."""


class Steps:
    """Counts the steps of a long computation, for a progress bar."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self.done = 0
        self.progress = progress

    def finished(self, what: str) -> None:
        """Count one more step as done."""
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, what)


def burn_in(horizon: int, families: Mapping[str, type[Model]]) -> int:
    """Origins before the first one of interest that must be forecast too, so that its champion can be selected and calibrated.

    A combination and expert advice are judged by errors of forecasts that were weighted by still earlier errors: if one of them
    is among ``families``, more origins are needed.
    """
    weighing = {Combination.family: combination.WINDOW, Experts.family: experts.ROUNDS}
    weighed = max((window for family, window in weighing.items() if family in families), default=0)
    return max(calibration.WINDOW, selection.WINDOW) + weighed + 2 * (horizon + calibration.LONGEST_WEEK)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Forecasts of all families at one horizon, for origins number ``start`` to ``stop - 1`` of a history.

    Attributes:
        samples: all origins of the history, without labels.
        forecasts: per family, simplest first: ``p`` and quantiles; row 0 is origin number ``start``.
        asked: what to forecast from the knowledge of each origin; ``samples`` itself unless prices are withheld.
        answers: its forecasts, in the same shape as ``forecasts``.
        withheld: trading days from each origin to the day of ``asked``.
        known: by origin number, the ``calibration.scored`` of ``samples`` at its moment, which several questions ask for.
    """

    history: MarketHistory
    samples: Samples
    start: int
    stop: int
    forecasts: Mapping[str, pd.DataFrame]
    asked: Samples
    answers: Mapping[str, pd.DataFrame]
    withheld: int = 0
    known: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def _points(self) -> dict[str, np.ndarray]:
        """The point forecasts of each family."""
        return {family: frame["p"].to_numpy() for family, frame in self.forecasts.items()}

    @cached_property
    def _answered_points(self) -> dict[str, np.ndarray]:
        """The point forecasts of each family's answers."""
        return {family: frame["p"].to_numpy() for family, frame in self.answers.items()}

    def choice(self, at: int) -> selection.Choice:
        """The selection at the moment of origin number ``at``, from prices known by then."""
        return selection.choose(self._losses(at), self.samples.horizon, self.samples.frequency)

    def _losses(self, at: int) -> dict[str, np.ndarray]:
        """The errors of each family by which the selection judges at the moment of origin number ``at``."""
        rows, y = self._scored(at)
        judged = rows > at - self.samples.horizon - selection.WINDOW
        rows, y = rows[judged], y[judged]
        last = self.samples.last[rows]
        return {family: np.abs(points[rows - self.start] - y) / last for family, points in self._points.items()}

    def _scored(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        """The ``calibration.scored`` of ``samples`` at the moment of origin number ``at``."""
        if at not in self.known:
            self.known[at] = calibration.scored(self.history, self.samples, self.start, at)
        return self.known[at]

    def levels(self, points: np.ndarray, at: int) -> np.ndarray:
        """The scaled error quantiles of answers at the moment of origin number ``at``, from prices known by then.

        Args:
            points: the answers from origin number ``start`` on; those of the newest origins are not used.
        """
        if self.asked is self.samples:
            rows, y = self._scored(at)
        else:
            rows, y = calibration.scored(self.history, self.asked, self.start, at, self.withheld)
        errors = intervals.scaled_errors(y, points[rows - self.start], self.asked.volatility[rows])
        return intervals.error_quantiles(errors, self.samples.horizon + self.withheld, aged=self.withheld > 0)

    def weights(self, at: int) -> dict[str, float]:
        """The weights of a combination's members at the moment of origin number ``at``, from prices known by then."""
        rows, y = self._scored(at)
        newest = rows > at - self.samples.horizon - combination.WINDOW
        rows, y = rows[newest], y[newest]
        if len(rows) < EARLIEST + self.samples.horizon:
            return {}
        last = self.samples.last[rows]
        weighed = {family: points for family, points in self._points.items() if family in {NAIVE, *combination.MEMBERS}}
        return combination.learned_weights(
            {family: np.abs(points[rows - self.start] - y) / last for family, points in weighed.items()}
        )

    def combined(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Forecasts and answers of the combination of families: ``p`` and quantiles, with new weights each week."""
        points = self.samples.last[self.start : self.stop].copy()
        answers = self.asked.last[self.start : self.stop].copy()
        for fold in folds(self.history.origins, Combination.refit_every, self.start, self.stop):
            here = slice(fold.start - self.start, fold.stop - self.start)
            weights = self.weights(fold.fitted_at)
            for blended, made in ((points, self._points), (answers, self._answered_points)):
                members = {family: made[family][here] for family in combination.MEMBERS if family in made}
                blended[here] = combination.blend(members, weights, blended[here])
        return self._with_own_levels(points, answers)

    def advised(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Forecasts and answers of expert advice: ``p`` and quantiles, with new weights at each origin."""
        advice = self.advice(np.arange(self.start, self.stop))
        points, answers = (
            experts.advised(made, advice.names, advice.shares, samples.last[self.start : self.stop])
            for made, samples in ((self._points, self.samples), (self._answered_points, self.asked))
        )
        return self._with_own_levels(points, answers)

    def advice(self, at: np.ndarray) -> MemberWeights:
        """The weight of each member's move at the moments of origins number ``at``, from prices known by then."""
        members = self._member_forecasts()
        feedback = Feedback.of(self.history, self.samples).since(self.start)
        rows = self.samples.rows(slice(self.start, self.stop))
        own = Feedback(feedback.outcome[: len(rows)], feedback.known_at[: len(rows)])
        shares = experts.learned_shares(members.points, own, rows, at - self.start)
        return MemberWeights(self.samples.origins[at], tuple(members.points), shares)

    def weights_by_year(self, start: int) -> pd.DataFrame:
        """The weight of each member's move in expert advice from origin number ``start`` on: the mean of each year.

        Returns:
            Columns ``market``, ``h``, ``year``, ``member`` and ``share``; the last price has the rest to 1.
        """
        advice = self.advice(np.arange(start, self.stop))
        shares = pd.DataFrame(advice.shares, columns=list(advice.names))
        shares["last price"] = 1.0 - shares.sum(axis=1)
        yearly = shares.groupby(advice.days.year.rename("year")).mean().reset_index().melt("year", None, "member", "share")
        return yearly.assign(market=self.history.market.id, h=self.samples.horizon)[["market", "h", "year", "member", "share"]]

    def _member_forecasts(self) -> MemberForecasts:
        points = {name: self._points[name] for name in experts.MEMBERS if name in self._points}
        return MemberForecasts(self.samples.origins[self.start : self.stop], points)

    def _with_own_levels(self, points: np.ndarray, answers: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Forecasts and answers of origins number ``start`` to ``stop - 1`` with the spread of the errors known each week."""
        found = calibration.levels_by_week(self.samples, points, self._scored, self.start, self.start, self.stop)
        wanted = slice(self.start, self.stop)
        return (
            intervals.distribution(points, self.samples.volatility[wanted], found),
            intervals.distribution(answers, self.asked.volatility[wanted], found),
        )

    def unfitted(self, family: type[Model], at: int) -> Model:
        """A model of ``family`` to be fitted at origin number ``at``, given what it needs of past forecasts."""
        if family is Combination:
            return Combination(self.weights(at))
        if family is Experts:
            return Experts(self._member_forecasts().newest(self.samples.horizon), self.advice(np.array([at])))
        return unfitted(family, self.history.market)

    def track(self, family: str) -> Track:
        """All forecasts of ``family``, as far back as a calibration needs."""
        origins = self.samples.origins[self.start : self.stop]
        return Track(origins, self._points[family]).newest(self.samples.horizon)

    def answered(self, family: str, start: int) -> pd.DataFrame:
        """The answers of ``family`` at origins number ``start`` to ``stop - 1``: ``p`` and quantiles.

        A model's own quantiles are for origins with a price of their day; if prices are withheld, they come from its past answers
        instead.
        """
        if not self.withheld:
            return self.answers[family].iloc[start - self.start :]
        points = self._answered_points[family]
        every = folds(self.history.origins, calibration.EVERY, start, self.stop)
        levels = [np.tile(self.levels(points, fold.fitted_at), (fold.stop - fold.start, 1)) for fold in every]
        wanted = slice(start - self.start, None)
        return intervals.distribution(points[wanted], self.asked.volatility[start : self.stop], np.concatenate(levels))

    def champion(self, start: int) -> pd.DataFrame:
        """The answers of the selected families at origins number ``start`` to ``stop - 1``: ``p`` and quantiles."""
        issued = []
        for fold in folds(self.history.origins, calibration.EVERY, start, self.stop):
            at = fold.fitted_at
            points = self._answered_points[selection.chosen(self._losses(at), self.samples.horizon, self.samples.frequency)]
            here, levels = points[fold.start - self.start : fold.stop - self.start], self.levels(points, at)
            issued.append(intervals.distribution(here, self.asked.volatility[fold.start : fold.stop], levels))
        return pd.concat(issued, ignore_index=True)


def evaluate(
    history: MarketHistory,
    samples: Samples,
    families: Mapping[str, type[Model]],
    start: int,
    stop: int,
    steps: Steps,
    asked: Samples | None = None,
    withheld: int = 0,
    kept: KeptFolds | None = None,
) -> Evaluation:
    """Walk every family forward over origins number ``start`` to ``stop - 1``, one of ``steps`` each.

    Args:
        families: simplest first, the last price among them.
        asked: what to forecast from the knowledge of each origin; None for the origin itself.
        withheld: trading days from each origin to the day of ``asked``.
        kept: folds that need not be computed again, where nothing is ``asked``; those used are added to it.
    """
    digests = FoldDigests(history, samples, kept.code) if kept is not None and asked is None else None
    made: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    known: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def so_far(names: Iterable[str]) -> Evaluation:
        forecasts, answers = ({name: made[name][which] for name in names} for which in (0, 1))
        return Evaluation(history, samples, start, stop, forecasts, samples if asked is None else asked, answers, withheld, known)

    for name, family in families.items():
        if family not in (Combination, Experts):
            if kept is not None and digests is not None and kept_folds.keepable(family):
                walked = kept_folds.walk_forward(history, samples, family, start, stop, kept, digests)
                made[name] = walked, walked
            else:
                made[name] = walk_forward(history, samples, family, start, stop, asked)
            steps.finished(f"{name}, {ahead(samples.horizon, samples.frequency)}")
    if Combination in families.values():
        made[Combination.family] = so_far(made).combined()
        steps.finished(f"{Combination.family}, {ahead(samples.horizon, samples.frequency)}")
    if Experts in families.values():
        made[Experts.family] = so_far(made).advised()
        steps.finished(f"{Experts.family}, {ahead(samples.horizon, samples.frequency)}")
    return so_far(families)
