"""The wire formats in which the sandbox answers, one provider per file, found by its name: the id of the source.

A provider is a module with ``routes(market, clock) -> list[Route]``: paths below ``/<source>``. What happened in the simulated
market, and when it was published, it asks the market; it decides nothing but how that is written. ``fred_api`` is the exemplar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.routing import Route

from steel_assets.core.open_sets import members
from steel_assets.sandbox.clock import Clock
from steel_assets.sandbox.market import SimulatedMarket

Routes = Callable[[SimulatedMarket, Clock], list[Route]]


def providers() -> dict[str, Routes]:
    """How each provider answers, by the id of its source."""
    return {name: cast(Routes, module.routes) for name, module in members(__name__, "routes").items()}
