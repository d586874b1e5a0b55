"""The declaration of an experiment: a model family that forecasts without being published, and what it must prove."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from steel_assets.core.types import Declaration, Identifier

Metric = Literal["pinball", "absolute_error"]
"""What is compared: the mean pinball loss of the seven quantiles, or the absolute error of the point forecast."""

State = Literal["collecting", "won", "harmful", "inconclusive", "stopped"]
"""The state of an experiment. ``stopped`` is set by a person and can be undone; the last three besides it are final."""

FINAL: frozenset[str] = frozenset({"won", "harmful", "inconclusive"})
"""States that do not change any more."""


def _day(value: object) -> object:
    if isinstance(value, date) and type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    raise ValueError(f"{value!r} is not a day; write it as 2026-12-01")


class Experiment(Declaration):
    """A variant compared with the champions of ``markets`` at ``horizons``.

    Attributes:
        family: the model family that forecasts; a user's plugin brings its own features and settings.
        metric: the loss that is compared, as a share of the last price.
        start: the first day of issue.
        planned_days: calendar days after which an experiment without a verdict is inconclusive.
        level: probability that a variant that is no better is ever called better, or one that is no worse harmful, together.
        keys_share: share of the API keys (0-1) that get the variant's forecasts while it collects evidence; 0 by default.
    """

    id: Identifier
    name: str = Field(min_length=1)
    family: Identifier
    markets: tuple[Identifier, ...] = Field(min_length=1)
    horizons: tuple[Annotated[int, Field(ge=1, le=250)], ...] = Field(min_length=1)
    metric: Metric = "pinball"
    start: Annotated[date, BeforeValidator(_day)]
    planned_days: int = Field(ge=30, le=1500)
    level: float = Field(default=0.05, gt=0, le=0.2)
    keys_share: float = Field(default=0.0, ge=0, le=0.5)

    @field_validator("markets", "horizons")
    @classmethod
    def _named_once(cls, named: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(named)) != len(named):
            raise ValueError("one is named twice; name each once")
        return named

    @property
    def end(self) -> date:
        """The first day after the experiment."""
        return self.start + timedelta(days=self.planned_days)

    @property
    def threshold(self) -> float:
        """The evidence in one direction at which the experiment is decided."""
        return 2.0 / self.level
