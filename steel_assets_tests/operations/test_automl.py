"""Buying answers: confirmed, bounded, once, and from nothing that was not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.core.asof import known_at
from steel_assets.core.automl import AutoMLError
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models._search import EmbeddedSearch
from steel_assets.core.samples import Samples
from steel_assets.core.types import AutoMLSearches, Search, VertexJobs
from steel_assets.operations.automl import buy, confirm, load, planned
from steel_assets_tests.core.synthetic import Synthetic, synthetic

TERMS = VertexJobs(horizons=(1, 5), since=pd.Timestamp("2021-01-01").date(), budget_usd=100)


@dataclass(frozen=True)
class Priced(EmbeddedSearch):
    """A search on this machine that says that it costs 20 USD, and remembers what it was given."""

    def cost_usd(self, searches: int, rows: int) -> float:
        return 20.0 * searches

    def predict(self, past: Samples, asked: Samples) -> np.ndarray:
        assert past.origins[-1] <= asked.origins[0]
        assert past.target_dates[past.labelled][-1] <= asked.origins[0]
        return super().predict(past, asked)


SEARCH = Priced(Search(trials=3))


@cache
def market() -> Synthetic:
    made = synthetic(count=900, lived=0)
    return replace(made, market=made.market.model_copy(update={"automl": AutoMLSearches(vertex=TERMS)}))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFolder(tmp_path))


def bought(lake: Lake, history: MarketHistory) -> dict[int, pd.Series]:
    """Everything that is open, bought."""
    history = replace(history, bought_predictions=load(lake, history.market))
    buy(lake, history, build_features(history), planned(history, TERMS, SEARCH), SEARCH, lambda line: None)
    return load(lake, history.market)


def test_a_search_for_each_year_and_horizon_is_planned_from_since_on_with_what_it_costs() -> None:
    history = market().history()
    plan = planned(history, TERMS, SEARCH)
    assert [fold.start for fold, _ in plan.searches[1]] == [
        int(history.origins.searchsorted(pd.Timestamp(day))) for day in ("2021-01-01", "2022-01-01")
    ]
    assert history.origins[plan.searches[1][0][0].fitted_at].year == 2021
    assert (plan.count, plan.cost_usd) == (4, 80.0)
    assert plan.rows == 2 * (history.origins >= "2021-01-01").sum()


@pytest.mark.parametrize(
    ("confirmed", "budget", "told"), [(None, 100, "confirm-usd 80"), (79.9, 100, "not confirmed"), (999, 79, "raise it")]
)
def test_what_is_not_confirmed_or_beyond_the_budget_is_refused_with_the_sum(
    confirmed: float | None, budget: float, told: str
) -> None:
    terms = TERMS.model_copy(update={"budget_usd": budget})
    plan = planned(market().history(), terms, SEARCH)
    with pytest.raises(AutoMLError, match=rf"80\.00 USD.*{told}"):
        confirm(plan, terms, confirmed)
    confirm(plan, TERMS, 80.0)


def test_answers_are_the_same_had_the_future_not_been_or_been_another(tmp_path: Path) -> None:
    """The leakage canary: what is answered of an origin follows from what was known at its moment."""
    whole = bought(Lake(LocalFolder(tmp_path / "whole")), market().history())
    moment = market().history().moments[640]
    rows = market().observations
    future = (known_at(rows) > moment).to_numpy()
    false = rows.assign(
        value=np.where(future, rows["value"] * np.random.default_rng(1).uniform(0.1, 9, len(rows)), rows["value"])
    )
    for name, changed in (("cut", market().knowing(rows[~future]).history(moment)), ("false", market().knowing(false).history())):
        found = bought(Lake(LocalFolder(tmp_path / name)), changed)
        for horizon in TERMS.horizons:
            before = whole[horizon][whole[horizon].index <= market().sessions[640]]
            assert len(before) > 100
            assert found[horizon].reindex(before.index).tolist() == before.tolist()


def test_an_origin_keeps_its_answer_and_a_later_day_adds_only_its_own(lake: Lake) -> None:
    history = market().history()
    early = market().history(history.moments[860])
    first = bought(lake, early)
    open_ones = planned(replace(history, bought_predictions=load(lake, history.market)), TERMS, SEARCH)
    assert {h: sum(len(asked) for _, asked in searches) for h, searches in open_ones.searches.items()} == {1: 39, 5: 39}
    later = bought(lake, history)
    for horizon in TERMS.horizons:
        assert later[horizon].reindex(first[horizon].index).tolist() == first[horizon].tolist()
        assert later[horizon].index.equals(history.origins[history.origins >= "2021-01-01"])
    again = planned(replace(history, bought_predictions=later), TERMS, SEARCH)
    assert (again.count, again.cost_usd) == (0, 0.0)


def test_what_was_answered_before_a_search_failed_is_kept(lake: Lake) -> None:
    history = market().history()

    @dataclass(frozen=True)
    class Failing(Priced):
        def predict(self, past: Samples, asked: Samples) -> np.ndarray:
            if asked.horizon == 5:
                raise AutoMLError("the service is down")
            return super().predict(past, asked)

    search = Failing(Search(trials=2))
    with pytest.raises(AutoMLError, match="down"):
        buy(lake, history, build_features(history), planned(history, TERMS, search), search, lambda line: None)
    kept = load(lake, history.market)
    assert set(kept) == {1}
    assert planned(replace(history, bought_predictions=kept), TERMS, SEARCH).count == 2


def test_an_aged_price_has_no_answer() -> None:
    history = replace(market().history(), bought_predictions={1: pd.Series([1.0])})
    assert history.withheld(2).bought_predictions == {}
