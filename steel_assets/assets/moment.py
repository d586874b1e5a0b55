"""The one moment of a run: every asset in it sees the world as of then, and a day's asset as of that day.

A run lives at the moment it was created. An asset that is partitioned by day lives at that moment on the run's own day; for an
earlier day it is a replay: it sees what was known at that day's issue, and what it makes is marked as replayed.
A run tagged ``steel/since`` is a backfill of prices: providers are asked again for everything from that day on.
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
    """Tells when a run lives.

    Attributes:
        fixed: whether the moment was given, and is not that of this machine's clock.
    """

    fixed: bool

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """The moment of the run behind ``context``, UTC, whole seconds; the same in each of its steps."""


class RunClock:
    """The moment at which a run was created, as the instance has it."""

    fixed = False

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """When the run was created, UTC, in whole seconds. Raises dagster.Failure where the instance does not know the run."""
        record = context.instance.get_run_record_by_id(context.run_id)
        if record is None:
            raise dg.Failure(f"run {context.run_id} is not recorded in this instance", allow_retries=False)
        return pd.Timestamp(record.create_timestamp).tz_convert("UTC").floor("s")


@dataclass(frozen=True)
class FixedClock:
    """One moment for all runs: that of a demo's day, or of a test's."""

    at: pd.Timestamp
    fixed = True

    def moment(self, context: dg.AssetExecutionContext) -> pd.Timestamp:
        """The moment that was given, UTC, in whole seconds, whatever the run."""
        return self.at.floor("s")


@dataclass(frozen=True)
class IssueDay:
    """The day an asset is made for.

    Attributes:
        day: midnight without a zone, on the installation's calendar.
        moment: as of which the world is seen, UTC.
        replayed: whether the day is over, and this works out what would have been said.
    """

    day: pd.Timestamp
    moment: pd.Timestamp
    replayed: bool


def issue_of(context: dg.AssetExecutionContext, clock: Clock, schedules: Schedules) -> IssueDay:
    """The day and the moment of an asset that is partitioned by day.

    Raises:
        dagster.Failure: the day has not come yet.
    """
    now = clock.moment(context)
    today, day = local_day(now, schedules.tzinfo), pd.Timestamp(context.partition_key)
    if day > today:
        raise dg.Failure(f"{day:%Y-%m-%d} has not come yet: it is {today:%Y-%m-%d} in {schedules.zone}", allow_retries=False)
    if day == today:
        return IssueDay(day, now, replayed=False)
    return IssueDay(day, local_moments(pd.DatetimeIndex([day]), schedules.issue_time, schedules.tzinfo)[0], replayed=True)


def since_of(context: dg.AssetExecutionContext) -> pd.Timestamp | None:
    """The day from which a backfill asks, midnight without a zone; None for a collection like any other.

    Raises:
        dagster.Failure: the tag ``steel/since`` is not a day.
    """
    tag = context.run.tags.get(SINCE_TAG)
    if tag is None:
        return None
    try:
        return pd.Timestamp.fromisoformat(tag).tz_localize(None).normalize()
    except ValueError as error:
        raise dg.Failure(f"run tag {SINCE_TAG} is {tag!r}; write a day such as 2026-11-01", allow_retries=False) from error
