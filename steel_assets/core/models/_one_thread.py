"""Runs fits on one thread, so that results are identical on any number of cores, and parallel trainings share the cores."""

from __future__ import annotations

from functools import cache
from typing import Any


def one_thread() -> Any:
    """A context in which the numerical libraries imported so far use one thread."""
    return _threads().limit(limits=1)


@cache
def _threads() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
