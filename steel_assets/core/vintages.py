"""Which of the figures that came are news: new periods, and revisions of known ones. Nothing known is ever overwritten."""

from __future__ import annotations

import pandas as pd

from steel_assets.core.asof import asof

KEY = ["series", "period"]
END_OF_TIME = pd.Timestamp("2200-01-01", tz="UTC")


def new_or_changed(rows: pd.DataFrame, known: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The versions in ``rows`` that ``known`` does not hold yet; none when there is nothing new.

    Afterwards the newest version known of every (series, period) is the last one in ``rows``. An older version than the
    newest known is never added: it would be taken for the news of today.

    Args:
        rows: ``series, period, value, published_at`` and ``dated``: True where ``published_at`` comes from the provider,
            False where it comes from the series' publication rule. A period has one version, or several that are all dated,
            each on its own moment.
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
