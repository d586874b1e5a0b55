"""Imports that were believed for a while and then withdrawn: what was issued meanwhile from their series was issued from them."""

from __future__ import annotations

from typing import Any

from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """Each with the markets that read one of its series, and the time in which it was believed."""
    return [
        {
            "id": one.id,
            "file": one.file,
            "markets": [name for name, market in inputs.catalog.markets.items() if not one.series.isdisjoint(market.series_ids)],
            "since": one.since.isoformat(),
            "until": one.until.isoformat(),
            "text": one.words,
        }
        for one in inputs.imports.taints()
    ]
