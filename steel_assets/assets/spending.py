"""What a day's work is estimated to have cost: run time, what the warehouse billed, and what is stored."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd

from steel_assets.assets.metadata import BYTES_BILLED
from steel_assets.assets.moment import DAY_TAG
from steel_assets.catalog.rules import Rules
from steel_assets.core.calendars import local_day
from steel_assets.core.costs import day_cost_usd

NEWEST = 100
"""Runs that are looked at; a day has some ten."""


def runs_of(instance: dg.DagsterInstance, date: pd.Timestamp, zone: ZoneInfo) -> Iterator[dg.RunRecord]:
    """The runs of the partition ``date``, and those without one that were created on it in ``zone``."""
    for record in instance.get_run_records(limit=NEWEST):
        day = record.dagster_run.tags.get(DAY_TAG)
        created = pd.Timestamp(record.create_timestamp).tz_convert("UTC")
        if (pd.Timestamp(day) if day else local_day(created, zone)) == date:
            yield record


def cost_usd(instance: dg.DagsterInstance, rules: Rules, stored_bytes: int, date: pd.Timestamp) -> float:
    """Estimated cost of ``date`` so far.

    Args:
        stored_bytes: what the lake and the warehouse hold.
    """
    zone, costs = rules.schedules.tzinfo, rules.costs
    seconds, billed = 0.0, 0
    for record in runs_of(instance, date, zone):
        if record.start_time:
            seconds += (record.end_time or pd.Timestamp.now(tz="UTC").timestamp()) - record.start_time
            billed += _bytes_billed(instance, record.dagster_run.run_id)
    return day_cost_usd(
        seconds,
        stored_bytes,
        compute_usd_per_vcpu_hour=costs.compute_usd_per_vcpu_hour,
        storage_usd_per_gib_month=costs.storage_usd_per_gib_month,
        queried_bytes=billed,
        query_usd_per_tib=costs.query_usd_per_tib,
    )


def _bytes_billed(instance: dg.DagsterInstance, run_id: str) -> int:
    """What the warehouse billed for a run, as its assets told."""
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.asset_materialization.metadata.get(BYTES_BILLED) for entry in logs if entry.asset_materialization]
    return sum(told.value or 0 for told in found if isinstance(told, dg.IntMetadataValue))
