"""Markets that have no prices by choice: no provider of them is set up, and none were imported."""

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.providers import Providers


def unfed_by_choice(catalog: Catalog, lake: Lake, providers: Providers, market: str) -> str | None:
    """Why ``market`` has no prices and the remedy, where that is a choice and no fault; None where it has some, or should."""
    reason = providers.unfed(market)
    target = catalog.markets[market].target.series
    return reason if reason and lake.observations([target]).empty else None
