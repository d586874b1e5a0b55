"""A table for a spreadsheet: rows as plain values, with descriptions of columns and of the table. No pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from steel_assets.core.problem import Problem

Kind = Literal["string", "float", "int", "bool", "date", "timestamp"]


class ExportError(Problem, ValueError):
    """The requested export is not possible; the message says which is."""


@dataclass(frozen=True)
class Heading:
    """A column: its name, the kind of its values, their unit (empty without one), their meaning."""

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
        about: one line above it: content, source and moment; it begins with SIMULATED DATA if any row is.
        facts: name and value of further properties of all rows.
        rows: None, texts, booleans, numbers, days and moments, as many in each as there are headings.
    """

    name: str
    about: str
    simulated: bool
    facts: tuple[tuple[str, str | int], ...]
    headings: tuple[Heading, ...]
    rows: Sequence[Sequence[Any]]
