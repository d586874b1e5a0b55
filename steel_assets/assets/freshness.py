"""Deadlines of assets as Dagster's freshness policies, applied in one place from the catalogue."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import dagster as dg

from steel_assets.bootstrap import catalog

ON_DEMAND = frozenset({dg.AssetKey(["raw", "file_import", "files"])})
"""Assets that are materialised when somebody wants it, so never late."""


def with_freshness(assets: Sequence[Any]) -> list[Any]:
    """``assets``, each with the deadline of its group."""
    return list(dg.map_asset_specs(_with_policy, assets))


@cache  # Dagster takes 30 ms to check one cron expression, at every start
def policy_of(group: str | None) -> dg.FreshnessPolicy | None:
    """The deadline of a group; None where the catalogue sets none."""
    rules = catalog().rules
    for deadline in rules.freshness.deadlines:
        if group in deadline.groups:
            window = timedelta(hours=deadline.window_hours)
            return dg.FreshnessPolicy.cron(deadline.cron, window, timezone=rules.schedules.zone)
    return None


def _with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    policy = None if spec.key in ON_DEMAND else policy_of(spec.group_name)
    return spec if policy is None else dg.apply_freshness_policy(spec, policy)
