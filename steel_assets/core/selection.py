"""Selects the family for a market's forecast, by past out-of-sample errors only.

The last price is selected unless another family was better on enough days: by a margin, recently as well as over the whole
window, and significantly (``paired_test.diebold_mariano``). Families are compared from the simplest to the most complex; a more
complex one must beat the selected one by a further margin. A family that was worse than the last price over the last weeks is
dropped at once.

If expert advice is among the families, its members are not selected themselves: it contains their information, and its shrinkage
limits the damage when they fail. Selected by their record, members had up to 1.05 times the last price's error in a calendar year
at 21 and 63 days, and followed a forward curve that was wrong for two years.

The model over all markets (``pooled``) is for young markets: with two years of scored days, a market's own families are better
informed, and on the real markets the champion was no better with it.

The constants were chosen on the markets of ../shared/data up to 2023, and on the same markets with every family's forecasts
mirrored around the last price from some day on, which tests how soon a failing family is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from steel_assets.core.models import NAIVE, combination, experts, model_families, pooled
from steel_assets.core.paired_test import diebold_mariano, fewest
from steel_assets.core.periods import UNITS
from steel_assets.core.types import MarketFrequency

WINDOW = 750
"""Newest scored origins that are used: about three years."""
MARGIN = 0.005
"""Relative margin by which a family must be better than the last price, and than the simpler family it replaces."""
RECENT_HALF_LIFE: dict[MarketFrequency, int] = {"daily": 125, "weekly": 52, "monthly": 24}
RECENT_MARGIN = 0.01
"""Margin in the recent error, with days weighted by half every half year; a shorter time would be mostly chance."""
YOUNG = 500
"""From this number of scored days on, about two years, the model over all markets is not selected."""
ALARM_HALF_LIFE: dict[MarketFrequency, int] = {"daily": 40, "weekly": 26, "monthly": 12}
ALARM_PER_DAY = 0.02
"""By how much a family may be worse in recent weeks, per day of horizon beyond the first, since chance grows with the horizon."""


@dataclass(frozen=True)
class FamilyTest:
    """One family compared with the last price on the same days.

    Attributes:
        family: its name.
        n: days compared.
        loss: its mean absolute error as a share of the last price.
        ratio: that divided by the last price's.
        recent_ratio: the same with recent days weighing most.
        alarm_ratio: the same with the last weeks weighing most.
        p_value: probability of so good a result if it were no better (1 if it cannot be computed).
        proven: whether it may replace the last price.
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
    """The selected family, and the evidence about all.

    Attributes:
        instead_of: the family that looked best, if the champion in production was kept.
        experiment: the experiment that the family won, if it is proposed for that reason.
        frequency: of the market.
    """

    family: str
    horizon: int
    evidence: Mapping[str, FamilyTest]
    instead_of: str | None = None
    experiment: str | None = None
    frequency: MarketFrequency = "daily"

    def defended(self, champion: str) -> Choice:
        """Keep ``champion``: the selected family is not significantly better."""
        return replace(self, family=champion, instead_of=self.family)

    def offered(self, family: str, experiment: str) -> Choice:
        """Propose ``family``, which won ``experiment`` and beats the champion in the past too."""
        return replace(self, family=family, instead_of=None, experiment=experiment)

    @property
    def reason(self) -> str:
        """The reason in words, for the ledger."""
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
    evidence = {family: _weigh(family, loss, losses[NAIVE], horizon, frequency) for family, loss in losses.items()}
    return Choice(chosen(losses, horizon, frequency), horizon, evidence, frequency=frequency)


def chosen(losses: Mapping[str, np.ndarray], horizon: int, frequency: MarketFrequency = "daily") -> str:
    """The family of ``choose``, without the evidence: only what looks better than the best one so far is tested.

    Args:
        losses, horizon, frequency: as in ``choose``.
    """
    naive = losses[NAIVE]
    spoken_for = {*experts.MEMBERS, combination.Combination.family} if experts.Experts.family in losses else set()
    if len(naive) >= YOUNG:
        spoken_for = spoken_for | {pooled.Pooled.family}
    best, least = NAIVE, naive.mean() if len(naive) else np.nan
    for family, loss in losses.items():
        if family in spoken_for or not len(loss) or not loss.mean() < (1 - MARGIN) * least:
            continue
        if _weigh(family, loss, naive, horizon, frequency).proven:
            best, least = family, loss.mean()
    return best


def _weigh(family: str, loss: np.ndarray, naive: np.ndarray, horizon: int, frequency: MarketFrequency) -> FamilyTest:
    n = len(loss)
    if n == 0 or not naive.mean() > 0:
        return FamilyTest(family, n, float(loss.mean()) if n else np.nan, np.nan, np.nan, np.nan, 1.0, proven=False)
    ratio = float(loss.mean() / naive.mean())
    recent, alarm = (fading_ratio(loss, naive, memory[frequency]) for memory in (RECENT_HALF_LIFE, ALARM_HALF_LIFE))
    p_value = diebold_mariano((loss - naive).tolist(), horizon)
    proven = (
        n >= fewest(horizon, frequency)
        and ratio < 1 - MARGIN
        and recent < 1 - RECENT_MARGIN
        and alarm < 1 + ALARM_PER_DAY * (horizon - 1)
        and p_value < model_families()[family].significance
    )
    return FamilyTest(family, n, float(loss.mean()), ratio, recent, alarm, p_value, proven)


def fading_ratio(loss: np.ndarray, naive: np.ndarray, half_life: int) -> float:
    """Weighted loss divided by that of the last price; a day has half the weight of one ``half_life`` days newer."""
    weights = _fading(len(loss), half_life)
    return float((weights * loss).sum() / max((weights * naive).sum(), np.finfo(float).tiny))


@lru_cache(maxsize=1024)
def _fading(days: int, half_life: int) -> np.ndarray:
    """The weight of each of ``days`` in order: the newest one 1. Every family is judged on the same ones."""
    weights = np.asarray(0.5 ** (np.arange(days)[::-1] / half_life))
    weights.setflags(write=False)
    return weights
