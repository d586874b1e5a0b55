"""What every model family promises."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market

Cadence = Literal["week", "month", "quarter", "half_year", "year"]
"""How often a family is fitted anew: at the first origin of each such period of the calendar."""


class ModelError(ValueError):
    """A model cannot be read or used; the message says why and what to do."""


class Model(Protocol):
    """One family of forecasts, fitted for one horizon of one market.

    Attributes:
        family: its name in tables, files and commands.
        complexity: families are tried in this order; one must beat every simpler one to be chosen.
        significance: largest p-value of its advantage over the last price at which it may replace that: stricter for
            families that have fitted themselves to the past than for those that have an economic reason only.
        refit_every: how often a walk-forward fits it anew.
    """

    family: ClassVar[str]
    complexity: ClassVar[int]
    significance: ClassVar[float]
    refit_every: ClassVar[Cadence]

    @classmethod
    def applies(cls, market: Market) -> bool:
        """True when the family makes sense for ``market``."""

    def fit(self, samples: Samples) -> Self:
        """This model, having learned from the labelled rows of ``samples``. Few rows, or none, raise no error."""

    def predict(self, samples: Samples) -> pd.DataFrame:
        """One row per row of ``samples``: the point forecast ``p`` and the quantiles ``types.QUANTILE_COLUMNS``.

        All in the target's unit, positive and in order; each row depends on its own row of ``samples`` only.
        """

    def today(self, history: MarketHistory, samples: Samples) -> Self:
        """This model as it stands at the newest origin of ``history``: itself, unless it learns from prices between its fits.

        Args:
            samples: all origins of ``history`` at the model's horizon, without labels.
        """

    def explain(self, samples: Samples) -> pd.DataFrame:
        """One row per row of ``samples``, one column per driver: the log move away from the last price that each accounts for.

        The columns of a row add up to log(p / last). Drivers are series, words such as ``forward_curve`` or ``own_price``,
        and ``caution`` for what limits took back; their choice depends on the model, never on the rows. A model that
        forecasts the last price has none.
        """

    def to_bytes(self) -> bytes:
        """The fitted model as bytes that ``from_bytes`` reads without running anything they contain."""

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The model that ``to_bytes`` wrote. Raises ModelError."""


@runtime_checkable
class Incremental(Protocol):
    """A model that can go on learning where it left off, which costs less than a new fit."""

    def learn(self, samples: Samples) -> Self:
        """This model, having learned from the labelled rows of ``samples`` that it has not learned from yet."""


@runtime_checkable
class DeclaredFamily(Protocol):
    """A family that a market's declaration says something to: a budget, a number of features."""

    @classmethod
    def declared(cls, market: Market) -> Model:
        """An unfitted model as ``market`` declares it."""


@runtime_checkable
class PinnedFeatures(Protocol):
    """A model that asks features which nobody else computes; its bundle's manifest names them."""

    @property
    def pinned(self) -> tuple[str, ...]:
        """Their names."""


def unfitted(family: type[Model], market: Market) -> Model:
    """A model of ``family`` for ``market`` that has learned nothing yet."""
    return family.declared(market) if issubclass(family, DeclaredFamily) else family()
