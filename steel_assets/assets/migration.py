"""Upgrades an installation from before every market had its own assets: its history is shown under the new keys.

In those releases markets were partitions of one asset, and days existed only in the data. Runs, events, tables and files are
not changed. Events are added: each market's newest materialisation under its own key, and each day of the tables as a
partition. Open incidents about asset keys that no longer exist are closed. A second call adds nothing.
"""

from dataclasses import dataclass
from datetime import datetime

import dagster as dg
import pandas as pd

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.declare import Installation, key_of
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.tables import FORECASTS, METRICS_DAILY

BY_MARKET = (
    "market_daily",
    "market_weekly",
    "market_monthly",
    "data_quality",
    "market_features",
    "candidate_models",
    "validation_scores",
    "promotions",
    "drift",
)
"""Assets whose partitions were markets and that are not partitioned any more."""

BY_DAY = {
    "forecasts": (FORECASTS, "issued_date"),
    "explanations": (FORECASTS, "issued_date"),
    "predictions_vs_reality": (METRICS_DAILY, "date"),
    "metrics_daily": (METRICS_DAILY, "date"),
}
"""Assets whose partitions are days now, and the column of a table that says which days there are."""

FORMER = frozenset({*BY_MARKET, *BY_DAY})

RENAMED_CHECKS = {"table_contracts": "table_schemas"}
"""Asset checks by the name that releases up to 0.1 gave them → their name now."""


@dataclass(frozen=True)
class Migrated:
    """How much was added or closed.

    Attributes:
        newest: materialisations shown under a market's own key.
        days: days shown as partitions.
        closed: incidents about keys that no longer exist.
    """

    newest: int
    days: int
    closed: int


def migrate(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    outbox: Outbox,
    here: Installation,
    now: datetime,
    *,
    only_count: bool = False,
) -> Migrated:
    """Show the history of an earlier release under the asset keys of this one.

    Args:
        only_count: count what would be added, and add nothing.
    """
    newest = sum(_newest(instance, market, name, only_count=only_count) for market in here.catalog.markets for name in BY_MARKET)
    days = sum(_days(instance, warehouse, here, name, only_count=only_count) for name in BY_DAY)
    return Migrated(newest, days, _close(outbox, now, only_count=only_count))


def _newest(instance: dg.DagsterInstance, market: str, name: str, *, only_count: bool) -> int:
    """1 if the newest materialisation of a market's partition was (or would be) shown under the market's own key, else 0."""
    key = key_of(market, name)
    if instance.get_latest_materialization_event(key) is not None:
        return 0
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(name), asset_partitions=[market])
    found = instance.fetch_materializations(wanted, limit=1).records
    if not found:
        return 0
    metadata = {"migrated_from": dg.MetadataValue.dagster_run(found[0].run_id)}
    if not only_count:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=metadata))
    return 1


def _days(instance: dg.DagsterInstance, warehouse: Warehouse, here: Installation, name: str, *, only_count: bool) -> int:
    """How many days of ``name`` in the warehouse were (or would be) shown as partitions."""
    table, column = BY_DAY[name]
    rows = warehouse.read(table)
    first, count = pd.Timestamp(here.first_day or here.catalog.rules.schedules.first_day), 0
    for market, days in rows[rows[column] >= first].groupby("market")[column]:
        if market not in here.catalog.markets:
            continue
        key = key_of(str(market), name)
        there = instance.get_materialized_partitions(key)
        for day, number in days.dt.strftime("%Y-%m-%d").value_counts(sort=False).items():
            if day not in there:
                metadata = {"dagster/partition_row_count": int(number), "migrated": True}
                if not only_count:
                    instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=str(day), metadata=metadata))
                count += 1
    return count


def _close(outbox: Outbox, now: datetime, *, only_count: bool) -> int:
    """How many incidents about checks of assets that no longer exist were (or would be) closed."""
    over = [
        Condition(rule=incident.rule, subject=incident.subject, firing=False, moment=now, text=text)
        for incident in outbox.alert_state().open_incidents
        if incident.rule == "failed_check" and (text := _reported_since(incident.subject))
    ]
    if over and not only_count:
        outbox.report(over, now)
    return len(over)


def _reported_since(subject: str) -> str | None:
    """Which check reports since what an incident about ``subject`` was about; None where that check is still there."""
    asset, _, check = subject.partition(": ")
    if asset in FORMER:
        return "Every market has checks of its own since; those report it."
    if check in RENAMED_CHECKS:
        return f"The check is called {RENAMED_CHECKS[check]} since; that one reports it."
    return None
