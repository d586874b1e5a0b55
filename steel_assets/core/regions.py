"""Regions, by which markets are grouped in lists, and their names for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from steel_assets.core.types import Market

Listed = TypeVar("Listed")


def by_region(listed: Iterable[Listed], region: Callable[[Listed], str]) -> dict[str, list[Listed]]:
    """``listed`` by region: regions in order of first occurrence, items in their given order."""
    found: dict[str, list[Listed]] = {}
    for market in listed:
        found.setdefault(region(market), []).append(market)
    return found


def region_names(markets: Iterable[Market]) -> dict[str, dict[str, str]]:
    """Each region's name by language, from the first market that declares one; else its id in plain letters."""
    found = {}
    for region, those in by_region(markets, lambda market: market.region).items():
        name = next((market.region_name for market in those if market.region_name), plain(region))
        found[region] = {"en": name, "es": next((market.region_name_es for market in those if market.region_name_es), name)}
    return found


def plain(region: str) -> str:
    """united_states → United States."""
    return region.replace("_", " ").title()
