"""Whether the error of a market's newest forecasts grew beyond the catalogue's limit."""

import pandas as pd

from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.figures import increase_readings, newest
from steel_assets.core.types import Market
from steel_assets.operations.recent import scored_lately

ASSET = "metrics_daily"
DESCRIPTION = "The error of the last 20 forecasts exceeds that of the forecasts before by at most the catalogue's limit."
RULE = "mape_increase"
"""The alert rule whose limit it is."""


def check(market: Market, catalog: Catalog, warehouse: Warehouse) -> Verdict:
    """The verdict on the newest error; it passes while too few forecasts of ``market`` can be compared with what happened."""
    realised = scored_lately(warehouse, market.id, pd.Timestamp.now("UTC"))
    limit = catalog.alerts[RULE].above or 0.0
    for reading in newest(increase_readings(realised, catalog.rules.acceptance.horizon), 1):
        if reading.value is not None:
            return Verdict(reading.value <= limit, f"{reading.text} {100 * limit:g} points more are allowed.", reading.value)
    return Verdict(True, "too few forecasts have reached their target day")
