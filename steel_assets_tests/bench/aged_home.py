"""Ten years lived in a minute: what daily operation would have left in a home, made from what one real day left there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from steel_assets.adapters.lake.compacted import Piece, copy_of, written
from steel_assets.adapters.lake.raw_compaction import LEAST
from steel_assets.bootstrap import Platform
from steel_assets.core.metrics import predictions_vs_reality
from steel_assets.core.service_use import FOLDER as MEASURED
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import (
    DATA_QUALITY,
    DRIFT,
    EXPLANATIONS,
    FORECASTS,
    METRICS_DAILY,
    PREDICTIONS_VS_REALITY,
    SYSTEM_METRICS,
)
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations.market_tables import read_daily
from steel_assets.settings import Settings
from steel_assets_tests.bench.year_run import early

SINGLE = LEAST
"""Newest raw files of each group that are not compacted: as many as there ever are."""

DRIVERS = 5
CLOCK = pd.Timedelta(hours=8)


def lived(home: Path, begun: pd.Timestamp, until: pd.Timestamp) -> None:
    """Fill the home in which one daily run was made at ``until`` with the days since ``begun``, one run a day at 08:00 UTC."""
    parts = Platform(Settings(home=home), early())
    days = pd.date_range(begun, until - pd.Timedelta(days=1), freq="D")
    _raw_files(parts, begun)
    forecasts = pd.concat([_forecasts(parts, market, days) for market in parts.catalog.markets], ignore_index=True)
    _upsert(parts, FORECASTS, forecasts)
    prices = pd.concat([read_daily(parts.catalog, parts.lake, market) for market in parts.catalog.markets], ignore_index=True)
    for market, mine in forecasts.groupby("market"):
        rows = predictions_vs_reality(mine, prices[prices["market"] == market], until)
        _upsert(parts, PREDICTIONS_VS_REALITY, rows.assign(created_at=rows["prediction_date"].dt.tz_localize("UTC") + CLOCK))
    for table in (DATA_QUALITY, DRIFT, METRICS_DAILY, SYSTEM_METRICS):
        _upsert(parts, table, _repeated(parts.warehouse.read(table), days, until))
    _upsert(parts, EXPLANATIONS, _explanations(forecasts))
    _files(parts, home / "lake", days)


def _raw_files(parts: Platform, begun: pd.Timestamp) -> None:
    """Every figure in the file of the day on which it could first be collected; older files compacted, as the daemon does it."""
    everything = parts.lake.observations()
    for key in parts.lake.raw_files():
        parts.store.delete(key)
    published = everything["published_at"]
    day = (published - CLOCK).dt.ceil("D") + CLOCK
    everything["collected_at"] = day.clip(lower=begun).astype(everything["collected_at"].dtype)
    everything = everything.drop_duplicates(["series", "period", "published_at"])
    for source in parts.catalog.sources.values():
        for group in source.groups:
            ids = [series.id for series in parts.catalog.series_of(source.id, group)]
            mine = everything[everything["series"].isin(ids)].sort_values(["collected_at", "series", "period", "published_at"])
            moments = mine["collected_at"].drop_duplicates()
            old = mine["collected_at"].isin(moments[:-SINGLE])
            folder = f"raw-data/{source.folder}/{group}/"
            if old.any():
                counts = mine.loc[old, "collected_at"].value_counts(sort=False).sort_index()
                rows = {
                    f"{folder}{at:%Y}/{at:%Y-%m-%dT%H%M%SZ}-{number:012x}.parquet": int(count)
                    for number, (at, count) in enumerate(counts.items())
                }
                piece = Piece(pa.Table.from_pandas(mine[old], preserve_index=False).replace_schema_metadata(None), rows)
                newest = f"{counts.index[-1]:%Y-%m-%dT%H%M%S}"
                key, content = written(folder, [piece], newest, counts.index[-1].to_pydatetime())
                parts.store.put(copy_of(key), content)
                parts.store.put(key, content)
            for _, rows_of_day in mine[~old].groupby("collected_at"):
                parts.lake.append_observations(rows_of_day, source.folder, group)


def _forecasts(parts: Platform, market: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    """The last price of each day, with the intervals of the day that was really forecast."""
    template = parts.warehouse.read(FORECASTS, {"market": market}).drop_duplicates("horizon")
    daily = read_daily(parts.catalog, parts.lake, market)
    dates, prices = pd.DatetimeIndex(daily["date"]), daily["price"].to_numpy()
    issued = days.tz_localize(None).normalize()
    at = dates.searchsorted(issued) - 1
    found = []
    for row in template.to_dict("records"):
        fits = (at >= 0) & (at + row["horizon"] < len(dates))
        last = prices[at[fits]]
        scale = {name: last * (row[name] / row["last_price"]) for name in ("predicted_price", *QUANTILE_COLUMNS)}
        found.append(
            pd.DataFrame({"issued_date": issued[fits], "as_of": days[fits], "last_price": last, **scale}).assign(
                origin=dates[at[fits]],
                data_as_of=dates[at[fits]],
                target_date=dates[at[fits] + row["horizon"]],
                created_at=days[fits],
            )
        )
        rest = {name: value for name, value in row.items() if name not in found[-1]}
        found[-1] = found[-1].assign(**rest)
    return FORECASTS.enforce(pd.concat(found, ignore_index=True))


def _repeated(rows: pd.DataFrame, days: pd.DatetimeIndex, until: pd.Timestamp) -> pd.DataFrame:
    """``rows`` once for each day, every date in them as many days earlier."""
    back = np.repeat((until.normalize() - days.normalize()).to_numpy(), len(rows))
    found = pd.concat([rows] * len(days), ignore_index=True)
    for name in found.columns:
        if pd.api.types.is_datetime64_any_dtype(found[name]):
            found[name] = found[name] - back
    return found


def _explanations(forecasts: pd.DataFrame) -> pd.DataFrame:
    names = [column.name for column in EXPLANATIONS.columns if column.name in forecasts]
    return pd.concat(
        [forecasts[names].assign(driver=f"driver_{number}", contribution=float(number)) for number in range(DRIVERS)],
        ignore_index=True,
    )


def _upsert(parts: Platform, table: Table, rows: pd.DataFrame) -> None:
    for _, part in rows.groupby(np.arange(len(rows)) // 100_000):
        parts.warehouse.upsert(table, part.drop_duplicates(list(table.key)))


def _files(parts: Platform, lake: Path, days: pd.DatetimeIndex) -> None:
    """Files by day: forecasts and their explanations, messages told, and the service's measurements of the days that are kept."""
    for folder in ("predictions/daily", "predictions/explanations"):
        for market in parts.catalog.markets:
            newest = max((lake / folder).glob(f"*/{market}-*.parquet")).read_bytes()
            for day in days:
                place = lake / folder / f"{day:%Y-%m-%d}"
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{market}-{day:%Y%m%dT%H%M%SZ}.parquet").write_bytes(newest)
    for day in days[-parts.catalog.rules.retention.alert_days : -60]:
        place = lake / "alerts" / "history" / f"{day:%Y-%m}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{day:%Y-%m-%dT%H%M%SZ}.json").write_bytes(b"{}")
    for day in days[-parts.catalog.rules.retention.measurement_days : -2]:
        place = lake / MEASURED / f"{day:%Y-%m-%d}"
        place.mkdir(parents=True, exist_ok=True)
        for hour in range(24):
            (place / f"{hour:02d}-process.jsonl").write_bytes(b"")
