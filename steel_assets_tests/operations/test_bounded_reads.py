"""What a day asks of the object store does not depend on how many years the lake holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

from steel_assets.adapters.lake.raw_compaction import compact
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.bootstrap import Platform, catalog
from steel_assets.operations import feature_store, forecasting, histories
from steel_assets.operations.data_quality import quality_rows
from steel_assets.operations.market_tables import write_daily
from steel_assets.settings import Settings
from steel_assets_tests.bench.counted_store import CountedStore
from steel_assets_tests.core.synthetic import synthetic

MARKET = "synthetic"
DAYS = 600


def asked(folder: Path, lived: int) -> CountedStore:
    """What a day of a market asks for that has ``lived`` days of collections behind it; all have as many prices."""
    whole = synthetic(count=DAYS, lived=0)
    market = whole.market.model_copy(update={"id": MARKET})
    shipped = catalog()
    known = shipped.model_copy(
        update={"markets": {**shipped.markets, MARKET: market}, "series": {**shipped.series, **whole.series}}
    )
    parts = Platform(Settings(home=folder, sources="files"), known)
    rows = whole.observations.assign(simulated=False)
    first = rows["period"] <= whole.sessions[-lived - 1]
    parts.lake.append_observations(rows[first], "file-import", "files")
    for _, day in rows[~first].groupby("period"):
        collected = day["published_at"].max() + pd.Timedelta(hours=1)
        parts.lake.append_observations(day.assign(collected_at=collected), "file-import", "files")
    now = (whole.sessions[-1].tz_localize("UTC") + pd.Timedelta(days=1)).to_pydatetime()
    compact(parts.lake, now, least=2)
    compact(parts.lake, now + timedelta(hours=2), least=2)
    fresh = Platform(parts.settings, known)
    store = CountedStore(LocalFolder(parts.settings.home / "lake"))
    fresh.__dict__["store"] = store
    history = histories.build(fresh.catalog, fresh.lake, MARKET, pd.Timestamp(now))
    histories.save(fresh.lake, history)
    write_daily(fresh.lake, history)
    feature_store.build(fresh.lake, histories.load(fresh.catalog, fresh.lake, MARKET))
    quality_rows(fresh.catalog, fresh.lake, MARKET, history.as_of)
    day = history.as_of.tz_convert("America/Mexico_City").tz_localize(None).normalize()
    forecasting.forecast(fresh.catalog, fresh.lake, fresh.warehouse, fresh.models, fresh.published, MARKET, day)
    return store


def test_a_day_of_a_market_reads_no_more_of_a_lake_with_many_days_than_of_one_with_few(tmp_path: Path) -> None:
    few, many = (asked(tmp_path / str(lived), lived) for lived in (120, 300))
    assert few.requests["get raw-data"] > 0
    assert {name: count for name, count in many.requests.items() if count > few.requests[name]} == {}
    assert len(set(many.keys)) <= len(set(few.keys))
