"""The models in production, and what was decided about candidates."""

from __future__ import annotations

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET, PROMOTED_AT, VERSION
from steel_assets.serving.shape import Shape


class Switch(Shape):
    """A version came into force."""

    version: str = Field(examples=[VERSION])
    since: str = Field(examples=[PROMOTED_AT])
    action: str = Field(examples=["promoted"])


class Champion(Shape):
    """The model in force for one market and horizon; without a version, the reason why none can be used."""

    market: str = Field(examples=[MARKET])
    horizon: int = Field(examples=[1])
    version: str | None = Field(examples=[VERSION])
    since: str | None = Field(examples=[PROMOTED_AT])
    problem: str | None
    switches: list[Switch]
    family: str | None = Field(examples=["ridge"])


class Decision(Shape):
    """A row of the table ``promotions``: the decision about a candidate, with its reason."""

    decided_at: str = Field(examples=[PROMOTED_AT])
    market: str = Field(examples=[MARKET])
    horizon: int = Field(examples=[1])
    candidate_version: str = Field(examples=[VERSION])
    candidate_family: str = Field(examples=["ridge"])
    champion_version: str | None
    champion_family: str | None
    decision: str = Field(description="promoted, rejected or rolled_back", examples=["promoted"])
    reason: str = Field(examples=["first model here; MAE 3.1, 0.84 times the 3.7 of the last price"])
    candidate_mae: float | None = Field(examples=[3.1])
    champion_mae: float | None
    naive_mae: float | None = Field(description="of the last price on the same dates", examples=[3.7])


class Models(Shape):
    """Champions and the promotion ledger."""

    champions: list[Champion]
    ledger: list[Decision]
