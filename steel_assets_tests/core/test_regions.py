"""Regions group markets, and are called what a market of theirs says."""

from __future__ import annotations

from steel_assets.core.regions import by_region, region_names
from steel_assets_tests.core.synthetic import synthetic


def test_regions_stand_in_the_order_in_which_they_first_come_and_their_markets_too() -> None:
    assert by_region(["b2", "a1", "b1", "a2"], lambda market: market[0]) == {"b": ["b2", "b1"], "a": ["a1", "a2"]}


def test_a_region_is_called_as_a_market_says_else_by_its_id_and_in_spanish_as_in_english_where_nobody_says() -> None:
    first = synthetic(count=40).market.model_copy(update={"region": "united_states"})
    second = first.model_copy(update={"id": "second", "region_name_es": "Estados Unidos"})
    third = first.model_copy(update={"id": "third", "region": "eu", "region_name": "European Union"})
    assert region_names([first, second, third]) == {
        "united_states": {"en": "United States", "es": "Estados Unidos"},
        "eu": {"en": "European Union", "es": "European Union"},
    }
