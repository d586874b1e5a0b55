"""The interface of model families."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.samples import Samples
from steel_assets.core.types import Market

Cadence = Literal["week", "month", "quarter", "half_year", "year"]
"""How often a family is fitted again: at the first origin of each such period of the calendar."""


class ModelError(ValueError):
    """A model cannot be read or used; the message says why and what to do."""


class Model(Protocol):
    """One family of forecasts, fitted for one horizon of one market.

    Attributes:
        family: its name in tables, files and commands.
        complexity: families are compared in this order; one must beat every simpler one to be selected.
        significance: largest p-value of its advantage over the last price at which it may replace that; smaller for families that
            are fitted to the past than for those with only an economic rationale.
        refit_every: how often a walk-forward fits it again.
    """

    family: ClassVar[str]
    complexity: ClassVar[int]
    significance: ClassVar[float]
    refit_every: ClassVar[Cadence]

    @classmethod
    def applies(cls, market: Market) -> bool:
        """Whether the family can forecast ``market``."""

    def fit(self, samples: Samples) -> Self:
        """Learn from the labelled rows of ``samples``; return this model. With too few rows it forecasts the base price."""

    def predict(self, samples: Samples) -> pd.DataFrame:
        """One row per row of ``samples``: the point forecast ``p`` and the quantiles ``types.QUANTILE_COLUMNS``.

        All in the target's unit, positive and ascending; each row depends on its own row of ``samples`` only.
        """

    def today(self, history: MarketHistory, samples: Samples) -> Self:
        """This model at the newest origin of ``history``: itself, unless it learns from prices between its fits.

        Args:
            samples: all origins of ``history`` at the model's horizon, without labels.
        """

    def explain(self, samples: Samples) -> pd.DataFrame:
        """One row per row of ``samples``, one column per driver: the log move away from the last price due to each.

        The columns of a row add up to log(p / last). Drivers are series, words such as ``forward_curve`` or ``own_price``, and
        ``caution`` for what limits subtracted; the columns depend on the model, not on the rows. A model that forecasts the last
        price has none.
        """

    def to_bytes(self) -> bytes:
        """The fitted model as bytes, which ``from_bytes`` reads without executing any of them."""

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The model that ``to_bytes`` wrote.

        Raises:
            ModelError: ``content`` is not one.
        """


@runtime_checkable
class Incremental(Protocol):
    """A model that can continue learning, which costs less than a new fit."""

    def learn(self, samples: Samples) -> Self:
        """Learn from those labelled rows of ``samples`` that were not used yet, and return this model."""


@runtime_checkable
class Resumable(Incremental, Protocol):
    """One whose learning can be kept and continued later, with identical results."""

    def progress(self) -> bytes:
        """Everything it has learned, as bytes that ``resumed`` reads without executing any of them; more than ``to_bytes``."""

    @classmethod
    def resumed(cls, content: bytes) -> Self:
        """The model whose ``progress`` returned ``content``.

        Raises:
            ModelError: ``content`` is not of one.
        """


@runtime_checkable
class DeclaredFamily(Protocol):
    """A family with settings in a market's declaration: a budget, a number of features."""

    @classmethod
    def declared(cls, market: Market) -> Model:
        """An unfitted model with the settings of ``market``."""


@runtime_checkable
class PinnedFeatures(Protocol):
    """A model with features of its own that no other model computes; its bundle's manifest lists them."""

    @property
    def pinned(self) -> tuple[str, ...]:
        """The names of these features."""


def unfitted(family: type[Model], market: Market) -> Model:
    """An unfitted model of ``family`` for ``market``."""
    return family.declared(market) if issubclass(family, DeclaredFamily) else family()
