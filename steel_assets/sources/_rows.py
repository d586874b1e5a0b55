"""Converts values to observations: their period, their publication time, and which of them are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from steel_assets.core.asof import new_or_changed
from steel_assets.core.calendars import period_starts, publication_moments
from steel_assets.core.table_schema import PANDAS_DTYPES
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series

VERSION = ["series", "period", "published_at"]

NOT_YET = "dated in the future"
FAR_AHEAD = pd.Timedelta(days=7)
"""The current session, and the next one of an exchange further east, are shown early; a week ahead is an error."""


def news(
    figures: Sequence[pd.DataFrame], series: Sequence[Series], known: pd.DataFrame, moment: pd.Timestamp, notes: Counter[str]
) -> pd.DataFrame:
    """What is new or changed in ``figures``: ``series, period, value, published_at``.

    Args:
        figures: frames of ``series, period, value`` and, where the provider says it, ``published_at``.
        notes: counts the rows that are left out, by reason.
    """
    parts = by_series(figures)
    rows = [_public(declared, part, moment, notes) for declared in series for part in parts.get(declared.id, [])]
    if not rows:
        return OBSERVATIONS.empty()[["series", "period", "value", "published_at"]]
    return new_or_changed(_without_contradictions(pd.concat(rows, ignore_index=True), notes), known, moment)


def ahead(figures: Sequence[pd.DataFrame], series: Sequence[Series], moment: pd.Timestamp) -> pd.DataFrame:
    """Values dated further ahead than an exchange can be: ``series, period, value, published_at`` (by the series' rule)."""
    found, parts = [], by_series(figures)
    for declared in series:
        for part in parts.get(declared.id, []):
            rows = part[part["value"].notna() & (part["period"] > moment.tz_localize(None) + FAR_AHEAD)]
            if rows.empty:
                continue
            rows = rows.drop_duplicates("period")
            periods = period_starts(pd.DatetimeIndex(rows["period"]), declared.frequency)
            published = publication_moments(periods, declared.frequency, declared.published)
            found.append(rows[["series", "value"]].assign(period=periods, published_at=published))
    nothing = OBSERVATIONS.empty()[["series", "period", "value", "published_at"]]
    return pd.concat([nothing, *found], ignore_index=True).drop_duplicates(["series", "period"])


def by_series(figures: Sequence[pd.DataFrame]) -> dict[str, list[pd.DataFrame]]:
    """The rows of each series, a frame for each of ``figures`` that has some."""
    found: dict[str, list[pd.DataFrame]] = {}
    for frame in figures:
        names = frame["series"].unique()
        for name in names:
            found.setdefault(name, []).append(frame if len(names) == 1 else frame[frame["series"] == name])
    return found


def split(figures: Sequence[pd.DataFrame]) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """The values as declared in the catalogue, and those that their connector marked as doubtful (``doubt``)."""
    meant, doubted = [], []
    for frame in figures:
        odd = frame["doubt"].notna() if "doubt" in frame else pd.Series(data=False, index=frame.index)
        meant.append(frame[~odd])
        doubted.append(frame[odd])
    return meant, [frame for frame in doubted if len(frame)]


def reported_splits(figures: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The splits of shares that providers report beside figures: ``series, period, factor``."""
    found = [frame.loc[frame["split"].notna(), ["series", "period", "split"]] for frame in figures if "split" in frame]
    nothing = pd.DataFrame({"series": [], "period": [], "split": []})
    return pd.concat([frame for frame in found if len(frame)] or [nothing], ignore_index=True).rename(columns={"split": "factor"})


def reasons(rows: pd.DataFrame, doubted: Sequence[pd.DataFrame], series: Sequence[Series]) -> pd.Series:
    """Why each of ``rows``, which ``news`` made of ``doubted``, was doubted."""
    why: dict[tuple[object, ...], str] = {}
    for declared in series:
        for frame in doubted:
            mine = frame[frame["series"] == declared.id]
            periods = period_starts(pd.DatetimeIndex(mine["period"]), declared.frequency)
            why |= dict(zip(zip(mine["series"], periods, mine["value"], strict=True), mine["doubt"], strict=True))
    keys = zip(rows["series"], rows["period"], rows["value"], strict=True)
    return pd.Series([why[key] for key in keys], index=rows.index, dtype="object")


def as_observations(rows: pd.DataFrame, moment: pd.Timestamp, source: str, *, simulated: bool) -> pd.DataFrame:
    """``rows`` of ``series, period, value, published_at`` as ``tables.OBSERVATIONS`` declares them."""
    return OBSERVATIONS.enforce(rows.assign(collected_at=moment, source=source, simulated=simulated))


def _public(series: Series, figures: pd.DataFrame, moment: pd.Timestamp, notes: Counter[str]) -> pd.DataFrame:
    """The ``figures`` of one series published by ``moment``, with their publication time."""
    rows = figures[figures["value"].notna()].copy()
    rows["period"] = period_starts(pd.DatetimeIndex(rows["period"]), series.frequency)
    by_rule = publication_moments(pd.DatetimeIndex(rows["period"]), series.frequency, series.published)
    by_rule = pd.Series(by_rule, index=rows.index, dtype=PANDAS_DTYPES["timestamp"])
    by_provider = rows["published_at"] if "published_at" in rows else by_rule.mask(by_rule.notna())
    rows["dated"] = by_provider.notna()
    rows["published_at"] = by_provider.fillna(by_rule)
    today = moment.tz_convert(series.published.tzinfo).tz_localize(None).normalize()
    public = (rows["published_at"] <= moment) & (rows["period"] <= today)
    return _without(rows, ~public, "not published yet", notes)


def _without_contradictions(rows: pd.DataFrame, notes: Counter[str]) -> pd.DataFrame:
    """Rows without repetitions. If two values contradict each other, neither is kept, and both are requested again."""
    rows = _without(rows, rows.duplicated([*VERSION, "value"]), "repeated rows", notes)
    return _without(rows, rows.duplicated(VERSION, keep=False), "contradicting rows", notes)


def _without(rows: pd.DataFrame, these: pd.Series, reason: str, notes: Counter[str]) -> pd.DataFrame:
    if these.any():
        notes[reason] += int(these.sum())
    return rows[~these]
