"""Prediction with expert advice: families and their shrunk versions, weighted anew with every price that becomes known.

An expert is last × (forecast / last)^share: a family with a share of its move. The last price is an expert too, which starts with
the greater part of the weight. Weights grow with the exponential of past gains over the last price (Vovk 1990; Cesa-Bianchi &
Lugosi 2006, chapter 2), in units of volatility. A small part of all weight is redistributed at each step, so that an expert's
early success does not last for ever (fixed share: Herbster & Warmuth 1998). A gain counts when its target date's price is first
known, and by 1 / horizon, because neighbouring gains overlap. Shrunk versions limit the loss when a family fails: weight moves to
a smaller share first.

The learning rate is fixed: rates learned from the gains (BOA, Wintenberger 2017, in Gaillard's ``opera``) were no better on the
real markets when mixed over a grid; docs/accuracy.md says what was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from steel_assets.core.history import MarketHistory
from steel_assets.core.models._calibrated import Calibrated
from steel_assets.core.models._protocol import Cadence, Model
from steel_assets.core.models._stored import few, figure
from steel_assets.core.models.boosting import Boosting
from steel_assets.core.models.forward_curve import ForwardCurve
from steel_assets.core.models.prophet import Prophet
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.models.roll_aware import RollAware
from steel_assets.core.samples import Samples

MEMBERS: Mapping[str, type[Model]] = {
    family.family: family for family in (RollAware, ForwardCurve, Ridge, RecursiveRidge, Prophet, Boosting)
}
"""The families used. ``drift``, ``ets`` and ``theta`` added nothing on the real markets."""
SHARES = np.array([0.25, 0.5, 0.75, 1.0])
"""The shares of a member's move, one expert each."""
BEFOREHAND = np.array([1, 1, 1, 3]) / 6
"""How a member's initial weight is divided among them."""
LAST_PRICE = 0.6
"""Initial weight of the last price; members divide the rest equally."""
ROUNDS = 500
"""Newest origins from which weights are learned: about two years."""
RATE = 1.0
"""Learning rate: the logarithm by which a weight grows for a gain of one standard deviation over the horizon."""
SWITCHING = 1 / 2500
"""Share of all weight that is redistributed at each origin: as if the best expert changed once in ten years."""
LARGEST = 4.0
"""Gains and losses are clipped to this many standard deviations."""
ROUNDING = 1e-9
MOST_DAYS = 2000
"""Limit of days of advice, and of origins of a track, in a file that is read."""


@dataclass(frozen=True, eq=False)
class MemberForecasts:
    """The members' forecasts at past origins: ``points`` by member (target unit), one for each of ``origins``, in order."""

    origins: pd.DatetimeIndex
    points: Mapping[str, np.ndarray]

    def newest(self, horizon: int) -> MemberForecasts:
        """The newest part, as long as weights of the newest or any later origin need."""
        count = ROUNDS + horizon
        return MemberForecasts(self.origins[-count:], {name: points[-count:] for name, points in self.points.items()})


@dataclass(frozen=True, eq=False)
class MemberWeights:
    """The share of each member's move, from each of ``days`` (origins, in order) on.

    Attributes:
        shares: one row per day, one column per member of ``names``; the last price has the rest to 1.
    """

    days: pd.DatetimeIndex
    names: tuple[str, ...]
    shares: np.ndarray

    def at(self, origins: pd.DatetimeIndex) -> np.ndarray:
        """One row per origin: the shares of the newest day that is not later, or of the first day."""
        return self.shares[np.maximum(self.days.searchsorted(origins, side="right") - 1, 0)]


