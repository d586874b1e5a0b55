"""Assets that missed the deadline of their freshness policy, and assets that were never materialised."""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import Condition
from steel_assets.operations.histories import unfed_by_choice
from steel_assets.providers import Providers

STALE, NEVER = "stale_asset", "asset_never_fresh"
FAIL, UNKNOWN = "FAIL", "UNKNOWN"
"""Values of Dagster's freshness states."""

SAID = {
    FAIL: "It was not materialised in time for its deadline.",
    UNKNOWN: "It was never materialised.",
}


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Assets that missed the deadline of their freshness policy become incidents, which end when they are fresh "
    "again.",
)
def stale_assets(
    context: dg.SensorEvaluationContext,
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[Lake],
    providers: dg.ResourceParam[Providers],
    outbox: dg.ResourceParam[Outbox],
) -> dg.SkipReason:
    repository = context.repository_def
    if repository is None:
        return dg.SkipReason("evaluated outside a code location, where the list of assets is not known")
    graph = repository.asset_graph
    due = [key for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy_or_from_metadata]
    return dg.SkipReason(evaluate(context.instance, outbox, set_up(catalog, lake, providers, due), datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, watched: list[dg.AssetKey], now: datetime) -> str:
    """Report the state of every asset that has a policy."""
    records = instance.get_freshness_state_records(watched)
    states = {key: records[key].freshness_state.value if key in records else UNKNOWN for key in watched}
    conditions = [_condition(key, state, rule, now) for key, state in states.items() for rule in (STALE, NEVER)]
    outbox.report(conditions, now, complete=frozenset({STALE, NEVER}))
    stale = sum(state == FAIL for state in states.values())
    return f"{len(watched)} watched, {stale} stale"


def set_up(catalog: Catalog, lake: Lake, providers: Providers, keys: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
    """Those of ``keys`` whose provider, or the provider of whose market's prices, is configured."""
    sources, markets = catalog.sources.values(), catalog.markets
    silent = {("raw", source.id) for source in sources if providers.not_configured(source) is not None}
    unfed = {market for market in markets if unfed_by_choice(catalog, lake, providers, market) is not None}
    return [key for key in keys if tuple(key.path[:2]) not in silent and key.path[0] not in unfed]


def _condition(key: dg.AssetKey, state: str, rule: str, now: datetime) -> Condition:
    bad = FAIL if rule == STALE else UNKNOWN
    name = key.to_user_string()
    return Condition(
        rule=rule,
        subject=name,
        firing=state == bad,
        moment=now,
        text=SAID[bad] if state == bad else "",
        link=f"/assets/{name}",
    )
