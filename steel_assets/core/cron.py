"""Cron expressions of five fields, refused where they are declared: Dagster refuses them too, but cannot name file and field."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Of minute, hour, day of the month, month, weekday."""

NAMES = {
    name: str(number)
    for names, first in (("jan feb mar apr may jun jul aug sep oct nov dec", 1), ("sun mon tue wed thu fri sat", 0))
    for number, name in enumerate(names.split(), first)
}


def checked(text: str) -> str:
    """``text`` if it is a cron expression. Raises ValueError."""
    fields = text.lower().split()
    if len(fields) != len(RANGES) or not all(map(_is_field, fields, RANGES)):
        raise ValueError(f"{text!r} is not minute, hour, day, month, weekday as in cron, for example 0 2 * * *")
    return text


def _is_field(field: str, bounds: tuple[int, int]) -> bool:
    return all(_is_part(part, *bounds) for part in field.split(","))


def _is_part(part: str, low: int, high: int) -> bool:
    """``*``, ``5`` or ``1-5``, with or without a step: ``*/15``."""
    times, slash, step = part.partition("/")
    ends = [] if times == "*" else [NAMES.get(end, end) for end in times.split("-")]
    if len(ends) > 2 or not all(end.isdecimal() for end in ends):
        return False
    in_order = [low, *map(int, ends), high]
    return in_order == sorted(in_order) and (not slash or (step.isdecimal() and 0 < int(step) <= high))


Cron = Annotated[str, AfterValidator(checked)]
