"""The parts of the platform as Dagster resources: an asset names those that it uses and is given no others.

Each is the plain object that ``bootstrap`` makes from the settings. None is made, and none connects, before a step asks for it.
"""

from typing import Any

import dagster as dg

from steel_assets.assets.moment import Clock, RunClock
from steel_assets.bootstrap import Platform

COMPOSED = "platform"
"""Key of the resource from which the others are taken; it is made once in each process of a run."""

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
"""Attribute of ``bootstrap.Platform`` → its description in the Dagster UI."""


def resources(platform: Platform | dg.ResourceDefinition, clock: Clock | dg.ResourceDefinition | None = None) -> dict[str, Any]:
    """Every resource by its key.

    Args:
        platform: the parts, or the resource that makes them in the process of a run.
        clock: gives the moment of a run; None for the run's creation time.
    """
    return {COMPOSED: platform, "clock": clock or RunClock()} | {name: _part(name, text) for name, text in PARTS.items()}


def _part(name: str, description: str) -> dg.ResourceDefinition:
    def part(context: dg.InitResourceContext) -> Any:
        return getattr(getattr(context.resources, COMPOSED), name)

    return dg.ResourceDefinition(part, description=description, required_resource_keys={COMPOSED})
