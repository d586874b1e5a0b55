"""The costs between a price abroad and a delivered tonne, as the catalogue declares them; without numpy."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from steel_assets.core.types import Declaration, Identifier

PERCENT = "percent"


class Term(Declaration):
    """One cost of delivery.

    Attributes:
        amount: in ``unit``.
        unit: ``percent`` (of everything before it in the list), or money per tonne in the currency of the market or of the place:
            ``USD/t``, ``MXN/t``.
        date: the day of the figure.
        source: where it is from: a quotation, a tariff, a contract.
    """

    id: Identifier
    name: str = Field(min_length=1)
    name_es: str = ""
    amount: float = Field(allow_inf_nan=False, ge=-1_000_000, le=1_000_000)
    unit: str = Field(pattern=r"^(percent|[A-Z]{3}/t)$")
    date: date
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _a_share_is_one(self) -> Self:
        if self.unit == PERCENT and not -100 < self.amount <= 200:
            raise ValueError(f"{self.amount:g} percent: a share lies above -100 and at most at 200")
        return self


class Parity(Declaration):
    """The costs from a market's price to a tonne delivered at ``place``.

    Attributes:
        market: its price is the first line, free on board.
        rate: the exchange-rate series between the market's currency and that of the place.
        terms: in the order in which they are added.
        domestic: the series of the domestic price to compare with, in the currency of the place.
        example: True while the figures are only an example to be edited; every answer then says so.
    """

    id: Identifier
    name: str = Field(min_length=1)
    name_es: str = ""
    place: str = Field(min_length=1)
    market: Identifier
    rate: Identifier
    terms: tuple[Term, ...] = Field(min_length=1)
    domestic: Identifier | None = None
    example: bool = False

    @model_validator(mode="after")
    def _each_term_once(self) -> Self:
        ids = [term.id for term in self.terms]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"terms name {', '.join(twice)} twice")
        return self
