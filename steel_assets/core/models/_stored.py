"""Reads stored models with limits on size and content, before any library parses them.

A checksum proves that a file is intact, not that its content is sensible. These limits, many times what training ever stores,
keep a forged model from using minutes or gigabytes.
"""

from __future__ import annotations

import json
import math
from typing import Any

from steel_assets.core.models._protocol import ModelError

LARGEST_FILE = 8 * 2**20
"""Bytes; a combination with its members takes about half a megabyte."""

UNREADABLE = (ArithmeticError, AttributeError, IndexError, KeyError, MemoryError, RecursionError, TypeError, ValueError)
"""Exceptions that a file which is not a model may raise in the readers."""


def parsed(content: bytes | str, what: str) -> Any:
    """The JSON in ``content``.

    Raises:
        ModelError: it is too large, too deeply nested, or not JSON.
    """
    if len(content) > LARGEST_FILE:
        raise ModelError(f"this {what} has {len(content):,} bytes, at most {LARGEST_FILE:,} are read; train it again")
    try:
        return json.loads(content)
    except UNREADABLE as error:
        raise ModelError(f"this {what} cannot be read ({type(error).__name__}: {error}); train it again") from error


def figure(value: Any, what: str, low: float = -1e9, high: float = 1e9) -> float:
    """``value`` as a number between ``low`` and ``high``.

    Raises:
        ValueError: it is not; the message contains ``what``.
    """
    found = float(value)
    if not math.isfinite(found) or not low <= found <= high:
        raise ValueError(f"{what} is {found!r}, which is not between {low:g} and {high:g}")
    return found


def few(values: Any, what: str, most: int) -> list[Any]:
    """``values`` as a list of at most ``most``.

    Raises:
        ValueError: it is not; the message contains ``what``.
    """
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{what} must be a list of at most {most}")
    return values
