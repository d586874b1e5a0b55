"""Assets that missed the deadline of their freshness policy, and assets that were never materialised at all."""

from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from steel_assets.assets.declare import nature
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

STALE, NEVER = "stale_asset", "asset_never_fresh"
SAID = {
    FreshnessState.FAIL: "It was not materialised in time for its deadline.",
    FreshnessState.UNKNOWN: "Nobody has materialised it yet, so nobody can tell whether it is fresh.",
}


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Stale assets become incidents for as long as they are stale.",
)
def stale_assets(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    repository = context.repository_def
    if repository is None:
        return dg.SkipReason("evaluated outside a code location: there is no list of assets")
    graph = repository.asset_graph
    watched = [key for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy_or_from_metadata]
    return dg.SkipReason(look(context.instance, platform, watched, datetime.now(UTC)))


def look(instance: dg.DagsterInstance, platform: Platform, watched: list[dg.AssetKey], now: datetime) -> str:
    """Report the state of every asset that has a policy."""
    records = instance.get_freshness_state_records(watched)
    states = {key: records[key].freshness_state if key in records else FreshnessState.UNKNOWN for key in watched}
    conditions = [_condition(key, state, rule, now) for key, state in states.items() for rule in (STALE, NEVER)]
    platform.outbox.report(conditions, now, complete=frozenset({STALE, NEVER}))
    stale = sum(state == FreshnessState.FAIL for state in states.values())
    return f"{len(watched)} watched, {stale} stale"


def _condition(key: dg.AssetKey, state: FreshnessState, rule: str, now: datetime) -> Condition:
    bad = FreshnessState.FAIL if rule == STALE else FreshnessState.UNKNOWN
    name = key.to_user_string()
    return Condition(
        rule=rule,
        subject=name,
        firing=state == bad,
        moment=now,
        text=SAID[bad] if state == bad else "",
        link=f"/assets/{name}",
        simulated=nature() == "simulated",
    )
