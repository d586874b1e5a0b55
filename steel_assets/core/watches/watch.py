"""A price watch as declared and stored, and its validation.

A watch contains no text from its owner; messages are made from its figures only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from steel_assets.core.alerts.rules import Hours
from steel_assets.core.chance import Side
from steel_assets.core.iso_day import Day
from steel_assets.core.problem import Problem
from steel_assets.core.types import Declaration, Identifier

WatchKind = Literal["level", "move", "odds", "margin"]
ID = r"[0-9a-f]{12}"
OWNER = r"[0-9a-z]{5,32}"
HIGHEST = 100_000_000.0
"""Limit of prices and margins."""

PERIOD = r"20[0-9]{2}-(0[1-9]|1[0-2]|Q[1-4])"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
QUIET = re.compile(rf"({CLOCK})-({CLOCK})")

NEEDS: Mapping[WatchKind, str] = {
    "level": "a price: above or below",
    "move": "nothing but its market",
    "odds": "a price (above or below), a day or a period (by, on or average) and a chance",
    "margin": "the market that is taken away (less) and a limit: above or below",
}
"""Kind → the fields it needs besides its market."""

TAKES: Mapping[WatchKind, frozenset[str]] = {
    "level": frozenset({"above", "below"}),
    "move": frozenset(),
    "odds": frozenset({"above", "below", "by", "on", "average", "chance"}),
    "margin": frozenset({"above", "below", "less"}),
}
FIELDS = ("above", "below", "less", "by", "on", "average", "chance")


Limit = Annotated[float, Field(ge=-HIGHEST, le=HIGHEST, allow_inf_nan=False)]


class WatchError(Problem, ValueError):
    """A watch is not valid; the message names the field and what to write."""


class WatchState(Declaration):
    """The last evaluation of a watch.

    Attributes:
        holds: whether its condition held.
        day: for a ``move``, day of the price that was sent, or of the first evaluation; empty for other kinds.
    """

    holds: bool
    day: str = ""


class Watch(Declaration):
    """A condition on prices; a message is sent each time it becomes true.

    Attributes:
        owner: id of the API key that set it, or ``local`` for the command line and for a service that is open on its machine.
        kind: ``level``, the last price is above or below a price; ``move``, a price is outside the 90 % interval forecast for its
            day one trading day before; ``odds``, the probability of being above or below a price by a day, on a day or on average
            over a period exceeds ``chance``; ``margin``, the last price minus that of the market ``less`` is above or below.
        above, below: one of them, in the market's unit.
        by, on, average: one of them: a day, or a month or quarter as ``2026-12`` or ``2026-Q4``.
        quiet: hours without messages, ``22:00-07:00`` in the schedules' zone; they are sent at the end.
        seen: its evaluation when it was set; None if that was not known.
    """

    id: str = Field(pattern=f"^{ID}$")
    owner: str = Field(pattern=f"^{OWNER}$")
    kind: WatchKind
    market: Identifier
    above: Limit | None = None
    below: Limit | None = None
    less: Identifier | None = None
    by: Day | None = None
    on: Day | None = None
    average: str | None = Field(default=None, pattern=f"^{PERIOD}$")
    chance: float | None = Field(default=None, gt=0, lt=1, allow_inf_nan=False)
    quiet: str | None = None
    created_at: AwareDatetime
    seen: WatchState | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = {name for name in FIELDS if getattr(self, name) is not None}
        takes = TAKES[self.kind]
        if strange := sorted(given - takes):
            raise ValueError(
                f"{strange[0]}: a watch of the kind {self.kind} does not have this field; it needs {NEEDS[self.kind]}"
            )
        needed = [group for group in (("above", "below"), ("by", "on", "average"), ("less",), ("chance",)) if takes & set(group)]
        for group in needed:
            if len(given & set(group)) != 1:
                word = "name one of them; " if len(group) > 1 else "it is missing; "
                raise ValueError(f"{', '.join(group)}: {word}a watch of the kind {self.kind} needs {NEEDS[self.kind]}")
        if self.kind != "margin" and self.level is not None and self.level <= 0:
            raise ValueError(f"{self.side}: a price must be above zero")
        if self.less == self.market:
            raise ValueError("less: name another market than the watch's own")
        if self.quiet is not None and _hours(self.quiet) is None:
            raise ValueError("quiet: write the hours as 22:00-07:00, with an end that is not the beginning")
        return self

    @property
    def side(self) -> Side:
        """The side of ``level`` that it waits for."""
        return "below" if self.below is not None else "above"

    @property
    def level(self) -> float | None:
        """The price or margin; None for a ``move``."""
        return self.below if self.below is not None else self.above

    @property
    def hours(self) -> Hours | None:
        """The quiet hours, or None."""
        return None if self.quiet is None else _hours(self.quiet)

    @property
    def asked(self) -> dict[str, Any]:
        """Its condition, without owner, time and id; equal for two watches with the same condition."""
        return self.model_dump(mode="json", include={"kind", "market", *FIELDS, "quiet"})


def watch_of(fields: Mapping[str, Any]) -> Watch:
    """The watch with these fields.

    Raises:
        WatchError: the message names each invalid field.
    """
    try:
        return Watch.model_validate(fields)
    except ValidationError as error:
        raise WatchError("; ".join(map(_in_words, error.errors(include_input=False, include_url=False)))) from error


def _in_words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{problem['loc'][0]}: {message}" if problem["loc"] else message


def _hours(text: str) -> Hours | None:
    """The hours in ``text``, or None."""
    found = QUIET.fullmatch(text)
    if found is None or found[1] == found[3]:
        return None
    return Hours(start=time.fromisoformat(found[1]), end=time.fromisoformat(found[3]))


def figure(value: float) -> str:
    """A price, a margin or a limit for messages: two decimals, or none for whole numbers."""
    return f"{value:,.2f}".removesuffix(".00")
