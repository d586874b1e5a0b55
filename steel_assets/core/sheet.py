"""A table as a spreadsheet needs it: its rows as plain values, and what is said of every column and of all rows. No pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from steel_assets.core.problem import Problem

Kind = Literal["string", "float", "int", "bool", "date", "timestamp"]


class ExportError(Problem, ValueError):
    """What was asked for cannot be exported like this; the message says how it can."""


@dataclass(frozen=True)
class Heading:
    """A column: its name, what its values are, their unit (empty where they have none), what they mean."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    may_be_empty: bool

    @property
    def shown(self) -> str:
        """The name, with the unit where there is one."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class ExportSheet:
    """A table, ready to be written.

    Attributes:
        name: of the table.
        about: one line above it: what it is, from where and as of when; it begins with SIMULATED DATA where anything is.
        facts: name and value of what else is said of all rows.
        rows: None, plain Python texts, booleans, numbers, days and moments, as many in each as there are headings.
    """

    name: str
    about: str
    simulated: bool
    facts: tuple[tuple[str, str | int], ...]
    headings: tuple[Heading, ...]
    rows: Sequence[Sequence[Any]]
