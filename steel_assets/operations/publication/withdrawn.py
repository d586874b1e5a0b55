"""Withdrawn imports: forecasts that were issued while such an import was in use may depend on it."""

from __future__ import annotations

from typing import Any

from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """Each withdrawn import with the markets that read one of its series, and the time in which it was in use."""
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
