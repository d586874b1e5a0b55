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
    "catalog": "Declarations: series, sources, markets, models, rules and alerts.",
    "lake": "Raw observations, histories, features and forecasts as files: a folder or a bucket.",
    "imports": "The ledger of imported files.",
    "warehouse": "The platform's tables: DuckDB or BigQuery.",
    "models": "Candidates, champions and former champions.",
    "published": "Published forecasts as files of the lake.",
    "snapshots": "Published snapshots, from which the prediction service answers.",
    "providers": "The providers of prices: keys, addresses, quotas and pauses.",
    "outbox": "Incidents, and messages about them that wait to be sent.",
    "notifiers": "The channels over which alerts are sent.",
    "drop_box": "The drop folder for users' files.",
    "dagster_link": "The address of this UI, for links in messages.",
    "clock_record": "The last readings of this machine's clocks, to detect jumps.",
    "home": "The folder of everything that this installation keeps on this machine.",
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
