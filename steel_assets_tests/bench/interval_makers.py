"""Makers of intervals around the forecasts of ``experts``, for ``bench.quantile_experts``; the first is the present calibration.

Each says, of every origin and from what was known at its moment, the logarithm of each published quantile over the point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.backtest import priced_positions
from steel_assets.core.calibration import WINDOW
from steel_assets.core.evaluation import EARLIEST, Steps, burn_in, evaluate
from steel_assets.core.history import MarketHistory
from steel_assets.core.intervals import NORMAL_QUANTILES, error_quantiles
from steel_assets.core.models import NAIVE, applicable
from steel_assets.core.models.experts import MEMBERS, Experts, Feedback
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

START, END = pd.Timestamp("2019-01-02"), pd.Timestamp("2023-12-29")
LEVELS = np.array(QUANTILES)
SIZES = np.abs(2 * LEVELS - 1)
PRESENT = "present"
FAST = 0.94
"""Of the variance of yesterday that EWMA keeps: RiskMetrics' value for daily returns."""
TWO_YEARS = 500
ADAPTING = 0.005
"""By how much a miss moves the level asked for: Gibbs & Candès' value, here over the horizon: neighbours miss together."""
TRACKING = 0.1
"""By how much a miss moves a tracked quantile, in standard deviations over the horizon."""


@dataclass(frozen=True, eq=False)
class Walk:
    """One horizon of a market; one row per origin walked, in order.

    Attributes:
        samples: of the origins.
        first: number of the first row that is judged.
        points: what ``experts`` forecast.
        present: logarithm of each published quantile over the point, as calibrated today.
        errors: log(price as it was first known / point); NaN where it never was, or the origin's own price was no news.
        known_at: number of the first row at whose moment that price was known.
    """

    market: str
    samples: Samples
    first: int
    points: np.ndarray
    present: np.ndarray
    errors: np.ndarray
    known_at: np.ndarray

    @property
    def judged(self) -> np.ndarray:
        """True for the origins from ``START`` on whose price came."""
        return np.isfinite(self.errors) & (np.arange(len(self.errors)) >= self.first)

    @property
    def before(self) -> np.ndarray:
        """True for the origins whose price had come when the first judged forecast was issued, but for the first year's."""
        return np.isfinite(self.errors) & (self.known_at < self.first) & (np.arange(len(self.errors)) >= 250)

    @property
    def year(self) -> np.ndarray:
        """Calendar year of each origin."""
        return np.asarray(self.samples.origins.year)

    @property
    def arrivals(self) -> list[np.ndarray]:
        """Per row the earlier rows whose price was first known at its moment, in order."""
        found: list[list[int]] = [[] for _ in self.errors]
        for row in np.flatnonzero(np.isfinite(self.errors) & (self.known_at < len(self.errors))):
            found[self.known_at[row]].append(int(row))
        return [np.array(rows, dtype=int) for rows in found]

    def losses(self, quantiles: np.ndarray) -> np.ndarray:
        """Pinball loss of each row and level, in the target's unit, of logarithms over the point."""
        over = (self.points * np.exp(self.errors))[:, None] - self.points[:, None] * np.exp(quantiles)
        return np.maximum(LEVELS * over, (LEVELS - 1) * over)

    def inside(self, quantiles: np.ndarray) -> np.ndarray:
        """Whether each row's price lies in its 90 % interval."""
        return (self.errors >= quantiles[:, 0]) & (self.errors <= quantiles[:, -1])


def walked(history: MarketHistory, features: pd.DataFrame, horizon: int) -> Walk:
    """Walk ``experts`` and those it listens to forward, as far back as prices go."""
    families = {name: family for name, family in applicable(history.market).items() if name in (NAIVE, Experts.family, *MEMBERS)}
    at = priced_positions(history, START, END, 1, 0)
    first, stop = int(at[0]), int(at[-1]) + 1
    start = max(EARLIEST, first - burn_in(horizon, families))
    samples = build_samples(history, features, horizon)
    made = evaluate(history, samples, families, start, stop, Steps(len(families), None)).forecasts[Experts.family]
    feedback, rows = Feedback.of(history, samples).since(start), samples.rows(slice(start, stop))
    points = made["p"].to_numpy()
    present = np.log(made[list(QUANTILE_COLUMNS)].to_numpy() / points[:, None])
    errors = np.log(feedback.outcome[: stop - start] / points)
    return Walk(history.market.id, rows, first - start, points, present, errors, feedback.known_at[: stop - start])


def makers(walk: Walk) -> dict[str, np.ndarray]:
    """What each maker of intervals says: logarithms over the point, one row per origin, one column per level."""
    present = walk.present
    return {
        PRESENT: present,
        "× 0.8": 0.8 * present,
        "× 1.25": 1.25 * present,
        "last year": _last_year(walk),
        "EWMA": _ewma(walk),
        "adaptive": _adaptive(walk),
        "tracked": _tracked(walk),
    }


def _last_year(walk: Walk) -> np.ndarray:
    """Quantiles of the sizes of the returns over the horizon in the last year, contract rolls left out, on both sides."""
    summed = np.cumsum(np.pad(np.asarray(walk.samples.moves), ((0, 0), (1, 0))), axis=1)
    sizes = np.abs(summed[:, walk.samples.horizon :] - summed[:, : -walk.samples.horizon])
    return np.asarray(np.quantile(sizes, SIZES, axis=1).T * np.sign(NORMAL_QUANTILES))


def _ewma(walk: Walk) -> np.ndarray:
    """Calibrated as the present ones are, with the volatility of the last weeks in place of the platform's."""
    moves = np.asarray(walk.samples.moves)
    weights = (1 - FAST) * FAST ** np.arange(moves.shape[1])[::-1]
    volatility = np.sqrt(walk.samples.horizon * np.maximum(moves**2 @ weights, 1e-8))
    scaled = walk.errors / volatility
    found = []
    for row, size in enumerate(volatility):
        past = slice(max(0, row - walk.samples.horizon - WINDOW), row + 1)
        known = np.where(walk.known_at[past] <= row, scaled[past], np.nan)
        found.append(size * error_quantiles(known, walk.samples.horizon))
    return np.array(found)


def _adaptive(walk: Walk) -> np.ndarray:
    """Quantiles of the errors of two years, at levels that each hit and miss moves."""
    scaled, asked = walk.errors / walk.samples.volatility, LEVELS.copy()
    past: list[float] = []
    said = np.zeros_like(walk.present)
    for row, arrived in enumerate(walk.arrivals):
        for forecast in arrived:
            asked += ADAPTING / walk.samples.horizon * (LEVELS - (scaled[forecast] < said[forecast]))
            past.append(scaled[forecast])
        said[row] = np.quantile(past[-TWO_YEARS:], np.clip(asked, 0, 1)) if len(past) > EARLIEST else NORMAL_QUANTILES
    return said * walk.samples.volatility[:, None]


def _tracked(walk: Walk) -> np.ndarray:
    """The present quantiles and what each hit and miss moved them by."""
    scaled, present = walk.errors / walk.samples.volatility, walk.present / walk.samples.volatility[:, None]
    moved, said = np.zeros(len(LEVELS)), np.zeros_like(present)
    for row, arrived in enumerate(walk.arrivals):
        for forecast in arrived:
            moved += TRACKING / walk.samples.horizon * (LEVELS - (scaled[forecast] < said[forecast]))
        said[row] = present[row] + moved
    return said * walk.samples.volatility[:, None]
