"""The parts of a publication and who reads them. One part's failure is its own."""

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
    """Every part, read now; the content is None where there is a problem.

    Args:
        moment: now, Unix seconds: what claims to be of later is not believed.
        in_force: the part ``latest`` that was published before; a forecast in it outlives damage to its own file.
    """
    tables = Tables(inputs.warehouse, moment, in_force)
    found = {}
    for name, read in PARTS.items():
        try:
            found[name] = PublishedPart(read(inputs, tables))
        except Exception as error:  # noqa: BLE001  whatever a damaged file or an absent store raises, the other parts go on
            found[name] = PublishedPart(None, f"{type(error).__name__}: {error}")
    return found