class Experts(Calibrated):
    """exp(log(last) + Σ share × log(forecast of a member / last)).

    Args:
        member_forecasts: the members' forecasts at earlier origins, from which shares are learned at each origin after the fit.
        advice: the shares at the newest of those origins. Without both, all experts have their initial weights.
    """

    family: ClassVar[str] = "experts"
    complexity: ClassVar[int] = 4
    significance: ClassVar[float] = 0.1
    refit_every: ClassVar[Cadence] = "week"

    def __init__(self, member_forecasts: MemberForecasts | None = None, advice: MemberWeights | None = None) -> None:
        super().__init__()
        self.member_forecasts = member_forecasts or MemberForecasts(pd.DatetimeIndex([]), {name: np.zeros(0) for name in MEMBERS})
        self.advice = advice or MemberWeights(
            pd.DatetimeIndex(["1900-01-01"]), tuple(MEMBERS), np.full((1, len(MEMBERS)), unlearned(len(MEMBERS)))
        )
        self.members: dict[str, Model] = {}

    def points(self, samples: Samples) -> np.ndarray:
        forecasts = {name: model.predict(samples)["p"].to_numpy() for name, model in self.members.items()}
        return advised(forecasts, self.advice.names, self.advice.at(samples.origins), samples.last)

    def today(self, history: MarketHistory, samples: Samples) -> Self:
        """This model with the shares of each origin since the fit, learned from earlier forecasts and known prices."""
        first = int(history.origins.searchsorted(self.advice.days[-1]))
        if not self.members or not len(self.member_forecasts.origins) or first >= len(history.origins):
            return self
        start = int(history.origins.searchsorted(self.member_forecasts.origins[0]))
        rows = samples.rows(slice(start, None))
        later = rows.origins > self.member_forecasts.origins[-1]
        points = {}
        for name, before in self.member_forecasts.points.items():
            forecasts = pd.Series(before, index=self.member_forecasts.origins).reindex(rows.origins).to_numpy(copy=True)
            if later.any():
                forecasts[later] = self.members[name].predict(rows.rows(later))["p"].to_numpy()
            points[name] = forecasts
        days = np.arange(first, len(history.origins))
        shares = learned_shares(points, Feedback.of(history, samples).since(start), rows, days - start)
        model = copy(self)
        model.advice = MemberWeights(history.origins[days], tuple(points), shares)
        return model

    def explain(self, samples: Samples) -> pd.DataFrame:
        """The members' contributions, multiplied by their shares."""
        shares = self.advice.at(samples.origins)
        weighted = [
            self.members[name].explain(samples).mul(shares[:, place], axis=0)
            for place, name in enumerate(self.advice.names)
            if name in self.members
        ]
        if not weighted:
            return pd.DataFrame(index=range(len(samples)))
        return pd.concat(weighted, axis=1).fillna(0.0).T.groupby(level=0).sum().T

    def _learn(self, past: Samples) -> np.ndarray:
        self.members = {name: MEMBERS[name]().fit(past) for name in self.advice.names}
        return past.scaled_returns

    def _state(self) -> dict[str, Any]:
        return {
            "heard": {
                "origins": self.member_forecasts.origins.strftime("%Y-%m-%d").tolist(),
                "points": {name: points.tolist() for name, points in self.member_forecasts.points.items()},
            },
            "advice": {
                "days": self.advice.days.strftime("%Y-%m-%d").tolist(),
                "names": list(self.advice.names),
                "shares": self.advice.shares.tolist(),
            },
            "members": {name: model.to_bytes().decode() for name, model in self.members.items()},
        }

    def _restore(self, stored: dict[str, Any]) -> None:
        heard, advice = stored.pop("heard"), stored.pop("advice")
        names = tuple(_member(name) for name in few(advice["names"], "names", len(MEMBERS)))
        origins, forecasts = _days(heard["origins"], "heard.origins"), heard["points"]
        if set(forecasts) != set(names) or len(names) != len(set(names)):
            raise ValueError(f"heard were {', '.join(forecasts)}, which are not those that are believed: {', '.join(names)}")
        points = {
            name: np.array([figure(point, f"a point of {name}", 1e-9, 1e12) for point in few(forecasts[name], name, MOST_DAYS)])
            for name in names
        }
        if any(len(point) != len(origins) for point in points.values()):
            raise ValueError("each member must have said one price at each origin")
        days = _days(advice["days"], "advice.days")
        rows = [few(row, "shares", len(MEMBERS)) for row in few(advice["shares"], "shares", MOST_DAYS)]
        shares = np.array([[figure(value, "a share", 0, 1) for value in row] for row in rows]).reshape(len(rows), -1)
        if not len(days) or shares.shape != (len(days), len(names)) or (shares.sum(axis=1) > 1 + ROUNDING).any():
            raise ValueError("there must be one share a day for each member that was heard, adding up to no more than 1")
        members = stored.pop("members")
        if not isinstance(members, dict) or (members and set(members) != set(names)):
            raise ValueError(f"members {', '.join(members)} are not those that are believed: {', '.join(names)}")
        self.member_forecasts, self.advice = MemberForecasts(origins, points), MemberWeights(days, names, shares)
        self.members = {name: MEMBERS[name].from_bytes(members[name].encode()) for name in names if name in members}
        super()._restore(stored)


