"""Calibrates a champion's quantiles by the errors of its own past forecasts that were known when its week began.

Backtests and today's forecast use it alike. Its inputs are a *track*, which is a series of past out-of-sample point forecasts,
and the prices that have become known since. So a champion that has been in force for months is calibrated as freshly as a new
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.features import build_features
from steel_assets.core.folds import folds
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model
from steel_assets.core.models._protocol import Cadence
from steel_assets.core.samples import Samples, build_samples

WINDOW = 1000
"""Origins whose errors determine the quantiles: about four years, because errors of long horizons overlap."""
EVERY: Cadence = "week"
"""How often a champion is selected and calibrated: at the first origin of each week."""
LONGEST_WEEK = 10
"""No calendar week has more origins than this."""

Scored = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""What is ``scored`` at the moment of an origin number."""


@dataclass(frozen=True, eq=False)
class Track:
    """Point forecasts a family made out of sample: ``points`` (target unit), one for each of ``origins``, in order."""

    origins: pd.DatetimeIndex
    points: np.ndarray

    def newest(self, horizon: int) -> Track:
        """The newest part of the track, as long as any later calibration needs."""
        count = WINDOW + horizon + LONGEST_WEEK
        return Track(self.origins[-count:], self.points[-count:])

    def stored(self) -> dict[str, Any]:
        """The track as JSON values."""
        return {"origins": self.origins.strftime("%Y-%m-%d").tolist(), "points": self.points.tolist()}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Track:
        """The track that ``stored`` gave.

        Raises:
            KeyError, TypeError or ValueError: ``stored`` has another form.
        """
        origins = pd.DatetimeIndex(pd.to_datetime(stored["origins"], format="%Y-%m-%d")).as_unit("ns")
        points = np.array(stored["points"], dtype=float)
        if points.shape != (len(origins),) or not origins.is_monotonic_increasing:
            raise ValueError("a track must have one point for each of its origins, in order")
        if not (np.isnan(points) | ((points > 0) & (points < np.inf))).all():
            raise ValueError("a track's points must be prices")
        return cls(origins, points)


def scored(history: MarketHistory, samples: Samples, start: int, at: int, withheld: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the origins from ``start`` on whose label was known at the moment of origin number ``at``, with that price.

    At most the newest ``WINDOW`` of them. Origins with a carried-forward price are left out: their forecast equals the one
    before, only further from its target.

    Args:
        samples: of those origins, or of the same origins ``withheld`` trading days later.
    """
    first = max(start, at + 1 - samples.horizon - withheld - WINDOW)
    rows = np.arange(first, at + 1)
    y = history.prices_at(samples.target_dates[first : at + 1], history.moments[at])
    known = np.isfinite(y) & samples.news[first : at + 1]
    return rows[known], y[known]


def levels_by_week(samples: Samples, points: np.ndarray, known: Scored, start: int, first: int, stop: int) -> np.ndarray:
    """The scaled error quantiles of origins number ``first`` to ``stop - 1``, from the errors known when the week of each began.

    Args:
        points: forecasts of origins from number ``start`` on.
        known: which of these can be scored, and by what price.
    """
    levels = []
    for fold in folds(samples.origins, EVERY, first, stop):
        rows, y = known(fold.fitted_at)
        errors = intervals.scaled_errors(y, points[rows - start], samples.volatility[rows])
        levels.append(np.tile(intervals.error_quantiles(errors, samples.horizon), (fold.stop - fold.start, 1)))
    return np.concatenate(levels)


def levels_now(history: MarketHistory, samples: Samples, model: Model, track: Track) -> np.ndarray:
    """The scaled error quantiles of a champion at the newest origin of ``history`` (``intervals.error_quantiles``).

    If the newest price has been carried forward for some days, they come from forecasts made equally many days after each earlier
    price, because one-day errors say little about ten-day errors.

    Args:
        model: trained before the origins after its track, which it forecasts here.
    """
    newest = len(history.origins) - 1
    start = int(history.origins.searchsorted(track.origins[0])) if len(track.origins) else newest
    tracked = pd.Series(track.points, index=track.origins).reindex(history.origins[start:]).to_numpy(copy=True)
    later = history.origins[start:] > track.origins[-1] if len(track.origins) else np.ones(1, dtype=bool)
    tracked[later] = model.predict(samples.rows(slice(start, None)).rows(later))["p"].to_numpy()
    at = folds(history.origins, EVERY, newest, newest + 1)[0].fitted_at
    carried = newest - int(history.price_since[newest])
    if carried == 0:
        rows, y = scored(history, samples, start, at)
        errors = intervals.scaled_errors(y, tracked[rows - start], samples.volatility[rows])
        return intervals.error_quantiles(errors, samples.horizon)
    later = history.withheld(carried)
    asked = build_samples(later, build_features(later), samples.horizon).rows(slice(carried, None))
    rows, y = scored(history, asked, start, min(at, newest - carried), carried)
    points = tracked[rows - start] * _aged(model, samples.rows(rows), asked.rows(rows))
    errors = intervals.scaled_errors(y, points, asked.volatility[rows])
    return intervals.error_quantiles(errors, samples.horizon + carried, aged=True)


def _aged(model: Model, then: Samples, later: Samples) -> np.ndarray:
    """The factor by which a model's forecasts change when they are made later without a new price."""
    if len(then) == 0:
        return np.ones(0)
    return np.asarray(model.predict(later)["p"].to_numpy() / model.predict(then)["p"].to_numpy())
