"""Imports that were believed for a while and then withdrawn: what was issued meanwhile from their series was issued from them."""

from __future__ import annotations

from typing import Any

from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """Each with the markets that read one of its series, and the time in which it was believed."""
    return [
        {
            "id": tainted.id,
            "file": tainted.file,
            "markets": [
                name for name, market in inputs.catalog.markets.items() if not tainted.series.isdisjoint(market.series_ids)
            ],
            "since": tainted.since.isoformat(),
            "until": tainted.until.isoformat(),
            "text": tainted.words,
        }
        for tainted in inputs.imports.taints()
    ]
