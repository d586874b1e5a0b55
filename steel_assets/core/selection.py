"""Which family a market's forecast should come from, judged by past out-of-sample errors alone.

The last price is the answer until another family has shown, on enough days, that it is better: by a margin, lately as well
as over the whole window, and by more than luck would explain (``paired_test.diebold_mariano``). Families are tried
from the simplest to the most complex; a more complex one must beat the one that stands by a margin of its own. A family that
has just been worse than the last price for some weeks is left at once, whatever its merits over the years.

Where expert advice is judged too, the families it listens to are not chosen themselves: what they know is in it, and shrunk
it cannot go as wrong as they can. Chosen by their record, they cost up to 1.05 of the last price's error in a calendar year at
21 and 63 days, and followed a forward curve that was wrong for two years.

The model over all markets (``pooled``) is for markets that are young: with two years of scored days of its own, a market's own
families know more, and on the real markets the champion was no better for having it to choose from.

The constants were chosen on the markets of ../shared/data up to 2023 and on the same markets with every family's forecasts
mirrored around the last price from some day on: what counts there is how soon a family that went wrong is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from steel_assets.core.models import NAIVE, combination, experts, model_families, pooled
from steel_assets.core.paired_test import diebold_mariano, fewest
from steel_assets.core.periods import UNITS
from steel_assets.core.types import MarketFrequency

WINDOW = 750
"""Newest scored origins that are judged: about three years."""
MARGIN = 0.005
"""Share of the loss by which a family must be better than the last price, and than the simpler family it replaces."""
RECENT_HALF_LIFE: dict[MarketFrequency, int] = {"daily": 125, "weekly": 52, "monthly": 24}
RECENT_MARGIN = 0.01
"""By how much it must be better lately, days weighted by half every half year. Fewer weeks, or months, would be luck alone."""
YOUNG = 500
"""Scored days from which on the model over all markets is not chosen any more: about two years."""
ALARM_HALF_LIFE: dict[MarketFrequency, int] = {"daily": 40, "weekly": 26, "monthly": 12}
ALARM_PER_DAY = 0.02
"""By how much it may be worse these weeks, per day of horizon beyond the first: the longer it is, the more of that is luck."""


@dataclass(frozen=True)
class FamilyTest:
    """One family against the last price on the same days.

    Attributes:
        family: which.
        n: days compared.
        loss: its mean absolute error as a share of the last price.
        ratio: that over the last price's.
        recent_ratio: the same with recent days weighing most.
        alarm_ratio: the same with these weeks weighing most.
        p_value: probability of so good a result if it were no better (1 where it cannot be told).
        proven: True when it may replace the last price.
    """

    family: str
    n: int
    loss: float
    ratio: float
    recent_ratio: float
    alarm_ratio: float
    p_value: float
    proven: bool


@dataclass(frozen=True)
class Choice:
    """The family chosen, and what was known of all of them.

    Attributes:
        instead_of: the family that looked best, where the champion in production was kept all the same.
        experiment: the experiment that the family won, where it is proposed because of that.
        frequency: of the market.
    """

    family: str
    horizon: int
    evidence: Mapping[str, FamilyTest]
    instead_of: str | None = None
    experiment: str | None = None
    frequency: MarketFrequency = "daily"

    def defended(self, champion: str) -> Choice:
        """``champion`` stays: what was chosen here is not better than it beyond luck."""
        return replace(self, family=champion, instead_of=self.family)

    def offered(self, family: str, experiment: str) -> Choice:
        """``family``, which won ``experiment`` and beats the champion over the past too, is proposed."""
        return replace(self, family=family, instead_of=None, experiment=experiment)

    @property
    def reason(self) -> str:
        """In words, for a ledger."""
        if self.experiment is not None:
            return f"{self.family}: it won experiment {self.experiment}, and was better than the champion beyond luck before too"
        if self.instead_of is not None:
            return f"{self.family}: the champion stays, {self.instead_of} is not better beyond luck"
        mine, units = self.evidence[self.family], UNITS[self.frequency][1]
        if self.family != NAIVE:
            return (
                f"{self.family}: error {mine.ratio:.3f} of the last price's over {mine.n} {units} "
                f"(Diebold-Mariano p = {mine.p_value:.4f})"
            )
        least = fewest(self.horizon, self.frequency)
        if mine.n < least:
            return f"last price: {mine.n} scored {units}, {least} are needed to judge others by"
        return f"last price: over {mine.n} {units} no family was better beyond luck"


def choose(losses: Mapping[str, np.ndarray], horizon: int, frequency: MarketFrequency = "daily") -> Choice:
    """The family to forecast with.

    Args:
        losses: per family, simplest first and ``naive`` among them, the absolute errors of the window as shares of the last
            price, in order of origin, on the same days.
        horizon: trading days between origin and target: that many neighbouring errors overlap.
        frequency: of the market, whose weeks or months count instead of days.
    """
    naive = losses[NAIVE]
    evidence = {family: _weigh(family, loss, naive, horizon, frequency) for family, loss in losses.items()}
    spoken_for = {*experts.MEMBERS, combination.Combination.family} if experts.Experts.family in losses else set()
    if len(naive) >= YOUNG:
        spoken_for = spoken_for | {pooled.Pooled.family}
    best = NAIVE
    for family, test in evidence.items():
        if family not in spoken_for and test.proven and test.loss < (1 - MARGIN) * evidence[best].loss:
            best = family
    return Choice(best, horizon, evidence, frequency=frequency)


def _weigh(family: str, loss: np.ndarray, naive: np.ndarray, horizon: int, frequency: MarketFrequency) -> FamilyTest:
    n = len(loss)
    if n == 0 or not naive.mean() > 0:
        return FamilyTest(family, n, float(loss.mean()) if n else np.nan, np.nan, np.nan, np.nan, 1.0, proven=False)
    ratio = float(loss.mean() / naive.mean())
    recent, alarm = (fading_ratio(loss, naive, memory[frequency]) for memory in (RECENT_HALF_LIFE, ALARM_HALF_LIFE))
    p_value = diebold_mariano(loss - naive, horizon)
    proven = (
        n >= fewest(horizon, frequency)
        and ratio < 1 - MARGIN
        and recent < 1 - RECENT_MARGIN
        and alarm < 1 + ALARM_PER_DAY * (horizon - 1)
        and p_value < model_families()[family].significance
    )
    return FamilyTest(family, n, float(loss.mean()), ratio, recent, alarm, p_value, proven)


def fading_ratio(loss: np.ndarray, naive: np.ndarray, half_life: int) -> float:
    """Weighted loss over that of the last price; a day counts half as much as one ``half_life`` days newer."""
    weights = 0.5 ** (np.arange(len(loss))[::-1] / half_life)
    return float((weights * loss).sum() / max((weights * naive).sum(), np.finfo(float).tiny))
