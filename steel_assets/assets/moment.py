"""The moment of a run: every asset in the run reads data as known at that moment, an asset by day as of its own day.

The moment of a run is its creation time. An asset partitioned by day uses that moment for the run's own day. An earlier day is
a replay: the asset uses what was known when that day's forecast was issued, and its output is marked as replayed. A run tagged
``steel/since`` is a backfill of prices: providers are asked again for everything from that day on.
"""

from dataclasses import dataclass
from typing import Protocol

import dagster as dg
import pandas as pd

from steel_assets.catalog.rules import Schedules
from steel_assets.core.calendars import local_day, local_moments

SINCE_TAG = "steel/since"
DAY_TAG = "dagster/partition"
"""Dagster's own tag of a run of one partition."""


class Clock(Protocol):
    """Tells the moment of a run.

    Attributes:
        fixed: whether the moment was given by the caller instead of being read from the run.
    """

    fixed: bool

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """The moment of the run behind ``context``, UTC, whole seconds; the same in each of its steps."""


class RunClock:
    """The moment at which a run was created, as the instance recorded it."""

    fixed = False

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """When the run was created, UTC, in whole seconds.

        Raises:
            dagster.Failure: the instance does not know the run.
        """
        record = context.instance.get_run_record_by_id(context.run_id)
        if record is None:
            raise dg.Failure(f"run {context.run_id} is not recorded in this Dagster instance", allow_retries=False)
        return pd.Timestamp(record.create_timestamp).tz_convert("UTC").floor("s")


@dataclass(frozen=True)
class FixedClock:
    """The same given moment for all runs: for a day of a demo, or a test."""

    at: pd.Timestamp
    fixed = True

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """The given moment, UTC, in whole seconds."""
        return self.at.floor("s")


@dataclass(frozen=True)
class IssueDay:
    """The day that an asset is made for.

    Attributes:
        day: midnight without a zone, in the installation's time zone.
        moment: the data known by then are used, UTC.
        replayed: whether the day is over, so that the asset computes what would have been issued.
    """

    day: pd.Timestamp
    moment: pd.Timestamp
    replayed: bool


def issue_of(context: dg.AssetExecutionContext, clock: Clock, schedules: Schedules) -> IssueDay:
    """The day and the moment of the partition that ``context`` runs.

    Raises:
        dagster.Failure: the day is in the future.
    """
    now = clock.moment(context)
    today, day = local_day(now, schedules.tzinfo), pd.Timestamp(context.partition_key)
    if day > today:
        raise dg.Failure(
            f"the partition {day:%Y-%m-%d} is in the future: today is {today:%Y-%m-%d} in {schedules.zone}", allow_retries=False
        )
    if day == today:
        return IssueDay(day, now, replayed=False)
    return IssueDay(day, local_moments(pd.DatetimeIndex([day]), schedules.issue_time, schedules.tzinfo)[0], replayed=True)


def since_of(context: dg.AssetExecutionContext) -> pd.Timestamp | None:
    """The day from which a backfill asks providers again, midnight without a zone; None for a normal collection.

    Raises:
        dagster.Failure: the tag ``steel/since`` is not a day.
    """
    tag = context.run.tags.get(SINCE_TAG)
    if tag is None:
        return None
    try:
        return pd.Timestamp.fromisoformat(tag).tz_localize(None).normalize()
    except ValueError as error:
        raise dg.Failure(
            f"run tag {SINCE_TAG} is {tag!r}, which is not a day; write one such as 2026-11-01", allow_retries=False
        ) from error
