"""Drift: recent features, returns and errors compared with the years before, and with how much they usually differ.

The distance between sixty days of prices and the two years before is always large by a textbook's threshold (even sixty draws
from the same distribution have a population stability index of 0.17). So each distance is compared with the same distance at
earlier dates, and only one that exceeds nearly all of them counts. Two distances are computed: Wasserstein's, which measures how
far values moved, and the population stability index, which measures how differently they are spread over the reference's deciles.
Their geometric mean is compared (on simulated markets it detects as much as Wasserstein's alone, with a quarter fewer false
alarms). Drift means that two of the three groups (features, returns, errors) exceed their limit at once. It is only a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.intervals import scaled_errors
from steel_assets.core.returns import daily_returns
from steel_assets.core.samples import build_samples
from steel_assets.core.tables import DRIFT

REFERENCE, CURRENT = 500, 60
"""Origins compared: the newest 60 against the 500 before them."""
EVERY = 5
"""Origins from one measurement to the next."""
FEWEST = 50
"""Least number of earlier measurements for a score."""
RARE = 0.99
"""Share of the earlier measurements that a distance must exceed."""
LOOKBACK = 400
"""Number of earlier distances, at most, that a distance is compared with: those of eight years."""
BLOCK = 200
"""Measurements made at once, so that the memory of their windows is used again instead of being asked of the system anew."""
AGREEING = 2
"""How many of features, returns and errors must exceed their limit."""
LEVELS = np.linspace(0.025, 0.975, 20)
DECILES = np.arange(1, 10) / 10
SMALLEST = 1e-9

GROUPS = ("features", "returns", "errors")
ALL = "all"
"""The subject of the groups' joint result."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Measurements of one market, by origin measured and group.

    Attributes:
        scores: 0-1, the share of the LOOKBACK measurements before it that its distance exceeds (NaN while those are too few).
        wasserstein: distance in standard deviations of the reference, the median over the group's columns.
        psi: population stability index, the median over the group's columns.
    """

    scores: pd.DataFrame
    wasserstein: pd.DataFrame
    psi: pd.DataFrame

    @property
    def alarms(self) -> pd.Series:
        """By origin measured: whether at least two groups exceed their limit."""
        return together(self.scores) > RARE

    @property
    def judged(self) -> int:
        """Number of measurements with enough earlier ones for an alarm."""
        return int(together(self.scores).notna().sum())

    @property
    def episodes(self) -> int:
        """Number of alarms that follow a measurement without alarm."""
        alarms = self.alarms.to_numpy()
        return int((alarms[1:] & ~alarms[:-1]).sum() + (alarms[0] if len(alarms) else 0))


def together(groups: pd.DataFrame) -> pd.Series:
    """The score that at least two of the groups reach, row by row; NaN if fewer than two are known."""
    ordered = np.sort(-groups.to_numpy(dtype=float), axis=1)  # largest first, NaN last
    return pd.Series(-ordered[:, AGREEING - 1], index=groups.index, dtype=float)


def newest_rows(drift: Drift, market: str, *, simulated: bool, created_at: pd.Timestamp) -> pd.DataFrame:
    """The newest measurement as rows of ``tables.DRIFT``: one per group, and one for their joint result.

    Args:
        created_at: UTC, of the rows.
    """
    if drift.scores.empty:
        return DRIFT.empty()
    tables = {"wasserstein": drift.wasserstein, "psi": drift.psi, "score": drift.scores}
    figures = pd.DataFrame(
        {name: pd.concat([table.iloc[-1], together(table).tail(1).set_axis([ALL])]) for name, table in tables.items()}
    )
    return DRIFT.enforce(
        figures.rename_axis("subject")
        .reset_index()
        .assign(
            date=drift.scores.index[-1],
            market=market,
            drifted=(figures["score"] > RARE).to_numpy(),
            simulated=simulated,
            created_at=created_at,
        )
    )


def newest_scores(rows: pd.DataFrame, date: pd.Timestamp) -> dict[str, float]:
    """The newest score of each market up to ``date``, from rows of ``tables.DRIFT``; NaN if it could not be computed."""
    together = rows[(rows["subject"] == ALL) & (rows["date"] <= date)].sort_values("date")
    return together.drop_duplicates("market", keep="last").set_index("market")["score"].to_dict()


def market_drift(history: MarketHistory, features: pd.DataFrame, newest: int | None = None) -> Drift:
    """The drift of a market: of its features, its daily returns, and the last price's errors at its shortest horizon.

    Only origins with a new price are used; a price carried forward is no observation.

    Args:
        features: as ``features.build_features`` made them from the same history.
        newest: only this many measurements, the newest; None for all.
    """
    samples = build_samples(history, features, min(history.market.horizons))
    y = history.prices_at(samples.target_dates, history.as_of)
    errors = scaled_errors(y, samples.roll_aware, samples.volatility)
    news = history.price_news
    known = pd.Series(np.where(news, errors, np.nan), index=history.origins).shift(samples.horizon)
    returns = daily_returns(history).daily.to_frame()
    return measure({"features": features[news], "returns": returns[news], "errors": known.to_frame()[news]}, newest)


def measure(groups: dict[str, pd.DataFrame], newest: int | None = None) -> Drift:
    """The drift of each group of columns, at the newest origin and every fifth before it, from what was known by then.

    Args:
        groups: ``features``, ``returns`` and ``errors``: tables with the same index (origins in order), one column each quantity,
            NaN where unknown.
        newest: only this many measurements, the newest; None for all.
    """
    origins = next(iter(groups.values())).index
    places = np.arange(len(origins), REFERENCE + CURRENT - 1, -EVERY)[::-1]
    shown = len(places) if newest is None else min(newest, len(places))
    places = places[-(shown + LOOKBACK) :]
    distances = {
        name: _distances(table.to_numpy(dtype=float).tobytes(), table.shape[1], places.tobytes())
        for name, table in groups.items()
    }
    scores = {name: _share_exceeded(np.sqrt(wasserstein * psi)) for name, (wasserstein, psi) in distances.items()}
    wasserstein, psi = ({name: pair[place] for name, pair in distances.items()} for place in (0, 1))
    tables = (pd.DataFrame(table, index=origins[places - 1]) for table in (scores, wasserstein, psi))
    return Drift(*(table.iloc[len(places) - shown :] for table in tables))


@lru_cache(maxsize=16)
def _distances(table: bytes, width: int, numbers: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Wasserstein distance and stability index of the current window to the reference at each place, medians over the columns.

    The training and the daily run of one morning ask for the same, and where one process runs both it is worked out once.

    Args:
        table: the values, row after row.
        width: their columns.
        numbers: the places.
    """
    places = np.frombuffer(numbers, dtype=int)
    values = np.frombuffer(table).reshape(-1, width) if width else np.empty((0, 0))
    if not len(places) or not values.shape[1]:
        return np.full(len(places), np.nan), np.full(len(places), np.nan)
    moved, unlike, enough = (np.stack(part, axis=1) for part in zip(*(_of_column(c, places) for c in values.T), strict=True))
    alone = (enough.sum(axis=1) == 1)[:, None]
    wasserstein, psi = (_medians(np.where(alone, of_one.T, of_several.T), enough) for of_one, of_several in (moved, unlike))
    return wasserstein, psi


