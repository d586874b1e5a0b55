"""Statements about a market, and which of them are significant when all are tested together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Value = float | int | str | bool | None | list[str] | list[float]

LEVEL = 0.05
"""Probability of at least one finding for a market in which none of the statements is true."""


@dataclass(frozen=True)
class Statement:
    """One statement with its test.

    Attributes:
        key: its kind, such as ``trend``; with ``values`` it determines a sentence in any language (``sentences``).
        about: what it is about within the market: a margin, a pair of series, a number of days; unique within a key.
        values: the figures and names of the sentence, as JSON values.
        n: number of observations in the test.
        test: the name of the test, as docs/analysis.md explains it.
        p: its p-value: the probability of so strong a result by chance.
    """

    key: str
    about: str
    values: Mapping[str, Value]
    n: int
    test: str
    p: float


@dataclass(frozen=True)
class Unsaid:
    """A statement that cannot be made, and why."""

    key: str
    about: str
    why: str


@dataclass(frozen=True)
class CorrectedStatement:
    """A statement after correction for all statements of its market.

    Attributes:
        p_corrected: its p-value after Holm's correction.
        finding: whether that is at most ``LEVEL``.
    """

    statement: Statement
    p_corrected: float
    finding: bool


def judged(statements: Sequence[Statement]) -> list[CorrectedStatement]:
    """All statements of a market in the given order, corrected together.

    Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*, Scand. J. Statist. 6, 65–70: the probability of one or
    more false findings is at most ``LEVEL``, under any dependence between the statements.
    """
    p = np.array([statement.p for statement in statements], dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    corrected = np.empty(len(p))
    corrected[order] = stepped
    return [
        CorrectedStatement(statement, float(value), bool(value <= LEVEL))
        for statement, value in zip(statements, corrected, strict=True)
    ]
