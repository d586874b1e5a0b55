"""Data quality: five shares per series, and one score per market.

Each part is a share of what passed the part before: expected periods that are present, present ones that are valid, valid ones
that are not disputed, undisputed ones that do not leap. So their product (times freshness) is the share of expected periods that
are good, and no fault can raise it. Invalid values (signs, repeated values) and leaps are found by ``core.anomaly_detection``. A
market's score is the *minimum* over its critical series, not an average: nine good drivers cannot hide a missing target.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache

import numpy as np
import pandas as pd

from steel_assets.core.anomaly_detection import LEAP, anomalies
from steel_assets.core.asof import known_at
from steel_assets.core.calendars import period_starts, period_starts_between, publication_moments
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.core.types import Frequency, Market, Series

WINDOW: dict[Frequency, int] = {"daily": 250, "weekly": 104, "monthly": 24, "quarterly": 8}
"""Periods assessed: about a year of sessions, two years of anything slower."""

MOST_MISSED: dict[Frequency, int] = {"daily": 10, "weekly": 4, "monthly": 3, "quarterly": 2}
"""Consecutive missed periods at the end after which a series counts as dead (freshness 0)."""

AGREEMENT = 0.005
"""Largest relative difference at which two sources agree on a period."""


@dataclass(frozen=True)
class _Parts:
    completeness: float = 0.0
    freshness: float = 0.0
    validity: float = 0.0
    consistency: float = 0.0
    outlier: float = 0.0
    newest_period: pd.Timestamp | None = None

    @property
    def product(self) -> float:
        return self.completeness * self.freshness * self.validity * self.consistency * self.outlier


@dataclass(frozen=True, eq=False)
class _Rows:
    """The known observations of one series, equal to any with the same content."""

    frame: pd.DataFrame

    def __hash__(self) -> int:
        return hash(self.frame["value"].to_numpy().tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and self.frame.equals(other.frame)


def critical_series(market: Market) -> tuple[str, ...]:
    """The series that a market's forecasts require: its target, the first two contracts of its curve, its exchange rate."""
    target = market.target
    return tuple(dict.fromkeys((target.series, *target.curve[:2], *((target.fx,) if target.fx else ()))))


