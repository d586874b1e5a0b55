"""Parses providers' values as numbers. What cannot be read becomes NaN and is counted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

MISSING = frozenset({"", ".", "-", "null", "none", "nan", "n/a"})
"""How providers write a missing value (FRED and Alpha Vantage: a full stop)."""

PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
DECORATED = re.compile(
    r"(?P<sign>[+-]?)(?P<money>[$€£¥]?)(?P<minus>-?)(?P<digits>[0-9]{1,3}(,[0-9]{3})+|[0-9]+)(?P<rest>\.[0-9]+)?(?P<suffix>[KMBT%]?)"
)
CURRENCIES = {"$": ("USD",), "€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY")}
MINUS = str.maketrans("\u2212", "-")
"""Typographic minus signs → ASCII."""

MULTIPLES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
MILLION = 1e6


def numbers(values: Iterable[object], notes: Counter[str]) -> list[float]:
    """Each value as a finite float; NaN for what is empty or cannot be read, which is counted."""
    return [_number(value, notes) for value in values]


def amounts(values: Sequence[object], unit: str, notes: Counter[str]) -> pd.DataFrame:
    """Like ``numbers``, for values formatted for people ("0.9%", "1.2K", "$-3.4M").

    ``value`` is in the series' own ``unit``; ``doubt`` says why a value in another unit cannot be converted (None if it can). A
    percentage is accepted only for a series in percent; a multiple of dollars is converted to the unit (million_usd).
    """
    read = [_amount(value, unit, notes) for value in values]
    return pd.DataFrame(
        {
            "value": pd.Series([value for value, _ in read], dtype="float64"),
            "doubt": pd.Series([doubt for _, doubt in read], dtype="object"),
        }
    )


def _number(value: object, notes: Counter[str]) -> float:
    if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
        return _nan(notes, "empty values")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return _nan(notes, "unreadable values")
    if isinstance(value, str) and not PLAIN.fullmatch(value.strip()):
        return _nan(notes, "unreadable values")
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return _nan(notes, "unreadable values")
    if math.isnan(number):
        return _nan(notes, "empty values")
    return number if math.isfinite(number) else _nan(notes, "infinite values")


def _amount(value: object, unit: str, notes: Counter[str]) -> tuple[float, str | None]:
    written = DECORATED.fullmatch("".join(value.split()).translate(MINUS)) if isinstance(value, str) else None
    if written is None:
        return _number(value, notes), None
    number = float(written["digits"].replace(",", "") + (written["rest"] or "")) * MULTIPLES.get(written["suffix"], 1.0)
    if unit == "million_usd" and written["suffix"]:
        number /= MILLION
    number = -number if "-" in (written["sign"], written["minus"]) else number
    if not math.isfinite(number):
        return _nan(notes, "infinite values"), None
    if _fits(unit, written["suffix"], written["money"]):
        return number, None
    _count(notes, "values in another unit", 1)
    return number, f"it is written {str(value).strip()!r}, the catalogue says {unit}; correct the series, or release what is true"


def _fits(unit: str, suffix: str, money: str) -> bool:
    """Whether a figure written with ``suffix`` and a sign of ``money`` can be one in ``unit``."""
    return (
        (suffix != "%" or unit == "percent")
        and (suffix in ("", "%") or unit != "percent")
        and (not money or any(currency in unit.upper() for currency in CURRENCIES[money]))
    )


def _nan(notes: Counter[str], reason: str) -> float:
    _count(notes, reason, 1)
    return math.nan


def _count(notes: Counter[str], reason: str, rows: int) -> None:
    if rows:
        notes[reason] += rows
