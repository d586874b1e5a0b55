"""What a market may learn from the others, kept in a real lake: made from raw figures and the month, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.panel import PanelRows
from steel_assets.operations import histories, panel
from steel_assets.settings import Settings
from steel_assets_tests.core.synthetic import synthetic

FIRST, SECOND, EMPTY = "rebar_fob_turkey", "scrap_turkey", "iron_ore_62"


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Two markets with raw figures and one without any."""
    shipped, markets, series, frames = catalog(), {EMPTY: catalog().markets[EMPTY]}, dict(catalog().series), []
    for number, market in enumerate((FIRST, SECOND)):
        made = synthetic(count=150, seed=number, lived=0)
        named = {name: f"{name}_{number}" for name in made.series}
        target = made.market.target.model_copy(
            update={
                "series": named[made.market.target.series],
                "curve": tuple(named[contract] for contract in made.market.target.curve),
            }
        )
        drivers = tuple(named[driver] for driver in made.market.drivers)
        markets[market] = made.market.model_copy(update={"id": market, "target": target, "drivers": drivers})
        series |= {named[name]: declared.model_copy(update={"id": named[name]}) for name, declared in made.series.items()}
        frames.append(made.observations.assign(series=made.observations["series"].map(named), simulated=True))
    found = Platform(Settings(home=tmp_path / "home"), shipped.model_copy(update={"markets": markets, "series": series}))
    found.store.put("lake.json", b'{"simulated": true}')
    found.lake.append_observations(pd.concat(frames, ignore_index=True), "fred-api", "macro")
    return found


def same(one: PanelRows, other: PanelRows) -> bool:
    figures = [(one.inputs, other.inputs)]
    figures += [(one.returns[h], other.returns[h]) for h in one.returns]
    figures += [(one.known_at[h], other.known_at[h]) for h in one.returns]
    assert one.inputs.flags.c_contiguous
    assert other.inputs.flags.c_contiguous
    return one.origins.equals(other.origins) and all(np.array_equal(a, b, equal_nan=True) for a, b in figures)


def month(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_a_market_learns_from_the_others_as_of_the_first_of_the_month_and_a_market_without_prices_brings_nothing(
    parts: Platform,
) -> None:
    history = histories.build(parts.catalog, parts.lake, FIRST, pd.Timestamp("2019-06-20 08:00", tz="UTC"))
    [rows] = panel.with_others(parts.catalog, parts.lake, history).others
    assert rows.market == SECOND
    assert rows.origins[-1] == pd.Timestamp("2019-05-31")
    assert np.nanmax(rows.known_at[1].astype("datetime64[ns]").astype("int64")) <= month("2019-06-01").value


def test_rows_read_again_are_those_that_were_made_and_are_made_anew_in_another_month(parts: Platform) -> None:
    made = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-06-01"))
    assert made is not None
    again = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-06-01"))
    assert again is not None
    assert same(made, again)
    earlier = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-05-01"))
    assert earlier is not None
    assert same(made, earlier), "a panel that knows more serves an earlier month: whoever learns from it cuts it"
    later = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-07-01"))
    assert later is not None
    assert later.origins[-1] == pd.Timestamp("2019-06-28")


def test_a_horizon_that_was_declared_since_is_made_and_is_no_damage(parts: Platform) -> None:
    assert panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-06-01")) is not None
    longer = parts.catalog.markets[SECOND].model_copy(update={"horizons": (1, 5, 21)})
    catalogue = parts.catalog.model_copy(update={"markets": {**parts.catalog.markets, SECOND: longer}})
    rows = panel.rows_of(catalogue, parts.lake, SECOND, month("2019-05-01"))
    assert rows is not None
    assert list(rows.returns) == [1, 5, 21]
    assert rows.origins[-1] == pd.Timestamp("2019-05-31"), "as of the month that it was made for before, not of an earlier one"
    assert parts.lake.damaged.all() == []


@pytest.mark.parametrize("damage", ["no parquet", "another frame", "gone"])
def test_a_damaged_panel_is_made_again_from_the_raw_figures(parts: Platform, damage: str) -> None:
    made = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-06-01"))
    key = f"processed-data/monthly/panel/{SECOND}.parquet"
    if damage == "gone":
        parts.store.delete(key)
    elif damage == "no parquet":
        parts.store.put(key, b"x" * 100)
    else:
        parts.lake.write(key, pd.DataFrame({"origin": ["a"], "return_1": ["b"]}))
    again = panel.rows_of(parts.catalog, parts.lake, SECOND, month("2019-06-01"))
    assert made is not None
    assert again is not None
    assert same(made, again)
    assert [found.key for found in parts.lake.damaged.all()] == ([] if damage == "gone" else [key])


def test_a_market_that_cannot_be_converted_brings_nothing_and_stops_nobody(parts: Platform) -> None:
    broken = parts.catalog.series[parts.catalog.markets[SECOND].target.series].model_copy(update={"unit": "percent"})
    series = {**parts.catalog.series, broken.id: broken}
    changed = parts.catalog.model_copy(update={"series": series})
    history = histories.build(parts.catalog, parts.lake, FIRST, month("2019-06-20"))
    assert panel.with_others(changed, parts.lake, replace(history, others=())).others == ()


def test_daily_markets_alone_learn_and_from_one_another(parts: Platform) -> None:
    moment = pd.Timestamp("2019-06-20 08:00", tz="UTC")
    history = histories.build(parts.catalog, parts.lake, FIRST, moment)
    markets = parts.catalog.markets
    monthly = {name: market.model_copy(update={"frequency": "monthly"}) for name, market in markets.items()}
    among_monthly = parts.catalog.model_copy(update={"markets": {**monthly, FIRST: markets[FIRST]}})
    assert panel.with_others(among_monthly, parts.lake, history).others == ()
    assert panel.with_others(parts.catalog, parts.lake, replace(history, market=monthly[FIRST])).others == ()
    assert len(panel.with_others(parts.catalog, parts.lake, history).others) == 1
