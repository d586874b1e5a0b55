"""The catalogue's deadlines as freshness policies of the assets, applied here to all of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
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
    """The policy of each group that has a deadline; each is made once, since Dagster takes 30 ms to check a cron expression."""
    found: dict[str, dg.FreshnessPolicy] = {}
    for deadline in rules.freshness.deadlines:
        window = timedelta(hours=deadline.window_hours)
        policy = dg.FreshnessPolicy.cron(deadline.cron, window, timezone=rules.schedules.zone)
        found |= {group: policy for group in deadline.groups if group not in found}
    return found


def _with_policy(policies: dict[str, dg.FreshnessPolicy], spec: dg.AssetSpec) -> dg.AssetSpec:
    policy = None if spec.key in ON_DEMAND else policies.get(spec.group_name or "")
    return spec if policy is None else dg.apply_freshness_policy(spec, policy)
