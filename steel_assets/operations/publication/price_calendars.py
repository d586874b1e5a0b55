"""What the age of a market's price at any later time is computed from: its calendar, and what the newest run found."""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.adapters.lake.price_lookups import read_lookup
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → ``{"calendar": PriceCalendar, "newest", "until": as in price_age.LookedUp, null before the first lookup}``."""
    return {market: price_calendar(inputs, market, tables.moment) for market in inputs.catalog.markets}


def price_calendar(inputs: Inputs, market: str, moment: float) -> dict[str, Any]:
    """The calendar of one market at ``moment``, Unix seconds."""
    declared = inputs.catalog.markets[market]
    lookup = read_lookup(inputs.lake.store, market)
    closed, extra = (
        (lookup.closed, lookup.extra) if lookup and lookup.calendar == declared.calendar else _closures(declared.calendar, moment)
    )
    published = inputs.catalog.series[declared.target.series].published
    return {
        "calendar": inputs.catalog.rules.price_calendar(published, closed, extra, declared.frequency).stored(),
        "newest": lookup.newest if lookup else None,
        "until": lookup.until if lookup else None,
    }


def _closures(calendar: str, moment: float) -> tuple[list[str], list[str]]:
    """Closed days from the calendar library: slower than what runs store, and used only until the next run."""
    from steel_assets.core.calendars import closures

    return closures(calendar, pd.Timestamp(moment, unit="s").normalize() + pd.DateOffset(years=1))