def assess(
    observations: pd.DataFrame,
    market: Market,
    series: Mapping[str, Series],
    as_of: pd.Timestamp,
    critical: Collection[str] | None = None,
    *,
    zone: tzinfo = UTC,
    quarantined: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per series that ``market`` reads, in its order, as ``tables.DATA_QUALITY`` declares them.

    Args:
        observations: raw observations, all vintages; those not known at ``as_of`` are ignored.
        series: declarations of at least every series the market reads.
        as_of: the moment of the assessment, UTC; also ``created_at`` of the rows.
        critical: ids of the series that determine the market's score; None for ``critical_series(market)``.
        zone: time zone of the day of the assessment.
        quarantined: values that wait for a decision (``core.quarantine.QUARANTINE``); each counts as invalid.

    Raises:
        ValueError: a declaration is missing, or ``critical`` names a series the market does not read.
    """
    missing = [name for name in market.series_ids if name not in series]
    if missing:
        raise ValueError(f"market {market.id}: no declaration of series {', '.join(missing)} was passed to the assessment")
    decisive = set(critical_series(market) if critical is None else critical)
    if not decisive or not decisive <= set(market.series_ids):
        raise ValueError(f"market {market.id}: critical must name some of the series it reads, got {sorted(decisive)}")
    known = observations[observations["series"].isin(market.series_ids)]
    known = known[known_at(known) <= as_of]
    by_series = dict(tuple(known.groupby("series", observed=True, sort=False)))
    doubted = _quarantined_counts(quarantined, as_of)
    rows = []
    for name in market.series_ids:
        parts = _Parts()
        if name in by_series:
            parts = _parts(_Rows(by_series[name].reset_index(drop=True)), series[name], as_of, doubted.get(name, 0))
        rows.append(
            {
                "date": as_of.tz_convert(zone).tz_localize(None).normalize(),
                "market": market.id,
                "series": name,
                "critical": name in decisive,
                "completeness_score": parts.completeness,
                "freshness_score": parts.freshness,
                "validity_score": parts.validity,
                "consistency_score": parts.consistency,
                "outlier_score": parts.outlier,
                "quality_score": parts.product,
                "newest_period": parts.newest_period,
                "created_at": as_of,
            }
        )
    return DATA_QUALITY.enforce(pd.DataFrame(rows))


def market_score(rows: pd.DataFrame) -> float:
    """The lowest quality score among one market's critical series, 0-1.

    Raises:
        ValueError: the rows are of no market, of several, or name no critical series.
    """
    if rows["market"].nunique() != 1 or rows["date"].nunique() != 1:
        raise ValueError(f"expected one day's quality rows of one market, got {rows[['date', 'market']].drop_duplicates()!r}")
    scores = rows.loc[rows["critical"], "quality_score"]
    if scores.empty:
        raise ValueError(f"market {rows['market'].iloc[0]}: no critical series among its quality rows")
    return float(scores.min())


def _quarantined_counts(quarantined: pd.DataFrame | None, as_of: pd.Timestamp) -> dict[str, int]:
    """Series → how many of its periods are held in quarantine at ``as_of``."""
    if quarantined is None or quarantined.empty:
        return {}
    held = quarantined[quarantined["collected_at"] <= as_of]
    return {str(name): int(count) for name, count in held.groupby("series")["period"].nunique().items()}


@lru_cache(maxsize=64)
def _parts(rows: _Rows, series: Series, as_of: pd.Timestamp, doubted: int) -> _Parts:
    """The parts of one series, computed once for all markets that read it."""
    known = rows.frame
    bucket = period_starts(pd.DatetimeIndex(known["period"]), series.frequency)
    today = as_of.tz_convert(UTC).tz_localize(None).normalize()
    future = bucket > today
    if future.all():
        return _Parts()
    expected = _expected(series, bucket[~future].min(), as_of)
    newest_period = bucket[~future].max()
    if expected.empty:
        return _Parts(newest_period=newest_period)

    versions = known.assign(bucket=bucket)[~future].sort_values(["bucket", "published_at", "collected_at"], kind="stable")
    history = versions.drop_duplicates("bucket", keep="last").set_index("bucket")["value"].astype(float)
    wrong = anomalies(history, series)
    leaps = wrong.index[wrong["kind"] == LEAP]
    versions = versions[versions["bucket"].isin(expected)]
    present = history[history.index.isin(expected)]
    valid = present[~present.index.isin(wrong.index.difference(leaps))]
    agreed = valid[~valid.index.isin(_disputed(versions))]
    usual = agreed[~agreed.index.isin(leaps)]

    dreamt = int(known.loc[future, "period"].nunique())
    missed = len(expected) - 1 - int(expected.get_loc(usual.index[-1])) if len(usual) else len(expected)
    return _Parts(
        completeness=len(present) / len(expected),
        freshness=max(0.0, 1.0 - missed / MOST_MISSED[series.frequency]) if len(usual) else 0.0,
        validity=_share(len(valid), len(present) + dreamt + doubted),
        consistency=_share(len(agreed), len(valid)),
        outlier=_share(len(usual), len(agreed)),
        newest_period=newest_period,
    )


def _expected(series: Series, first: pd.Timestamp, as_of: pd.Timestamp) -> pd.DatetimeIndex:
    """The last window of periods since ``first`` that were published by ``as_of`` by the series' publication rule."""
    end = as_of.tz_convert(UTC).tz_localize(None).normalize() + pd.Timedelta(days=1)
    if series.frequency == "daily":
        first = max(first, end - pd.Timedelta(days=3 * WINDOW["daily"]))
    periods = period_starts_between(series.calendar, series.frequency, first, end)
    published = publication_moments(periods, series.frequency, series.published)
    return periods[published <= as_of][-WINDOW[series.frequency] :]


def _disputed(versions: pd.DataFrame) -> pd.Index:
    """Periods for which one publication of a source has different values, or on whose newest value sources differ.

    A revision published later is not a dispute; two answers for the same publication are.
    """
    versions = versions[versions["bucket"].duplicated(keep=False)]  # what was said once is not disputed
    if versions.empty:
        return pd.DatetimeIndex([])
    values = versions.assign(value=versions["value"].fillna(np.inf))
    twice = values.groupby(["bucket", "source", "published_at"], observed=True)["value"].nunique()
    latest = values.groupby(["bucket", "source"], observed=True)["value"].last().groupby("bucket")
    low, high = latest.min(), latest.max()
    apart = (high - low) > AGREEMENT * np.maximum(low.abs(), high.abs())
    return twice.index[twice > 1].get_level_values("bucket").union(apart.index[apart])


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
