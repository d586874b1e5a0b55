"""Published forecasts: the newest valid one of each market, earlier ones, and the prices that they are about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain, groupby
from typing import Any

import pandas as pd

from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.plausible import latest_moment, why_not
from steel_assets.core.published import NotAForecast, checked, forecast_rows, plain_rows
from steel_assets.core.tables import FORECASTS
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.records import Known, daily_prices, extremes, record_of
from steel_assets.operations.publication.warehouse import Tables

FOLDER = "predictions/daily/"
PRICE_DAYS = 400
ISSUES = 400
ISSUE_DAYS = 500
"""Calendar days that contain ISSUES issues, one a day."""

TRIES = 10
LISTED_MONTHS = 3
EXCHANGE_SERIES = "usdmxn"


def latest(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → rows of its newest undamaged and plausible forecast, and what is wrong with newer files.

    ``rows`` is None before the first. If this machine's clock is behind the day of the newest price, the clock is not used to
    reject rows.
    """
    keys = keys_by_market(inputs, tables, FOLDER)
    records = {market: record_of(inputs, market) for market in keys}
    newest = max((known.newest for known in records.values() if known), default=0.0)
    now = latest_moment(tables.moment, newest)
    found = {
        market: _newest_whole(inputs, market, mine, records[market], now, tables.in_force.get(market))
        for market, mine in keys.items()
    }
    tables.latest = found
    return found


def keys_by_market(inputs: Inputs, tables: Tables, folder: str) -> dict[str, list[str]]:
    """Market → keys of its newest issues in ``folder`` (``<day>/<market>-<moment>.parquet``), newest first.

    Only the last months are listed. Everything is listed at the first publication, and if a market that was published before has
    fewer than TRIES issues in these months.
    """
    if tables.in_force and math.isfinite(tables.moment):
        now = pd.Timestamp(tables.moment, unit="s") + pd.Timedelta(days=1)  # in some time zones it is tomorrow already
        prefixes = [f"{folder}{now - pd.DateOffset(months=back):%Y-%m}-" for back in range(LISTED_MONTHS)]
        found = _by_market(inputs, prefixes)
        if all(len(found.get(market, ())) >= TRIES for market in tables.in_force if market in inputs.catalog.markets):
            return found
    return _by_market(inputs, [folder])


def _by_market(inputs: Inputs, prefixes: list[str]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for key in chain.from_iterable(map(inputs.lake.store.list, dict.fromkeys(prefixes))):
        market, dash, _ = key.rpartition("/")[2].partition("-")
        if dash and key.endswith(".parquet") and market in inputs.catalog.markets:
            keys.setdefault(market, []).append(key)
    return {market: sorted(listed, reverse=True) for market, listed in keys.items()}


def key_of(rows: list[dict[str, Any]]) -> str:
    """The key in the lake of an issue, from its plain rows."""
    first = rows[0]
    moment = pd.Timestamp(first["as_of"])
    return f"{FOLDER}{first['issued_date']}/{first['market']}-{moment:%Y%m%dT%H%M%SZ}.parquet"


def issues(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → its past forecasts, oldest first, each ``{"issued_date", "as_of", "rows"}``."""
    rows = tables.newest(
        FORECASTS, "issued_date", ISSUE_DAYS, inputs.catalog.markets, lambda mine: mine["as_of"].nunique() >= ISSUES
    )
    frame = rows.sort_values(["market", "as_of", "horizon"])
    kept = frame[frame.groupby("market")["as_of"].rank("dense", ascending=False) <= ISSUES]
    found: dict[str, list[dict[str, Any]]] = {}
    for (market, as_of), group in groupby(plain_rows(kept), key=lambda row: (row["market"], row["as_of"])):
        rows = _whole(list(group))
        if rows and why_not(rows, None, tables.moment, inputs.catalog.markets[market].frequency) is None:
            found.setdefault(market, []).append({"issued_date": rows[0]["issued_date"], "as_of": as_of, "rows": rows})
    return found


def prices(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → its last prices, ``{"dates": [...], "prices": [...]}``, in the target's unit.

    A market whose file is damaged is left out and named in ``damaged``.
    """
    found = {}
    for market in inputs.catalog.markets:
        daily = daily_prices(inputs, market)
        if daily is None:
            continue
        shown = daily.tail(PRICE_DAYS)
        days = pd.to_datetime(shown["date"]).dt.strftime("%Y-%m-%d")
        found[market] = {
            "dates": list(days),
            "prices": [round(float(price), 4) for price in shown["price"]],
            **extremes(daily, inputs.catalog.markets[market]),
        }
    return found


def exchange_rate(inputs: Inputs, tables: Tables) -> dict[str, Any] | None:
    """The newest peso rate collected, ``{"pesos_per_dollar", "date", "series"}``; None when there is none."""
    series = inputs.catalog.series.get(EXCHANGE_SERIES)
    if series is None:
        return None
    folder = inputs.catalog.sources[series.source].folder
    keys = [key for key in inputs.lake.files(f"raw-data/{folder}/") if f"/{series.group}/" in key]
    for key in sorted(keys, key=lambda key: key.rpartition("/")[2], reverse=True)[: 4 * TRIES]:
        stored = inputs.lake.raw(key)
        if stored is None:
            continue
        rows = stored[(stored["series"] == EXCHANGE_SERIES) & (stored["value"] > 0)]
        if len(rows):
            newest = rows.sort_values(["period", "published_at"]).iloc[-1]
            return {"pesos_per_dollar": float(newest["value"]), "date": f"{newest['period']:%Y-%m-%d}", "series": EXCHANGE_SERIES}
    return None


def _newest_whole(
    inputs: Inputs, market: str, keys: list[str], known: Known | None, now: float, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The newest of the files ``keys`` that is undamaged and plausible; the rows ``before`` replace their damaged file."""
    problems: list[str] = []
    frequency = inputs.catalog.markets[market].frequency
    published = (before or {}).get("rows")
    for key in keys[:TRIES]:
        try:
            rows = forecast_rows(FORECASTS.enforce(inputs.published.read(key)))
            if rows[0]["market"] != market:
                raise NotAForecast(f"it is a forecast of {rows[0]['market']}")
            reason = why_not(rows, known.record if known else None, now, frequency)
            if reason is not None:
                raise NotAForecast(reason)
            return {"rows": rows, "problems": problems}
        except (ObjectNotFound, OSError, ValueError) as error:  # pyarrow's errors are ValueError or OSError
            problems.append(f"{key} was passed over: {error}")
            record = known.record if known else None
            if published and key == key_of(published) and why_not(published, record, now, frequency) is None:
                return {"rows": published, "problems": problems}
    return {"rows": None, "problems": problems}


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    try:
        return checked(rows)
    except NotAForecast:
        return None
