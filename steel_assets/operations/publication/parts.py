"""The parts of a publication with their readers. A part that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from steel_assets.adapters.lake.snapshots import PublishedPart
from steel_assets.operations.publication import (
    analyses,
    catalogue,
    drift,
    experiments,
    explanations,
    forecasts,
    models,
    outlooks,
    price_calendars,
    scorecard,
    sources,
    withdrawn,
)
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables

Reader = Callable[[Inputs, Tables], Any]

PARTS: dict[str, Reader] = {
    "catalogue": catalogue.read,
    "withdrawn": withdrawn.read,
    "latest": forecasts.latest,
    "price_calendars": price_calendars.read,
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
    "analysis": analyses.read,
    "outlooks": outlooks.read,
    "experiments": experiments.read,
}


def read_parts(inputs: Inputs, moment: float, in_force: Mapping[str, Any]) -> dict[str, PublishedPart]:
    """Read every part; the content is None if there is a problem.

    Args:
        moment: now, Unix seconds; rows with a later time are rejected.
        in_force: the part ``latest`` that was published before; its forecasts are kept if their files get damaged.
    """
    tables = Tables(inputs.warehouse, moment, in_force)
    found = {}
    for name, read in PARTS.items():
        try:
            found[name] = PublishedPart(read(inputs, tables))
        except Exception as error:  # noqa: BLE001  whatever a damaged file or an absent store raises, the other parts go on
            found[name] = PublishedPart(None, f"{type(error).__name__}: {error}")
    return found