@dataclass(frozen=True, eq=False)
class Feedback:
    """When and by which price each origin's forecasts were judged; one row per origin, in order.

    Attributes:
        outcome: the first known price of the target date; NaN if it is not known, or if the origin had no new price.
        known_at: number of the first origin at whose moment it was known, in the numbering of the rows.
    """

    outcome: np.ndarray
    known_at: np.ndarray

    @classmethod
    def of(cls, history: MarketHistory, samples: Samples) -> Self:
        prices, since = history.first_known(samples.target_dates)
        return cls(np.where(samples.news, prices, np.nan), since)

    def since(self, start: int) -> Feedback:
        """The origins from number ``start`` on, renumbered from there."""
        return Feedback(self.outcome[start:], self.known_at[start:] - start)


def unlearned(members: int) -> float:
    """The share of each member's move before anything is learned."""
    return float((1 - LAST_PRICE) / members * (BEFOREHAND @ SHARES)) if members else 0.0


def advised(forecasts: Mapping[str, np.ndarray], names: Sequence[str], shares: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The price from the members' forecasts and their ``shares`` (one row per forecast)."""
    moves = np.zeros(len(last))
    for place, name in enumerate(names):
        if name in forecasts:
            moves = moves + shares[:, place] * np.log(forecasts[name] / last)
    return np.asarray(last * np.exp(moves))


def learned_shares(points: Mapping[str, np.ndarray], feedback: Feedback, samples: Samples, at: np.ndarray) -> np.ndarray:
    """The share of each member's move at the moment of each origin number of ``at``.

    Learning starts from ``unlearned`` at the first of the newest ``ROUNDS`` origins with known target prices. So the shares
    depend on prices, forecasts and the calendar only, not on where a backtest starts or whether a run was missed.

    Args:
        points: by member, its forecasts, one for each row of ``samples``.
        feedback, samples: of the same origins.

    Returns:
        One row per number in ``at``, one column per member in the order of ``points``.
    """
    if not points:
        return np.zeros((len(at), 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.log(np.stack(list(points.values()), axis=1) / samples.last[:, None])
        came = np.log(feedback.outcome / samples.last)
        experts = (moves[:, :, None] * SHARES).reshape(len(moves), -1)
        gains = (np.abs(came)[:, None] - np.abs(came[:, None] - experts)) / samples.volatility[:, None]
    judged = np.isfinite(gains).all(axis=1)
    growth = np.ones((len(gains), 1 + experts.shape[1]))
    growth[judged, 1:] = np.exp(RATE / samples.horizon * np.clip(gains[judged], -LARGEST, LARGEST))
    first = np.concatenate([[LAST_PRICE], np.tile((1 - LAST_PRICE) / len(points) * BEFOREHAND, len(points))])
    weights, redistributed = np.tile(first, (len(at), 1)), SWITCHING * first
    for back in range(samples.horizon + ROUNDS - 1, samples.horizon - 1, -1):
        rows = np.maximum(at - back, 0)
        known = (at >= back) & (feedback.known_at[rows] <= at)
        np.multiply(weights, growth.take(rows, axis=0), out=weights, where=known[:, None])
        weights *= (1 - SWITCHING) / weights.sum(axis=1, keepdims=True)
        weights += redistributed
    return np.asarray((weights[:, 1:].reshape(len(at), len(points), len(SHARES)) * SHARES).sum(axis=2))


def _member(name: object) -> str:
    if name not in MEMBERS:
        raise ValueError(f"{str(name)[:40]!r} is none of {', '.join(MEMBERS)}")
    return str(name)


def _days(values: object, what: str) -> pd.DatetimeIndex:
    """Days in ascending order without repeats.

    Raises:
        ValueError: ``values`` are not; the message contains ``what``.
    """
    days = pd.DatetimeIndex(pd.to_datetime(few(values, what, MOST_DAYS), format="%Y-%m-%d")).as_unit("ns")
    if not days.is_monotonic_increasing or not days.is_unique:
        raise ValueError(f"{what} must be days in ascending order")
    return days
