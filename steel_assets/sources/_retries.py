"""Repeats requests: after a pause if calls came too fast, and from where an answer ended early. Both are limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pandas as pd

from steel_assets.core.types import Series
from steel_assets.sources._complete import came, due, missing_ends
from steel_assets.sources._connector import Access, Cut, Exhausted, RateLimited, SeriesRefused

MOST_PARTS = 40
DAY = pd.Timedelta(days=1)
NEAR = pd.Timedelta(days=7)
"""Days beyond those requested that a provider may answer too."""


T = TypeVar("T")
Part = Callable[[pd.Timestamp, pd.Timestamp], pd.DataFrame]
"""The values of one series between two days, both included; empty if the provider has none."""


def asked_again(ask: Callable[[], T], access: Access) -> T:
    """The result of ``ask``, repeated after a pause whenever it raises Busy, within ``access.retry_seconds``.

    Raises:
        Exhausted: it is still refused after that.
    """
    waited, tries = 0.0, 0
    while True:
        try:
            return ask()
        except RateLimited as busy:
            pause = busy.pauses[tries] if tries < len(busy.pauses) else None
            if pause is None or waited + pause > access.retry_seconds:
                raise Exhausted(f"{busy}; asked {tries + 1} times over {waited:.0f} s") from None
            access.sleep(pause)
            waited, tries = waited + pause, tries + 1


def continued(
    rows: pd.DataFrame, ask: Part, series: Series, start: pd.Timestamp, end: pd.Timestamp, moment: pd.Timestamp
) -> pd.DataFrame:
    """``rows``, and what is missing before and after it, requested as long as more comes.

    Args:
        rows: the values of ``series`` (``series, period, value``) from a request for ``start`` to ``end``.

    Raises:
        Cut: asked for what is missing, the provider answers with other days: there may be more than it gives.
    """
    wanted = due(series, start, moment)
    closed = {"before": False, "after": False}
    for _ in range(MOST_PARTS):
        before, after = missing_ends(series, came(series, rows.loc[rows["value"].notna(), "period"]), wanted)
        side = "before" if len(before) and not closed["before"] else "after" if len(after) and not closed["after"] else None
        if side is None:
            return rows
        first, last = (start, before[-1]) if side == "before" else (after[0], end)
        try:
            more = ask(first, last)
        except SeriesRefused as error:
            raise Cut(rows, {series.id: f"asked from {first:%Y-%m-%d} to {last:%Y-%m-%d}: {error}"}) from None
        fresh = more[more["period"].between(first, last + 6 * DAY) & ~more["period"].isin(rows["period"])]
        if fresh.empty and not more["period"].between(first - NEAR, last + NEAR).all():
            raise Cut(rows, {series.id: _others(more, first, last)})
        closed[side] = fresh.empty
        rows = pd.concat([rows, fresh], ignore_index=True)
    raise Cut(rows, {series.id: f"the answer was continued {MOST_PARTS} times and is not complete"})


def _others(more: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> str:
    return (
        f"asked from {first:%Y-%m-%d} to {last:%Y-%m-%d}, it answered from {more['period'].min():%Y-%m-%d} to "
        f"{more['period'].max():%Y-%m-%d}"
    )
