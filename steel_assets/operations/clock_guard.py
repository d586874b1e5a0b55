"""Refuses to issue forecasts while this machine's clock is wrong; those issued before stay in force and are served."""

import logging

import pandas as pd

from steel_assets.adapters.lake.lake import ASIDE, RAW, Lake, collected_at
from steel_assets.adapters.machine.clock import ClockRecord
from steel_assets.catalog import Catalog
from steel_assets.core.problem import Problem

log = logging.getLogger("steel.clock")


class WrongClock(Problem):
    """The clock jumped, or is behind stored data; the message says by how much and what to do."""


def refuse_wrong_clock(catalog: Catalog, lake: Lake, clock_record: ClockRecord, moment: pd.Timestamp) -> None:
    """Compare the clock with the monotonic clock and with the time of the newest collection.

    Args:
        moment: of the run, UTC.

    Raises:
        WrongClock: the clock jumped since the last issue, or is behind stored data.
    """
    most = catalog.rules.clock.tolerance_seconds
    jumped = clock_record.jump_seconds()
    if abs(jumped) > most:
        raise WrongClock(
            f"this clock jumped by {jumped:+,.0f} s since the last issue (it says {moment:%Y-%m-%d %H:%M:%S} UTC): "
            f"nothing is issued. Set it right; if it is right now, delete {clock_record.path} and run again"
        )
    ahead = newest_collection(lake)
    if ahead is not None and ahead[0] > moment + pd.Timedelta(seconds=most):
        raise WrongClock(
            f"this clock says {moment:%Y-%m-%d %H:%M} UTC, but {ahead[1]} was collected {ahead[0]:%Y-%m-%d %H:%M}: "
            "nothing is issued. Set it right; if it was fast then and is right now, remove what it collected and run again"
        )


def note_clock(clock_record: ClockRecord) -> None:
    """Store the readings of both clocks for the next comparison, which is skipped if the disk refuses to store them."""
    try:
        clock_record.note()
    except OSError as error:
        log.warning("the clock could not be noted in %s: %s", clock_record.path, error)


def newest_collection(lake: Lake) -> tuple[pd.Timestamp, str] | None:
    """Time and key of the newest collected file; None while the lake is empty."""
    stamps = {collected_at(key): key for key in lake.store.list(RAW) if not ASIDE.search(key)}
    stamps.pop("", None)
    if not stamps:
        return None
    newest = max(stamps)
    return pd.to_datetime(newest, format="%Y-%m-%dT%H%M%S").tz_localize("UTC"), stamps[newest]
