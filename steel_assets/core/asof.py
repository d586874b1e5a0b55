"""What was known at which moment.

An observation has three times: ``period`` (what it is about), ``published_at`` (when the public could know it) and
``collected_at`` (when we did). This module combines them into one, ``known_at``, which every question about the past uses: no
forecast, feature or score may read rows whose ``known_at`` is after its own moment. It also finds which new values are news: new
periods, and revisions of known ones. A known value is never overwritten.
"""

from __future__ import annotations

import pandas as pd


def known_at(observations: pd.DataFrame) -> pd.Series:
    """The moment from which each observation counts as known, UTC, aligned with the rows of ``observations``.

    Values published before we first collected their series count from their publication (as anybody could have known them); later
    ones from the moment we collected them. So a replay of a day on which the platform ran sees what it saw, outages included, and
    a backtest of earlier years sees what anybody could have seen.
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


KEY = ["series", "period"]
END_OF_TIME = pd.Timestamp("2200-01-01", tz="UTC")


def new_or_changed(rows: pd.DataFrame, known: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The versions in ``rows`` that ``known`` does not hold yet; no rows if there are none.

    Afterwards the newest version known of every (series, period) is the last one in ``rows``. A version older than the newest
    known one is never added, because it would count as today's news.

    Args:
        rows: ``series, period, value, published_at`` and ``dated``: True if ``published_at`` comes from the provider, False if it
            comes from the series' publication rule. A period has one version, or several that are all dated, each at its own
            moment.
        known: raw observations, all vintages.
        moment: when ``rows`` were collected; a revision that the provider did not date counts as published then.

    Returns:
        ``series, period, value, published_at``, sorted.
    """
    newest = asof(known, END_OF_TIME)[[*KEY, "value", "published_at"]]
    versions = rows.sort_values([*KEY, "published_at"], kind="stable").merge(
        newest, on=KEY, how="left", suffixes=("", "_known"), validate="many_to_one"
    )
    revises = versions["published_at_known"].notna()
    last = ~versions.duplicated(KEY, keep="last")
    undated = revises & ~versions["dated"].astype(bool)
    not_later = revises & last & (versions["published_at"] <= versions["published_at_known"])
    versions["published_at"] = versions["published_at"].mask(undated | not_later, moment)
    versions = versions[~revises | (versions["published_at"] > versions["published_at_known"])]
    versions = versions.drop_duplicates([*KEY, "published_at"], keep="last")
    before = versions.groupby(KEY, observed=True)["value"].shift().fillna(versions["value_known"])
    news = versions[versions["value"] != before]
    return news[[*KEY, "value", "published_at"]].reset_index(drop=True)
