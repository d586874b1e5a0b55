"""``steel parity``: every term shown and dated, examples labelled, and the domestic price beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.cli.problem import Problem
from steel_assets.core.parity_terms import Parity
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.cli.ahead_world import asking
from steel_assets_tests.core.issued import issued
from steel_assets_tests.core.synthetic import LONDON, declare, publish

TERMS = [
    {"id": "freight", "name": "Freight", "amount": 60, "unit": "USD/t", "date": "2019-11-04", "source": "quotation 117"},
    {"id": "duty", "name": "Duty", "amount": 10, "unit": "percent", "date": "2019-01-01", "source": "tariff", "note": "of CIF"},
    {"id": "inland", "name": "Inland", "amount": 200, "unit": "CNY/t", "date": "2019-11-04", "source": "haulier"},
]
HEAD = {"id": "ours", "name": "Ours", "place": "Inland", "market": MARKET, "rate": "usdcny", "terms": TERMS}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """A market with one forecast published, and a domestic price of its place."""
    found = aging(tmp_path_factory.mktemp("world"))
    series = {**found.parts.catalog.series, "domestic": declare("domestic", "CNY/t", LONDON)}
    parities = {"ours": Parity.model_validate(HEAD | {"domestic": "domestic"})}
    known = found.parts.catalog.model_copy(update={"parity": parities, "series": series})
    found = replace(found, parts=Platform(found.parts.settings, known))
    found.parts.warehouse.upsert(FORECASTS, issued(found.made.history(found.issue_of(0)), horizons=(1, 5)))
    days = found.made.sessions[-3:].append(found.coming[-1:])
    rows = publish(series["domestic"], days, np.array([4900.0, 5000.0, 5100.0, 9999.0]))
    found.parts.lake.append_observations(rows, "file-import", "files")
    return found


@pytest.fixture
def asked(world: Aging, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the command prints."""
    return asking(monkeypatch, world, "parity")


def test_every_term_is_told_with_its_unit_its_day_and_where_it_is_from(asked: Any) -> None:
    [said] = json.loads(asked(MARKET, "--json"))
    price, rate = said["last_price"], said["exchange_rate"]["last"]
    assert said["landed_unit"] == "CNY/t"
    assert said["landed"] == pytest.approx((price + 60) * rate * 1.1 + 200)
    assert [line["term"] for line in said["lines"]] == ["price", "freight", "duty", "inland"]
    assert all({"amount", "unit", "date", "source", "note"} <= set(line) for line in said["lines"][1:])
    assert said["ahead"]["quantiles"]["q05"] < said["landed"] < said["ahead"]["quantiles"]["q95"]
    assert said["example"] is False


def test_the_domestic_price_is_the_newest_known_at_the_issue_and_the_odds_are_those_of_the_paths(asked: Any) -> None:
    [said] = json.loads(asked(MARKET, "--json"))
    domestic = said["domestic"]
    assert domestic["price"] == 5100, "the one that is not out yet is not known"
    assert domestic["spread"] == pytest.approx(5100 - said["landed"])
    assert 0 <= domestic["chance_import_is_cheaper"] <= 1
    assert domestic["spread_ahead"]["q50"] == pytest.approx(5100 - said["ahead"]["quantiles"]["q50"])


def test_the_table_shows_the_terms_and_labels_what_is_simulated(asked: Any) -> None:
    table = asked(MARKET)
    for word in ("SIMULATED DATA", "Freight", "60 USD/t", "2019-11-04", "quotation 117", "of CIF", "delivered at Inland"):
        assert word in table
    assert "the domestic price is not forecast" in table
    assert "EXAMPLE FIGURES" not in table


def test_an_example_is_labelled_as_one_wherever_it_is_told(world: Aging, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    example = {"ours": Parity.model_validate(HEAD | {"example": True})}
    parts = Platform(world.parts.settings, world.parts.catalog.model_copy(update={"parity": example}))
    monkeypatch.setattr("steel_assets.cli.parity.platform", lambda: parts)
    assert "EXAMPLE FIGURES, NOT MARKET FACTS" in asked(MARKET)
    assert "no domestic price is declared" in asked(MARKET)
    assert json.loads(asked(MARKET, "--json"))[0]["example"] is True


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gold"], "MARKET: 'gold' is not in the catalogue; there are "),
        (["scrap_turkey"], f"MARKET: no parity of scrap_turkey is declared in parity/ of the catalogue; there are {MARKET}"),
        ([MARKET, "--by", "soon"], "--by: 'soon' is not a date; write it as 2026-11-20"),
        ([MARKET, "--by", "2018-01-02"], "--by: 2018-01-02 is not ahead of "),
        ([MARKET, "--by", "2099-01-02"], "--by: 2099-01-02 is beyond the paths of "),
    ],
)
def test_a_question_that_is_none_is_told_what_is_wrong_with_it(asked: Any, arguments: list[str], says: str) -> None:
    with pytest.raises(Problem) as told:
        asked(*arguments)
    assert str(told.value).startswith(says)


def test_a_rate_that_was_never_collected_is_named(world: Aging, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = [term | {"unit": "USD/t"} for term in TERMS[:1]]
    other = {"ours": Parity.model_validate(HEAD | {"rate": "usdmxn", "terms": terms})}
    parts = Platform(world.parts.settings, world.parts.catalog.model_copy(update={"parity": other}))
    monkeypatch.setattr("steel_assets.cli.parity.platform", lambda: parts)
    with pytest.raises(Problem, match=r"parity ours: market usdmxn: .* import or collect series usdmxn"):
        asked(MARKET)
