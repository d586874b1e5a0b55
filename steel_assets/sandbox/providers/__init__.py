"""The wire formats of the sandbox, one provider per file, found by the file's name, which is the source's id.

A provider is a module with ``routes(market, clock) -> list[Route]``: paths below ``/<source>``. It takes values and publication
times from the market, and determines only their format. Copy ``fred_api`` to write one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.routing import Route

from steel_assets.core.open_sets import members
from steel_assets.sandbox.clock import SandboxClock
from steel_assets.sandbox.market import SimulatedMarket

Routes = Callable[[SimulatedMarket, SandboxClock], list[Route]]


def providers() -> dict[str, Routes]:
    """The routes of each provider, by source id."""
    return {name: cast(Routes, module.routes) for name, module in members(__name__, "routes").items()}
