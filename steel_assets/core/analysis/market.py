"""All statements about a market, corrected together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from steel_assets.core.analysis.analogues import analogues
from steel_assets.core.analysis.leads import leads
from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.mean_reversion import percentiles_and_reversion
from steel_assets.core.analysis.season import seasons
from steel_assets.core.analysis.statements import CorrectedStatement, Statement, Unsaid, judged
from steel_assets.core.analysis.trend import breaks, trends
from steel_assets.core.analysis.volatility import states

SPEAKERS: tuple[Callable[[MarketData], Iterator[Statement | Unsaid]], ...] = (
    trends,
    breaks,
    seasons,
    states,
    percentiles_and_reversion,
    leads,
    analogues,
)
"""The functions that make statements, in the order in which these are shown."""


@dataclass(frozen=True)
class Analysis:
    """The statements about a market, and those that cannot be made."""

    statements: list[CorrectedStatement]
    unsaid: list[Unsaid]

    @property
    def findings(self) -> list[CorrectedStatement]:
        """The statements that are significant after correction."""
        return [statement for statement in self.statements if statement.finding]


def analyse(known: MarketData) -> Analysis:
    """Every statement about the market, from ``known`` alone."""
    said = list(chain.from_iterable(speak(known) for speak in SPEAKERS))
    return Analysis(
        judged([statement for statement in said if isinstance(statement, Statement)]),
        [statement for statement in said if isinstance(statement, Unsaid)],
    )
