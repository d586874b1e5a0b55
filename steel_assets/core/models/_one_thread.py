"""Fits on one thread: the last bits do not depend on how many there are, and markets trained side by side share the cores."""

from __future__ import annotations

from functools import cache
from typing import Any


def one_thread() -> Any:
    """A context in which the numerical libraries loaded so far use one thread. Import them before."""
    return _threads().limit(limits=1)


@cache
def _threads() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
