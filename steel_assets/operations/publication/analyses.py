"""What can be said of each market's past, as its newest run found it."""

from __future__ import annotations

from typing import Any

from steel_assets.operations import analysis
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → what ``operations.analysis.analysis`` said; markets that were never analysed are left out."""
    found = {market: analysis.read(inputs.lake.store, market) for market in inputs.catalog.markets}
    return {market: analysis for market, analysis in found.items() if analysis is not None}
