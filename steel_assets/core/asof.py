"""What was known when.

An observation has three times: ``period`` (what it is about), ``published_at`` (when the world could know it) and
``collected_at`` (when we did). This module turns them into one, ``known_at``, and answers every question about the
past with it: no forecast, feature or score may read rows whose ``known_at`` lies after its own moment.
"""

from __future__ import annotations

import pandas as pd


def known_at(observations: pd.DataFrame) -> pd.Series:
    """The moment each observation counts as known to us, UTC, aligned with the rows of ``observations``.

    What was published before we first collected its series counts from its publication (a backfill of history is
    what the world knew then); afterwards from the moment we really had it. So a replay of a day we lived through sees
    what we saw, outages included, and a backtest of years before our time sees what anybody could have seen.
    """
    published = observations["published_at"]
    collected = observations["collected_at"]
    first = observations.groupby("series", observed=True)["collected_at"].transform("min")
    return published.where((published < first) | (published > collected), collected).rename("known_at")


def asof(observations: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The newest version of every (series, period) known at ``moment``, sorted by series and period.

    Args:
        observations: raw observations (any order, all vintages), as ``tables.OBSERVATIONS`` declares them.
        moment: a UTC timestamp.
    """
    known = known_at(observations)
    visible = observations.assign(known_at=known)[known <= moment]
    newest = visible.sort_values(["series", "period", "known_at", "published_at", "collected_at"], kind="stable")
    return newest.drop_duplicates(["series", "period"], keep="last").reset_index(drop=True)
