"""Markets that have no prices by choice: no provider of them is set up, and none were imported."""

from steel_assets.bootstrap import Platform


def unfed_by_choice(platform: Platform, market: str) -> str | None:
    """Why ``market`` has no prices and the remedy, where that is a choice and no fault; None where it has some, or should."""
    reason = platform.unfed(market)
    target = platform.catalog.markets[market].target.series
    return reason if reason and platform.lake.observations([target]).empty else None
