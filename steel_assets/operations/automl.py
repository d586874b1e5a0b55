"""Buys forecasts for a market from an AutoML service, and stores them.

A walk-forward by years: one search for the year of the first origin and one for each later year, trained only on what was known
at its first origin. An origin that has a forecast keeps it. The cost is shown before. Nothing is bought without a confirmation,
or beyond the catalogue's budget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.automl import AutoMLError, AutoMLService
from steel_assets.core.folds import Fold, folds
from steel_assets.core.history import MarketHistory
from steel_assets.core.models._protocol import Cadence
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import Market, VertexJobs

EVERY: Cadence = "year"
COLUMNS = ["horizon", "origin", "fitted_at", "answer"]

Report = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class SearchPlan:
    """The searches to buy for a market.

    Attributes:
        searches: by horizon, the folds with origins that have no forecast yet, and those origins.
        cost_usd: estimated cost of all searches.
    """

    market: str
    searches: dict[int, list[tuple[Fold, np.ndarray]]]
    cost_usd: float

    @property
    def count(self) -> int:
        """The number of searches."""
        return sum(len(folds) for folds in self.searches.values())

    @property
    def rows(self) -> int:
        """The number of origins that will get a forecast."""
        return sum(len(places) for folds in self.searches.values() for _, places in folds)


def planned(history: MarketHistory, terms: VertexJobs, search: AutoMLService) -> SearchPlan:
    """The searches for origins of ``terms`` that have no forecast yet."""
    first = int(history.origins.searchsorted(pd.Timestamp(terms.since)))
    found: dict[int, list[tuple[Fold, np.ndarray]]] = {}
    for horizon in terms.horizons:
        there = history.bought_predictions.get(horizon, pd.Series(dtype=float)).index
        open_ones = [
            (fold, asked)
            for fold in folds(history.origins, EVERY, first, len(history.origins))
            if len(asked := np.flatnonzero(~history.origins[fold.start : fold.stop].isin(there)) + fold.start)
        ]
        found[horizon] = open_ones
    plan = SearchPlan(history.market.id, found, 0.0)
    return SearchPlan(plan.market, found, search.cost_usd(plan.count, plan.rows))


def confirm(plan: SearchPlan, terms: VertexJobs, confirmed_usd: float | None) -> None:
    """Refuse a plan that is not confirmed, or costs more than the catalogue allows.

    Raises:
        AutoMLError: the message names the amount.
    """
    if plan.cost_usd > terms.budget_usd:
        raise AutoMLError(
            f"{plan.market}: {plan.count} searches would cost about {plan.cost_usd:.2f} USD, and automl.vertex.budget_usd of the "
            f"market is {terms.budget_usd:g}: name fewer horizons, a later `since`, or raise it"
        )
    if plan.cost_usd > 0 and (confirmed_usd is None or confirmed_usd < plan.cost_usd):
        raise AutoMLError(
            f"{plan.market}: this would cost about {plan.cost_usd:.2f} USD and is not confirmed: nothing was bought. "
            f"Say --confirm-usd {np.ceil(plan.cost_usd):.0f}"
        )


def buy(
    lake: Lake, history: MarketHistory, features: pd.DataFrame, plan: SearchPlan, search: AutoMLService, report: Report
) -> int:
    """Run all searches of ``plan``, storing each answer when it arrives; return how many origins got a forecast.

    Args:
        features: built by ``features.build_features`` from the same history.
        report: called with a line of text after each search.

    Raises:
        AutoMLError: a search failed. Earlier answers are kept.
    """
    count = 0
    for horizon, searches in plan.searches.items():
        samples = build_samples(history, features, horizon)
        for fold, places in searches:
            predictions = search.predict(_known(history, samples, fold), samples.rows(places))
            rows = pd.DataFrame(
                {
                    "horizon": horizon,
                    "origin": history.origins[places],
                    "fitted_at": history.origins[fold.fitted_at],
                    "answer": predictions,
                }
            )
            _keep(lake, history.market.id, rows)
            count += len(rows)
            report(f"{history.market.id}, {horizon} days ahead, {history.origins[fold.start]:%Y}: {len(rows)} origins answered")
    return count


def load(lake: Lake, market: Market) -> dict[int, pd.Series]:
    """The forecasts bought for ``market``: by horizon, one value per origin. Empty before anything was bought.

    A damaged file is moved to quarantine and its forecasts are lost; jobs that the service still has are not paid for twice.
    """
    rows = _stored(lake, market.id)
    return {int(horizon): part.set_index("origin")["answer"] for horizon, part in rows.groupby("horizon")}


def _known(history: MarketHistory, samples: Samples, fold: Fold) -> Samples:
    """The rows whose labels were known at the fold's first origin."""
    known = slice(0, fold.fitted_at + 1)
    return samples.rows(known).with_labels(history.prices_at(samples.target_dates[known], history.moments[fold.fitted_at]))


def _keep(lake: Lake, market: str, rows: pd.DataFrame) -> None:
    """Add answers; an origin that has one keeps it."""
    both = pd.concat([_stored(lake, market), rows]).drop_duplicates(["horizon", "origin"], keep="first")
    lake.write(_key(market), both.sort_values(["horizon", "origin"], ignore_index=True)[COLUMNS])


def _stored(lake: Lake, market: str) -> pd.DataFrame:
    try:
        return lake.read(_key(market), _checked)
    except ObjectNotFound:
        pass
    except DamagedFile as error:
        lake.set_aside(error)
    return pd.DataFrame({"horizon": [0], "origin": pd.to_datetime(["1970-01-01"]), "fitted_at": pd.NaT, "answer": [0.0]}).iloc[:0]


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame if it has the form of stored answers.

    Raises:
        KeyError, TypeError, ValueError: it has another form.
    """
    found = frame[COLUMNS].astype({"horizon": int, "answer": float})
    found["origin"] = pd.DatetimeIndex(found["origin"]).as_unit("ns")
    found["fitted_at"] = pd.DatetimeIndex(found["fitted_at"]).as_unit("ns")
    if found.duplicated(["horizon", "origin"]).any() or not np.isfinite(found["answer"]).all():
        raise ValueError("an origin is answered twice, or not by a figure")
    if (found["fitted_at"] > found["origin"]).any():
        raise ValueError("an answer is of a model that was trained after its origin")
    return found


def _key(market: str) -> str:
    return f"predictions/automl/{market}.parquet"
