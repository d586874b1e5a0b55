"""Figures that came and are not believed: kept apart from the observations until a person decides.

A held figure is never lost and never enters by itself. It may be *released*: then it counts as known from that moment on, so
that no forecast of the past changes; or *dropped*. A figure that the provider has meanwhile replaced by a believable one is
*superseded*. Why a figure is doubted is in ``core.doubts``; where held ones are stored is the adapter's.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import pandas as pd

from steel_assets.core.tables import OBSERVATIONS, Column, Table

Decision = Literal["released", "dropped"]
RELEASED: Decision = "released"
DROPPED: Decision = "dropped"

QUARANTINE = Table(
    name="quarantine",
    description="Figures that were not believed, append-only.",
    columns=(
        Column("id", "string", "what people call the figure by: the same for the same series, period and value"),
        *OBSERVATIONS.columns,
        Column("reason", "string", "why it was not believed"),
    ),
    key=("id",),
)

DECISIONS = Table(
    name="quarantine_decisions",
    description="What people decided about held figures, append-only; the first decision holds.",
    columns=(
        Column("id", "string", "the held figure"),
        Column("decision", "string", "released or dropped"),
        Column("decided_at", "timestamp", "when"),
    ),
    key=("id",),
)


def held(observations: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    """The rows of ``observations`` that have a reason, as ``QUARANTINE`` declares them; one of each figure."""
    rows = observations.assign(reason=reasons)[reasons.notna()]
    rows = rows.assign(id=[_id(*facts) for facts in zip(rows["series"], rows["period"], rows["value"], strict=True)])
    return QUARANTINE.enforce(rows.drop_duplicates("id"))


def state(held: pd.DataFrame, decisions: pd.DataFrame, observations: pd.DataFrame) -> pd.Series:
    """For each held figure: ``waiting``, ``released``, ``dropped`` or ``superseded``."""
    decided = held["id"].map(decisions.set_index("id")["decision"]) if len(decisions) else pd.Series(None, index=held.index)
    newest = observations.groupby(["series", "period"])["collected_at"].max()
    since = pd.Series(newest.reindex(pd.MultiIndex.from_frame(held[["series", "period"]])).to_numpy(), index=held.index)
    replaced = pd.to_datetime(since, utc=True) > held["collected_at"]
    return decided.astype("object").where(decided.notna(), replaced.map({True: "superseded", False: "waiting"})).rename("state")


def as_released(held: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Held figures as observations that are known from ``moment`` on, never before: rows of ``tables.OBSERVATIONS``.

    Raises:
        ValueError: a figure is about a day that has not come.
    """
    today = moment.tz_convert("UTC").tz_localize(None).normalize()
    early = held[held["period"] > today]
    if len(early):
        one = early.iloc[0]
        raise ValueError(f"{one['id']} is about {one['period']:%Y-%m-%d}, which has not come; drop it, or release it then")
    return OBSERVATIONS.enforce(held[OBSERVATIONS.column_names].assign(published_at=moment, collected_at=moment))


def _id(series: str, period: pd.Timestamp, value: float) -> str:
    return hashlib.sha256(f"{series}|{period:%Y-%m-%d}|{float(value)!r}".encode()).hexdigest()[:10]
