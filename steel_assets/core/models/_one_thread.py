"""Runs fits on one thread, so that results are identical on any number of cores, and parallel trainings share the cores."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any


def one_thread() -> Any:
    """A context in which the numerical libraries imported so far use one thread."""
    return _threads(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _threads(modules: int) -> Any:
    """The numerical libraries that are loaded, looked for again once there are more modules than before."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
