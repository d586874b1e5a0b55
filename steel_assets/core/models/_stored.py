"""Reading a stored model: bounded in size and in what it may ask for, before any library sees it.

A checksum says that nobody damaged a file, not that it is sane. What is in here keeps a model that was made up from taking
minutes or gigabytes: every limit is many times what training ever stores.
"""

from __future__ import annotations

import json
import math
from typing import Any

from steel_assets.core.models._protocol import ModelError

LARGEST_FILE = 8 * 2**20
"""Bytes; a combination with its members takes about half a megabyte."""

UNREADABLE = (ArithmeticError, AttributeError, IndexError, KeyError, MemoryError, RecursionError, TypeError, ValueError)
"""What a file that is no model may make the readers raise."""


def parsed(content: bytes | str, what: str) -> Any:
    """The JSON in ``content``. Raises ModelError where it is too large, too deep or none."""
    if len(content) > LARGEST_FILE:
        raise ModelError(f"this {what} has {len(content):,} bytes, at most {LARGEST_FILE:,} are read; train it again")
    try:
        return json.loads(content)
    except UNREADABLE as error:
        raise ModelError(f"this {what} cannot be read ({type(error).__name__}: {error}); train it again") from error


def figure(value: Any, what: str, low: float = -1e9, high: float = 1e9) -> float:
    """``value`` as a figure between ``low`` and ``high``. Raises ValueError."""
    found = float(value)
    if not math.isfinite(found) or not low <= found <= high:
        raise ValueError(f"{what} is {found!r}, which is not between {low:g} and {high:g}")
    return found


def few(values: Any, what: str, most: int) -> list[Any]:
    """``values`` as a list of no more than ``most``. Raises ValueError."""
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{what} must be a list of at most {most}")
    return values
