"""Two series of each provider, a lake that knows them up to the day before yesterday, and what an undisturbed one knows today."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.catalog import Catalog, load_catalog
from steel_assets.core.asof import asof
from steel_assets.operations.collecting import Collected, collect
from steel_assets.settings import Settings

EVE = pd.Timestamp("2026-03-02T08:00:00Z")
MOMENT = pd.Timestamp("2026-03-18T08:00:00Z")
LATER = MOMENT + pd.Timedelta(hours=1)
"""Between the two lie sixteen days, so that every provider has news, monthly figures too."""

GROUPS = {
    "yahoo_finance": ("steel_futures", ("copper_comex", "aluminium_comex")),
    "alpha_vantage": ("steel_stocks", ("share_nucor", "share_vale")),
    "fred_api": ("economic_indicators", ("ppi_iron_steel", "usd_broad")),
    "trading_economics": ("commodity_prices", ("lme_rebar_m01", "shfe_rebar")),
}
SECONDS = 0.6
"""For one answer while a fault is loose, retries and pauses included; long enough to retry, short enough to test hundreds."""

UNHURRIED = 300.0


def small_catalog() -> Catalog:
    """The shipped catalogue with two series of each provider."""
    whole = load_catalog()
    kept = {name for _, names in GROUPS.values() for name in names}
    return whole.model_copy(update={"series": {name: one_series for name, one_series in whole.series.items() if name in kept}})


def platform_at(home: Path, sandbox_url: str, catalog: Catalog, seconds: float = UNHURRIED) -> Platform:
    """A platform in ``home`` that asks the sandbox behind ``sandbox_url``."""
    return Platform(Settings(home=home, sandbox_url=sandbox_url, history_years=2, http_timeout_seconds=seconds), catalog)


def gather(platform: Platform, source: str, moment: pd.Timestamp) -> Collected:
    """One collection of a source's group."""
    return collect(
        platform.catalog,
        platform.lake,
        platform.providers,
        platform.home,
        platform.catalog.sources[source],
        GROUPS[source][0],
        moment,
    )


def facts(platform: Platform) -> pd.DataFrame:
    """What a lake knows in the end: the newest value of every period."""
    return asof(platform.lake.observations(), LATER)[["series", "period", "value", "source"]]


def every_row(platform: Platform) -> set[tuple[str, pd.Timestamp, float]]:
    """All rows of a lake, of all vintages, but for when they came."""
    rows = platform.lake.observations()
    return set(zip(rows["series"], rows["period"], rows["value"], strict=True))
