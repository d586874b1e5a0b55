"""The catalogue's deadlines as freshness policies of the assets, applied here to all of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import dagster as dg

from steel_assets.catalog.rules import Rules

ON_DEMAND = frozenset({dg.AssetKey(["raw", "file_import", "files"])})
"""Assets that are materialised when somebody wants it, so never late."""


def with_freshness(assets: Sequence[Any], rules: Rules) -> list[Any]:
    """``assets``, each with the deadline of its group."""
    policies = policies_of(rules)
    return list(dg.map_asset_specs(partial(_with_policy, policies), assets))


def policies_of(rules: Rules) -> dict[str, dg.FreshnessPolicy]:
    """The policy of each group that has a deadline."""
    found: dict[str, dg.FreshnessPolicy] = {}
    for deadline in rules.freshness.deadlines:
        policy = _late_after(deadline.cron, deadline.window_hours, rules.schedules.zone)
        found |= {group: policy for group in deadline.groups if group not in found}
    return found


@lru_cache(maxsize=64)
def _late_after(cron: str, hours: float, zone: str) -> dg.FreshnessPolicy:
    """Made once in a process: Dagster takes 30 ms to check a cron expression."""
    return dg.FreshnessPolicy.cron(cron, timedelta(hours=hours), timezone=zone)


def _with_policy(policies: dict[str, dg.FreshnessPolicy], spec: dg.AssetSpec) -> dg.AssetSpec:
    policy = None if spec.key in ON_DEMAND else policies.get(spec.group_name or "")
    return spec if policy is None else dg.apply_freshness_policy(spec, policy)
