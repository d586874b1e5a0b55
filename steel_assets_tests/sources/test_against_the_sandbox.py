"""The connectors against the sandbox, end to end over HTTP: what is stored is what the simulated world knew, and when."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import HttpxHttp
from steel_assets.catalog import Catalog, load_catalog
from steel_assets.core.asof import asof
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets.sandbox import Sandbox
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets.sources import Access, Collection, connector, connectors

MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
"""A Wednesday, 02:00 in Mexico City: Shanghai has closed, London and New York have not opened."""

EVENTS = "economic_calendar"
YEARS = 4


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def market(catalog: Catalog) -> SimulatedMarket:
    return SimulatedMarket(catalog)


@pytest.fixture(scope="module")
def sandbox(catalog: Catalog) -> Iterator[Sandbox]:
    with Sandbox(catalog) as running:
        yield running


@pytest.fixture(scope="module")
def first(sandbox: Sandbox, catalog: Catalog) -> dict[str, Collection]:
    """The first collection of everything."""
    return {source: collect(sandbox, catalog, source, OBSERVATIONS.empty(), MOMENT) for source in connectors()}


def collect(
    sandbox: Sandbox, catalog: Catalog, source: str, known: pd.DataFrame, moment: pd.Timestamp, key: str | None = "any"
) -> Collection:
    sandbox.set_clock(moment.to_pydatetime())
    access = Access(
        HttpxHttp(timeout_seconds=120.0, first_pause_seconds=0.05),
        f"{sandbox.url}/{source}",
        None if key is None else SecretStr(key),
        simulated=True,
        options={"outputsize": "full"},
        history_years=YEARS,
    )
    return connector(source).collect(catalog.series_of(source), known, moment, access)


def figures(rows: pd.DataFrame) -> dict[pd.Timestamp, float]:
    return dict(zip(rows["period"], rows["value"], strict=True))


def bars(market: SimulatedMarket, series: Series, moment: pd.Timestamp) -> dict[pd.Timestamp, float]:
    """Closes that the simulated world knew at ``moment``, of the years asked for."""
    every = market.bars(series, moment)
    kept = every[~every["missing"] & (every["day"] >= MOMENT.tz_localize(None).normalize() - pd.DateOffset(years=YEARS))]
    return dict(zip(kept["day"], kept["close"], strict=True))


@pytest.mark.parametrize("source", connectors())
def test_every_series_of_the_catalogue_is_collected(source: str, catalog: Catalog, first: dict[str, Collection]) -> None:
    collection = first[source]
    assert collection.problems == {}
    assert not collection.rejected
    assert set(collection.observations["series"]) == {declared.id for declared in catalog.series_of(source)}
    assert collection.observations["simulated"].all()
    assert (collection.observations["published_at"] <= MOMENT).all()


@pytest.mark.parametrize("source", ["alpha_vantage", "trading_economics", "yahoo_finance"])
def test_every_close_is_a_close_of_the_simulated_market_on_its_own_day(
    source: str, catalog: Catalog, market: SimulatedMarket, first: dict[str, Collection]
) -> None:
    for series in catalog.series_of(source):
        if series.group == EVENTS:
            continue
        stored = figures(first[source].observations.query("series == @series.id"))
        truth = bars(market, series, MOMENT)
        assert stored == {day: truth[day] for day in stored}
        absent = set(truth) - set(stored)
        late = market.bars(series, MOMENT).query("late")["day"]
        assert absent <= {day for day in late if day == max(truth)}, "only a close that is shown late may be missing yet"


@pytest.mark.parametrize("days_ago", [0, 40, 200, 900, 1300])
def test_what_was_known_at_any_moment_is_what_the_simulated_world_knew(
    days_ago: int, catalog: Catalog, market: SimulatedMarket, first: dict[str, Collection]
) -> None:
    """Vintages of FRED and the calendar's publications, seen from the past."""
    moment = MOMENT - pd.Timedelta(days=days_ago)
    start = MOMENT.tz_localize(None).normalize() - pd.DateOffset(years=YEARS)
    for series in (*catalog.series_of("fred_api"), *catalog.series_of("trading_economics", EVENTS)):
        known = asof(first[series.source].observations.query("series == @series.id"), moment)
        truth = market.versions(series, moment).drop_duplicates("period", keep="last").dropna()
        assert figures(known[known["period"] > start]) == figures(truth[truth["period"] > start]), series.id


