"""Published forecasts: the newest whole one of each market, those before it, and the prices they are about."""

from __future__ import annotations

import io
from itertools import groupby
from typing import Any

import pandas as pd

from steel_assets.adapters.object_store import ObjectNotFound
from steel_assets.bootstrap import Platform
from steel_assets.core.published import NotAForecast, checked, forecast_rows, plain_rows
from steel_assets.core.tables import FORECASTS
from steel_assets.serving.publication.warehouse import Tables

FOLDER = "predictions/daily/"
PRICE_DAYS = 400
ISSUES = 400
TRIES = 10
EXCHANGE_SERIES = "usdmxn"


def latest(platform: Platform, tables: Tables) -> dict[str, Any]:
    """Market → rows of its newest whole forecast (None before the first), and what was wrong with newer files."""
    return {market: _newest_whole(platform, market, keys) for market, keys in keys_by_market(platform, FOLDER).items()}


def keys_by_market(platform: Platform, folder: str) -> dict[str, list[str]]:
    """Market → keys of its issues in ``folder`` (``<day>/<market>-<moment>.parquet``), newest first."""
    keys: dict[str, list[str]] = {}
    for key in platform.store.list(folder):
        market, dash, _ = key.rpartition("/")[2].partition("-")
        if dash and key.endswith(".parquet") and market in platform.catalog.markets:
            keys.setdefault(market, []).append(key)
    return {market: sorted(found, reverse=True) for market, found in keys.items()}


def issues(platform: Platform, tables: Tables) -> dict[str, Any]:
    """Market → its past forecasts, oldest first, each ``{"issued_date", "as_of", "rows"}``."""
    frame = tables.rows(FORECASTS).sort_values(["market", "as_of", "horizon"])
    kept = frame[frame.groupby("market")["as_of"].rank("dense", ascending=False) <= ISSUES]
    found: dict[str, list[dict[str, Any]]] = {}
    for (market, as_of), group in groupby(plain_rows(kept), key=lambda row: (row["market"], row["as_of"])):
        rows = _whole(list(group))
        if rows:
            found.setdefault(market, []).append({"issued_date": rows[0]["issued_date"], "as_of": as_of, "rows": rows})
    return found


def prices(platform: Platform, tables: Tables) -> dict[str, Any]:
    """Market → its last prices, ``{"dates": [...], "prices": [...]}``, in the target's unit."""
    found = {}
    for market in platform.catalog.markets:
        try:
            daily = platform.lake.read(f"processed-data/daily/{market}.parquet").sort_values("date").tail(PRICE_DAYS)
        except ObjectNotFound:
            continue
        days = pd.to_datetime(daily["date"]).dt.strftime("%Y-%m-%d")
        found[market] = {"dates": list(days), "prices": [round(float(price), 4) for price in daily["price"]]}
    return found


def exchange_rate(platform: Platform, tables: Tables) -> dict[str, Any] | None:
    """The newest peso rate collected, ``{"pesos_per_dollar", "date", "series"}``; None when there is none."""
    series = platform.catalog.series.get(EXCHANGE_SERIES)
    if series is None:
        return None
    folder = platform.catalog.sources[series.source].folder
    keys = sorted(platform.store.list(f"raw-data/{folder}/{series.group}/"), reverse=True)
    for key in [key for key in keys if key.endswith(".parquet")][: 4 * TRIES]:
        rows = pd.read_parquet(io.BytesIO(platform.store.get(key)), filters=[("series", "==", EXCHANGE_SERIES)])
        rows = rows[rows["value"] > 0]
        if len(rows):
            newest = rows.sort_values(["period", "published_at"]).iloc[-1]
            return {"pesos_per_dollar": float(newest["value"]), "date": f"{newest['period']:%Y-%m-%d}", "series": EXCHANGE_SERIES}
    return None


def _newest_whole(platform: Platform, market: str, keys: list[str]) -> dict[str, Any]:
    problems: list[str] = []
    for key in keys[:TRIES]:
        try:
            rows = forecast_rows(FORECASTS.enforce(platform.lake.read(key)))
            if rows[0]["market"] != market:
                raise NotAForecast(f"it is a forecast of {rows[0]['market']}")
            return {"rows": rows, "problems": problems}
        except (ObjectNotFound, OSError, ValueError) as error:  # pyarrow's errors are ValueError or OSError
            problems.append(f"{key} was passed over: {error}")
    return {"rows": None, "problems": problems}


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    try:
        return checked(rows)
    except NotAForecast:
        return None
