"""Regions: what groups markets wherever several are listed, and what people call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from steel_assets.core.types import Market

Listed = TypeVar("Listed")


def by_region(listed: Iterable[Listed], region: Callable[[Listed], str]) -> dict[str, list[Listed]]:
    """``listed`` by region: regions in the order in which they first come, each with its own in the order they came."""
    found: dict[str, list[Listed]] = {}
    for market in listed:
        found.setdefault(region(market), []).append(market)
    return found


def region_names(markets: Iterable[Market]) -> dict[str, dict[str, str]]:
    """Each region's name by language, as the first market that gives it one says; else its id in plain letters."""
    found = {}
    for region, those in by_region(markets, lambda market: market.region).items():
        name = next((market.region_name for market in those if market.region_name), plain(region))
        found[region] = {"en": name, "es": next((market.region_name_es for market in those if market.region_name_es), name)}
    return found


def plain(region: str) -> str:
    """united_states → United States."""
    return region.replace("_", " ").title()
