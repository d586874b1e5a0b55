"""Shared by commands about the days ahead: find a market's published forecast, and the facts that their answers begin with."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.cli.problem import Problem
from steel_assets.core.averages import Outlook
from steel_assets.core.tables import FORECASTS
from steel_assets.core.types import Market
from steel_assets.operations.in_force import aged, in_force, last_lookup


def known_market(catalog: Catalog, market: str) -> Market:
    """The market with that id.

    Raises:
        Problem: the catalogue has none; the message lists the ids.
    """
    if market not in catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(catalog.markets)}")
    return catalog.markets[market]


def published(warehouse: Warehouse, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """The forecast of ``market`` in force at ``moment``: rows of tables.FORECASTS.

    Raises:
        Problem: no forecast was published yet.
    """
    rows = in_force(warehouse.read(FORECASTS, {"market": market}), market, moment)
    if rows.empty:
        raise Problem(f"MARKET: no forecast of {market} is published yet; steel status says why")
    return rows


def about(catalog: Catalog, store: ObjectStore, outlook: Outlook, rows: pd.DataFrame, moment: pd.Timestamp) -> dict[str, Any]:
    """The facts that an answer from sample paths begins with: market, issue, unit, age of the price, last day of the paths."""
    first = aged(catalog, rows, moment, last_lookup(store, str(rows["market"].iloc[0]))).iloc[0]
    return {
        "market": outlook.market,
        "unit": outlook.unit,
        "simulated": outlook.simulated,
        "issued_date": f"{outlook.issued:%Y-%m-%d}",
        "last_price": outlook.last,
        "price_date": f"{outlook.price_day:%Y-%m-%d}",
        "stale": bool(first["stale"]),
        "stale_reason": first["stale_reason"],
        "paths": len(outlook.paths),
        "paths_from": f"{outlook.days[0]:%Y-%m-%d}",
        "paths_to": f"{outlook.days[-1]:%Y-%m-%d}",
    }


def figure(text: str, option: str, what: str, example: str, *, least: float = 0.0, most: float, above: bool = False) -> float:
    """``text`` as a number from ``least`` (or above it, with ``above``) to ``most``.

    Raises:
        Problem: it is not; the message names the option and what it means, and gives ``example``.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise Problem(f"{option}: {text!r} is not {what}; write it as {example}") from error
    if not math.isfinite(value) or value > most or value < least or (above and value == least):
        bound = f"above {least:g}" if above else f"at least {least:g}"
        raise Problem(f"{option}: {text!r} is not {what}; it must be {bound} and at most {most:,.0f}")
    return value
