"""The forecasts in force: rows as published, with the age of their price at a moment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.adapters.lake.price_lookups import read_lookup
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import closures
from steel_assets.core.price_age import LookedUp, PriceAge, aged_confidence, price_age
from steel_assets.core.tables import FORECASTS


def aged(catalog: Catalog, rows: pd.DataFrame, moment: pd.Timestamp, looked_up: LookedUp | None = None) -> pd.DataFrame:
    """``rows`` as of ``moment``: with the age of their price, and a confidence reduced by that age.

    The added columns are ``price_date``, ``price_age_sessions``, ``stale`` and ``stale_reason``, named as in the API.

    Args:
        rows: of tables.FORECASTS, one market.
        looked_up: what the newest run found about the market's prices.
    """
    age = age_of(catalog, rows, moment, looked_up)
    known = rows["age_sessions"].fillna(0) if "age_sessions" in rows else pd.Series(0, index=rows.index)
    confidence = [
        aged_confidence(entry, int(horizon), age.sessions, int(counted))
        for entry, horizon, counted in zip(rows["model_confidence"], rows["horizon"], known, strict=True)
    ]
    columns: dict[str, Any] = {"price_date": f"{age.day}", "price_age_sessions": age.sessions, "stale": age.stale}
    newest = looked_up.newest if looked_up else None
    return rows.assign(model_confidence=confidence, **columns, stale_reason=age.reason(newest))


def age_of(catalog: Catalog, rows: pd.DataFrame, moment: pd.Timestamp, looked_up: LookedUp | None) -> PriceAge:
    """The age of the price from which ``rows``, of one market, start."""
    first = rows.iloc[0]
    market = catalog.markets[str(first["market"])]
    calendar = catalog.rules.price_calendar(
        catalog.series[market.target.series].published,
        *closures(market.calendar, moment.tz_localize(None).normalize() + pd.Timedelta(days=7)),
        market.frequency,
    )
    return price_age(calendar, first["data_as_of"].date(), first["origin"].date(), moment.to_pydatetime(), looked_up)


def last_lookup(store: ObjectStore, market: str) -> LookedUp | None:
    """What the newest run that looked for prices of ``market`` found; None before the first."""
    lookup = read_lookup(store, market)
    return lookup.looked_up if lookup else None


def in_force(published: pd.DataFrame, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """The newest issue of ``market`` published by ``moment``; no rows before the first.

    Args:
        published: rows of tables.FORECASTS.
    """
    mine = published[(published["market"] == market) & (published["as_of"] <= moment)]
    return mine[mine["as_of"] == mine["as_of"].max()]


def newest(catalog: Catalog, warehouse: Warehouse, store: ObjectStore, moment: pd.Timestamp) -> pd.DataFrame:
    """Every market's forecast in force at ``moment``, with ages; no rows before the first."""
    published = warehouse.read(FORECASTS)
    found = [(market, in_force(published, market, moment)) for market in catalog.markets]
    return pd.concat(
        [aged(catalog, rows, moment, last_lookup(store, market)) for market, rows in found if len(rows)] or [published.head(0)],
        ignore_index=True,
    )
