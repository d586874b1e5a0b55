"""The shipped catalogue cut down to two markets, two horizons and the series they read. Put in force before definitions load."""

from __future__ import annotations

import os
from pathlib import Path

from steel_assets import bootstrap
from steel_assets.catalog import Catalog, load_catalog

MARKETS = ("rebar_fob_turkey", "scrap_turkey")
HORIZONS = (1, 5)


def small(extra: Path | None = None) -> Catalog:
    """Groups of which no series is left are not asked for. ``CHAOS_MARKETS`` may name some of its markets, ``CHAOS_DRIVERS`` some
    of their drivers.
    """
    whole = load_catalog(extra)
    chosen = os.environ.get("CHAOS_MARKETS", " ".join(MARKETS)).split()
    markets = {name: whole.markets[name].model_copy(update={"horizons": HORIZONS}) for name in chosen}
    if drivers := os.environ.get("CHAOS_DRIVERS", "").split():
        named = {name: tuple(driver for driver in market.drivers if driver in drivers) for name, market in markets.items()}
        markets = {name: market.model_copy(update={"drivers": named[name]}) for name, market in markets.items()}
    kept = {name for market in markets.values() for name in market.series_ids}
    series = {name: one_series for name, one_series in whole.series.items() if name in kept}
    groups = {(declared.source, declared.group) for declared in series.values()}
    sources = {
        name: source.model_copy(update={"groups": tuple(group for group in source.groups if (name, group) in groups)})
        for name, source in whole.sources.items()
    }
    return whole.model_copy(update={"markets": markets, "series": series, "sources": sources})


def shrink() -> None:
    """From now on, in this process, the catalogue is the small one."""
    bootstrap.load_catalog = small
    bootstrap.catalog_with.cache_clear()
