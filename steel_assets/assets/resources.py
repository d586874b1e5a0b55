"""The parts of the platform as Dagster resources: an asset names those that it uses, and gets nothing else.

Each is the plain object that ``bootstrap`` makes of the settings; none is made, and none connects, before a step asks for it.
"""

from typing import Any

import dagster as dg

from steel_assets.assets.moment import Clock, RunClock
from steel_assets.bootstrap import Platform

COMPOSED = "platform"
"""The resource that the others come from, made once in each process of a run."""

PARTS = {
    "catalog": "What is declared: series, sources, markets, models, rules and alerts.",
    "lake": "Raw figures, histories, features and forecasts as files: a folder or a bucket.",
    "imports": "The ledger of files of one's own that were imported.",
    "warehouse": "The platform's tables: DuckDB or BigQuery.",
    "models": "Candidates, champions and former champions.",
    "published": "Published forecasts as files of the lake.",
    "snapshots": "What the service answers from, as one snapshot.",
    "providers": "Whom prices come from: keys, addresses, budgets and pauses.",
    "outbox": "Incidents, and what is to be told of them.",
    "notifiers": "The channels that people are told over.",
    "drop_box": "Where people drop files of their own.",
    "dagster_link": "The address of this UI, for the links of messages.",
    "clock_record": "What is remembered of this machine's clock.",
    "home": "The folder of everything that this installation stores on this machine.",
}
"""Attribute of ``bootstrap.Platform`` → what the Dagster UI says of it."""


def resources(platform: Platform | dg.ResourceDefinition, clock: Clock | dg.ResourceDefinition | None = None) -> dict[str, Any]:
    """Every resource by its key.

    Args:
        platform: the parts themselves, or what makes them in the process of a run.
        clock: which moment a run sees; the one of the run itself when None.
    """
    return {COMPOSED: platform, "clock": clock or RunClock()} | {name: _part(name, text) for name, text in PARTS.items()}


def _part(name: str, description: str) -> dg.ResourceDefinition:
    def part(context: dg.InitResourceContext) -> Any:
        return getattr(getattr(context.resources, COMPOSED), name)

    return dg.ResourceDefinition(part, description=description, required_resource_keys={COMPOSED})
