"""Doubtful values: kept apart from the observations until a person decides.

A held value is never lost and never accepted by itself. It can be *released*: then it counts as known from that moment on, so
that no past forecast changes; or *dropped*. A value that the provider has since replaced by a plausible one is *superseded*. A
history that was restated as a whole is held as one row: its ``value`` is the factor (or amount) by which it changed; when it is
released, the whole history is requested again and stored as a vintage. So is a suspected split: ``period`` is its first day,
``value`` the factor for the closes before it. ``core.anomaly_detection`` says why a value is doubtful; an adapter stores held
ones.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import pandas as pd

from steel_assets.core.restatements import Restatement, same
from steel_assets.core.splits import Split
from steel_assets.core.table_schema import Column, Table
from steel_assets.core.tables import OBSERVATIONS

Decision = Literal["released", "dropped"]
RELEASED: Decision = "released"
BY_FACTOR, BY_AMOUNT, BY_SPLIT = "factor", "amount", "split"
DROPPED: Decision = "dropped"

QUARANTINE = Table(
    name="quarantine",
    description="Figures that were not believed, append-only.",
    columns=(
        Column("id", "string", "what people call the figure by: the same for the same series, period and value"),
        *OBSERVATIONS.columns,
        Column("reason", "string", "why it was not believed"),
        Column(
            "restated",
            "string",
            "factor, amount: the history changed by the value; split: suspected; empty: a figure",
            nullable=True,
        ),
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
    """The rows of ``observations`` that have a reason, as ``QUARANTINE`` declares them; each value once."""
    rows = observations.assign(reason=reasons)[reasons.notna()]
    rows = rows.assign(id=[_id(*facts) for facts in zip(rows["series"], rows["period"], rows["value"], strict=True)])
    return QUARANTINE.enforce(rows.drop_duplicates("id").assign(restated=None))


def held_whole(restatement: Restatement, reason: str, rows: pd.DataFrame) -> pd.DataFrame:
    """A restatement as one row of ``QUARANTINE``.

    Args:
        rows: its observations, from one collection of one series.
    """
    by = BY_AMOUNT if restatement.amount else BY_FACTOR
    return _whole(restatement.series, restatement.since, restatement.change, by, reason, rows)


def held_split(split: Split, reason: str, rows: pd.DataFrame) -> pd.DataFrame:
    """A suspected split as one row of ``QUARANTINE``.

    Args:
        rows: the observations around it, from one collection of one series.
    """
    return _whole(split.series, split.period, split.factor, BY_SPLIT, reason, rows)


def _whole(series: str, period: pd.Timestamp, value: float, by: str, reason: str, rows: pd.DataFrame) -> pd.DataFrame:
    first = rows.iloc[0]
    facts = {
        "id": _id(series, period, value),
        "series": series,
        "period": period,
        "value": value,
        "published_at": first["collected_at"],
        "collected_at": first["collected_at"],
        "source": first["source"],
        "simulated": first["simulated"],
        "reason": reason,
        "restated": by,
    }
    return QUARANTINE.enforce(pd.DataFrame([facts]))


def the_same(held: pd.DataFrame, restatement: Restatement) -> pd.DataFrame:
    """The rows of ``held`` that are this restatement."""
    alike = [
        row.series == restatement.series
        and row.restated in (BY_FACTOR, BY_AMOUNT)
        and same(restatement, row.value, by_amount=row.restated == BY_AMOUNT)
        for row in held.itertuples()
    ]
    return held[pd.Series(alike, index=held.index, dtype=bool)]


def state(held: pd.DataFrame, decisions: pd.DataFrame, observations: pd.DataFrame) -> pd.Series:
    """For each held figure: ``waiting``, ``released``, ``dropped`` or ``superseded``."""
    if held.empty:  # the usual case, for which what was observed since need not be summed up
        return pd.Series(index=held.index, dtype="object", name="state")
    decided = held["id"].map(decisions.set_index("id")["decision"]) if len(decisions) else pd.Series(None, index=held.index)
    newest = observations.groupby(["series", "period"])["collected_at"].max()
    since = pd.Series(newest.reindex(pd.MultiIndex.from_frame(held[["series", "period"]])).to_numpy(), index=held.index)
    of_series = held["series"].map(observations.groupby("series")["collected_at"].max())
    splits = held[held["restated"] == BY_SPLIT]
    bridged = pd.Series([_both_sides(observations, row.series, row.period) for row in splits.itertuples()], index=splits.index)
    at = since.where(held["restated"].isna(), of_series).where(held["restated"] != BY_SPLIT, bridged.reindex(held.index))
    replaced = pd.to_datetime(at, utc=True) > held["collected_at"]
    return decided.astype("object").where(decided.notna(), replaced.map({True: "superseded", False: "waiting"})).rename("state")


def _both_sides(observations: pd.DataFrame, series: str, period: pd.Timestamp) -> pd.Timestamp:
    """Since when values before and after ``period`` are known; a split between them is then decided."""
    mine = observations[observations["series"] == series]
    later = mine["period"] >= period
    if later.all() or not later.any():
        return pd.NaT
    return max(mine.loc[later, "collected_at"].min(), mine.loc[~later, "collected_at"].min())


def as_released(held: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Held values as observations that are known from ``moment`` on: rows of ``tables.OBSERVATIONS``.

    A restatement has no values of its own: they are requested again.

    Raises:
        ValueError: a value is about a future day.
    """
    held = held[held["restated"].isna()]
    today = moment.tz_convert("UTC").tz_localize(None).normalize()
    early = held[held["period"] > today]
    if len(early):
        one = early.iloc[0]
        raise ValueError(f"{one['id']} is about {one['period']:%Y-%m-%d}, which has not come; drop it, or release it then")
    return OBSERVATIONS.enforce(held[OBSERVATIONS.column_names].assign(published_at=moment, collected_at=moment))


def _id(series: str, period: pd.Timestamp, value: float) -> str:
    return hashlib.sha256(f"{series}|{period:%Y-%m-%d}|{float(value)!r}".encode()).hexdigest()[:10]
