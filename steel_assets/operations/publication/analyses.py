"""Each market's newest stored analysis."""

from __future__ import annotations

from typing import Any

from steel_assets.operations import analysis
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → the result of ``operations.analysis.analysis``; markets without one are left out."""
    found = {market: analysis.read(inputs.lake.store, market) for market in inputs.catalog.markets}
    return {market: analysis for market, analysis in found.items() if analysis is not None}
