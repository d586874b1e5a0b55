"""Parses dates given on the command line, and finds the daily issue that they mean."""

from __future__ import annotations

import pandas as pd

from steel_assets.catalog import Rules
from steel_assets.cli.problem import Problem
from steel_assets.core.calendars import local_day, local_moments


def parse_day(text: str, option: str) -> pd.Timestamp:
    """``text`` (YYYY-MM-DD) as a day, midnight without a zone.

    Raises:
        Problem: it is not a date; the message names ``option``.
    """
    try:
        return pd.Timestamp.fromisoformat(text).normalize()
    except ValueError as error:
        raise Problem(f"{option}: {text!r} is not a date; write it as 2026-11-20") from error


def issue_on(day: pd.Timestamp, rules: Rules) -> pd.Timestamp:
    """The time of the daily issue of ``day``, UTC."""
    return local_moments(pd.DatetimeIndex([day]), rules.schedules.issue_time, rules.schedules.tzinfo)[0]


def last_issue(now: pd.Timestamp, rules: Rules) -> pd.Timestamp:
    """The latest daily issue at or before ``now``, UTC."""
    today = local_day(now, rules.schedules.tzinfo)
    issue = issue_on(today, rules)
    return issue if issue <= now else issue_on(today - pd.Timedelta(days=1), rules)


def now() -> pd.Timestamp:
    """The present time, UTC, in whole seconds."""
    return pd.Timestamp.now(tz="UTC").floor("s")