def _of_column(column: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What of one column is different at each place, as ``_added`` adds it up, and whether enough of it is known there."""
    values, ranks = _ranked(column)
    counted = np.concatenate([[0], np.isfinite(column).cumsum()])
    blocks = [_of_block(values, ranks, counted, places[start : start + BLOCK]) for start in range(0, len(places), BLOCK)]
    moved, unlike, enough = (np.concatenate(part, axis=-1) for part in zip(*blocks, strict=True))
    return moved, unlike, enough


def _of_block(
    values: np.ndarray, ranks: np.ndarray, counted: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``_of_column`` at some places.

    Args:
        values, ranks: as ``_ranked`` returned them.
        counted: how many values are known before each row, and of all rows.
    """
    first, between = places - CURRENT - REFERENCE, places - CURRENT
    known = [counted[between] - counted[first], counted[places] - counted[between]]
    enough = (known[0] / REFERENCE > 0.5) & (known[1] / CURRENT > 0.5)
    moved, unlike = np.full((2, len(places)), np.nan), np.full((2, len(places)), np.nan)
    if enough.any():
        windows = np.lib.stride_tricks.sliding_window_view(ranks, REFERENCE + CURRENT)[first[enough]]
        then, now = np.sort(windows[:, :REFERENCE], axis=1), np.sort(windows[:, REFERENCE:], axis=1)
        known = [count[enough] for count in known]
        spread = np.maximum(_deviations(values[then], known[0] == REFERENCE), SMALLEST)
        distance = np.abs(values[_quantiles(now, known[1], LEVELS)] - values[_quantiles(then, known[0], LEVELS)])
        moved[:, enough] = _added(distance) / len(LEVELS) / spread
        unlike[:, enough] = _added(_stability_index(then, now, known))
    return moved, unlike, enough


def _ranked(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of ``column``, ascending and NaN last, and the number of each row's value among them.

    Numbers of sixteen bits are sorted in a fraction of the time that values take.
    """
    values, ranks = np.unique(column, return_inverse=True)
    return values, ranks.astype(np.int16 if len(values) <= np.iinfo(np.int16).max else np.int32)


def _deviations(windows: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The standard deviation of the known values of each row; rows that are ``whole`` take half the time."""
    deviations = np.empty(len(windows))
    deviations[whole] = np.std(windows[whole], axis=1)
    if not whole.all():
        deviations[~whole] = np.nanstd(windows[~whole], axis=1)
    return deviations


def _added(terms: np.ndarray) -> np.ndarray:
    """The sum over the first axis, twice: as numpy adds up a column that is alone, and as it adds up one of several.

    The last bit depends on it, and what was measured must be measured the same again.
    """
    return np.stack([np.ascontiguousarray(terms.T).sum(axis=1), reduce(np.add, terms)])


def _medians(columns: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """The median of those columns of each row that are known well enough; NaN where none is."""
    whole = enough.all(axis=1)
    medians = np.full(len(columns), np.nan)
    medians[whole] = np.median(columns[whole], axis=1)
    for row in np.flatnonzero(enough.any(axis=1) & ~whole):
        medians[row] = np.median(columns[row, enough[row]])
    return medians


def _stability_index(then: np.ndarray, now: np.ndarray, known: Sequence[np.ndarray]) -> np.ndarray:
    """The terms of the population stability index of each row over the deciles of ``then``, in ten rows.

    Half a count more keeps empty bins finite.
    """
    edges = _quantiles(then, known[0], DECILES)
    expected, found = (_shares(window, count, edges) for window, count in zip((then, now), known, strict=True))
    return np.asarray((found - expected) * np.log(found / expected))


def _shares(windows: np.ndarray, known: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the known values of each row between its ``edges``, in ten rows.

    Args:
        windows: ranks of values, ascending in each row, NaN last.
        edges: ranks of known values, ascending in each column, which belongs to a row of ``windows``.
    """
    rows, length = windows.shape
    highest = max(int(windows.max()), int(edges.max()))
    apart = np.arange(rows) * (highest + 1)  # so all rows, one after another, are in order, and one search finds every edge
    below = (windows + apart[:, None]).ravel().searchsorted((edges + apart).ravel(), side="right").reshape(edges.shape)
    counts = np.diff(below - np.arange(rows) * length, axis=0, prepend=0 * known[None], append=known[None]) + 0.5
    return np.asarray(counts / counts.sum(axis=0))


def _quantiles(ordered: np.ndarray, known: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of the known values of each row, the nearest known value to each; a row for each level."""
    rank = np.minimum((levels[:, None] * known).astype(int), known - 1)
    return ordered[np.arange(len(ordered)), rank]


def _share_exceeded(distances: np.ndarray) -> np.ndarray:
    """For each distance the share of the LOOKBACK before it that it exceeds."""
    shares = np.full(len(distances), np.nan)
    for number, distance in enumerate(distances):
        earlier = distances[max(number - LOOKBACK, 0) : number]
        earlier = earlier[np.isfinite(earlier)]
        if len(earlier) >= FEWEST and np.isfinite(distance):
            shares[number] = (earlier < distance).mean()
    return shares
