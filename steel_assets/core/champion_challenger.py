"""Compares challenger and champion on the same dates: is the difference significant, and has the champion failed lately?

A lower mean error alone promotes a worse challenger in a fifth to nearly half of all cases; a paired test in a few per cent. So a
challenger of another family must win the test of Diebold and Mariano (``paired_test.diebold_mariano``), unless the champion was
lately worse than the last price: then any challenger that is no worse than the last price may replace it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from steel_assets.core import paired_test, selection
from steel_assets.core.models import NAIVE
from steel_assets.core.periods import ahead, counted
from steel_assets.core.types import MarketFrequency

SIGNIFICANCE = 0.05
"""Largest p-value at which a challenger has won."""


@dataclass(frozen=True)
class ChallengerTest:
    """The comparison of two families at one horizon.

    Attributes:
        days: on which both were scored.
        p_value: probability of the challenger's advantage if the two were equal; 1 without an advantage or with too few days.
        champion_lately: the champion's error divided by the last price's, recent weeks weighing most.
        failing: whether that is significantly above one, or the champion was worse than the last price over all days.
        frequency: of the market, whose weeks or months are compared instead of days.
    """

    days: int
    p_value: float
    champion_lately: float
    failing: bool
    frequency: MarketFrequency = "daily"

    @property
    def won(self) -> bool:
        """Whether the challenger was significantly better on enough days."""
        return self.days >= paired_test.FEWEST_PERIODS[self.frequency] and self.p_value < SIGNIFICANCE

    def __str__(self) -> str:
        if self.failing:
            return f"the champion's error was lately {self.champion_lately:.3f} times the last price's"
        return f"Diebold-Mariano p = {self.p_value:.3f} over {counted(self.days, self.frequency)}, below {SIGNIFICANCE} wanted"


def challenger_test(
    rows: pd.DataFrame, challenger: str, champion: str, horizon: int, frequency: MarketFrequency = "daily"
) -> ChallengerTest:
    """Compare two families on the days on which both, the last price and the real price are there.

    Args:
        rows: ``tables.BACKTEST`` of one market, the last price among its models.
        frequency: of that market.

    Raises:
        ValueError: a family has no rows.
    """
    wanted = list(dict.fromkeys((challenger, champion, NAIVE)))
    mine = rows[(rows["h"] == horizon) & rows["model"].isin(wanted) & rows["y"].notna()]
    losses = (mine["p"] - mine["y"]).abs() / mine["last"]
    table = losses.groupby([mine["origin"], mine["model"]]).first().unstack().dropna()
    missing = [name for name in wanted if name not in table]
    if missing:
        raise ValueError(f"nothing to compare: {', '.join(missing)} was not walked forward {ahead(horizon, frequency)}")
    theirs, ours, naive = (table[name].to_numpy() for name in (champion, challenger, NAIVE))
    lately = selection.fading_ratio(theirs, naive, selection.ALARM_HALF_LIFE[frequency])
    failing = lately >= 1 + selection.ALARM_PER_DAY * (horizon - 1) or theirs.mean() > naive.mean()
    return ChallengerTest(
        days=len(table),
        p_value=paired_test.diebold_mariano(ours - theirs, horizon),
        champion_lately=lately,
        failing=bool(champion != NAIVE and len(table) and failing),
        frequency=frequency,
    )