@pytest.mark.parametrize("source", connectors())
def test_after_days_and_an_outage_the_newest_figures_are_those_of_a_fresh_collection(
    source: str, sandbox: Sandbox, catalog: Catalog, first: dict[str, Collection]
) -> None:
    known = first[source].observations
    last = MOMENT
    for days in (1, 2, 11):
        last = MOMENT + pd.Timedelta(days=days)
        news = collect(sandbox, catalog, source, known, last).observations
        assert (news["collected_at"] == last).all()
        known = pd.concat([known, news], ignore_index=True)
    assert collect(sandbox, catalog, source, known, last).observations.empty
    fresh = collect(sandbox, catalog, source, OBSERVATIONS.empty(), last).observations
    columns = ["series", "period", "value"]
    both = asof(known, last)[columns].merge(asof(fresh, last)[columns], on=["series", "period"], suffixes=("", "_fresh"))
    assert len(both) == len(asof(fresh, last))
    assert np.array_equal(both["value"], both["value_fresh"])


def test_fred_without_a_key_brings_the_same_values_of_today(
    sandbox: Sandbox, catalog: Catalog, first: dict[str, Collection]
) -> None:
    keyless = collect(sandbox, catalog, "fred_api", OBSERVATIONS.empty(), MOMENT, key=None)
    assert keyless.problems == {}
    columns = ["series", "period", "value"]
    with_key = asof(first["fred_api"].observations, MOMENT)[columns]
    pd.testing.assert_frame_equal(asof(keyless.observations, MOMENT)[columns], with_key)


@pytest.mark.parametrize("source", [source.id for source in load_catalog().sources.values() if source.takes_key])
def test_a_wrong_key_is_the_problem_of_every_series(source: str, sandbox: Sandbox, catalog: Catalog) -> None:
    collection = collect(sandbox, catalog, source, OBSERVATIONS.empty(), MOMENT, key="invalid")
    assert set(collection.problems) == {declared.id for declared in catalog.series_of(source)}
    assert collection.observations.empty
    assert catalog.sources[source].key_variable in next(iter(collection.problems.values()))


def test_ten_years_of_all_symbols_and_calendars_are_whole_though_answers_are_cut(
    sandbox: Sandbox, catalog: Catalog, market: SimulatedMarket
) -> None:
    """The sandbox cuts as Trading Economics does: at 10,000 prices, 1,000 events, 260 letters of a URL."""
    sandbox.set_clock(MOMENT.to_pydatetime())
    access = Access(HttpxHttp(timeout_seconds=30.0), f"{sandbox.url}/trading_economics", SecretStr("any"), simulated=True)
    series = catalog.series_of("trading_economics")
    collection = connector("trading_economics").collect(series, OBSERVATIONS.empty(), MOMENT, access)
    assert collection.problems == {}
    start = MOMENT.tz_localize(None).normalize() - pd.DateOffset(years=10)
    for declared in series:
        stored = set(collection.observations.loc[collection.observations["series"] == declared.id, "period"])
        if declared.group == EVENTS:
            versions = market.versions(declared, MOMENT)
            due = set(versions.loc[versions["published_at"].dt.tz_localize(None) > start, "period"])
        else:
            every = market.bars(declared, MOMENT)
            due = set(every.loc[~every["missing"] & (every["day"] >= start), "day"])
        assert stored == due, declared.id
