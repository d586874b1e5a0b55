"""The parts of a publication and the order in which they are read. One part's failure is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from steel_assets.bootstrap import Platform
from steel_assets.serving.publication import alerts, catalogue, drift, explanations, forecasts, models, scorecard, sources
from steel_assets.serving.publication.warehouse import Tables

Reader = Callable[[Platform, Tables], Any]

PARTS: dict[str, Reader] = {
    "catalogue": catalogue.read,
    "latest": forecasts.latest,
    "prices": forecasts.prices,
    "exchange": forecasts.exchange_rate,
    "explanations": explanations.read,
    "champions": models.champions,
    "sources": sources.read,
    "issues": forecasts.issues,
    "scorecards": scorecard.read,
    "ledger": models.ledger,
    "metrics": models.metrics_daily,
    "costs": models.costs,
    "quality": sources.quality,
    "drift": drift.read,
    "incidents": alerts.incidents,
}


def read_parts(platform: Platform) -> Iterator[dict[str, Any]]:
    """``{"part", "content", "problem"}`` for each part; content is None where there is a problem."""
    tables = Tables(platform.warehouse)
    for name, read in PARTS.items():
        try:
            yield {"part": name, "content": read(platform, tables), "problem": None}
        except Exception as error:  # noqa: BLE001  whatever a damaged file or an absent store raises, the other parts go on
            yield {"part": name, "content": None, "problem": f"{type(error).__name__}: {error}"}
