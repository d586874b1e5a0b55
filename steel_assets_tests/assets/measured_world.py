"""A platform in a folder that has lived through a market: one of the shipped catalogue's, with a small simulated history."""

import dataclasses
from pathlib import Path

import dagster as dg
import pandas as pd

from steel_assets.assets import histories
from steel_assets.assets.features import market_features
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.tables import MARKET_DAILY
from steel_assets.settings import Settings
from steel_assets_tests.core.synthetic import Synthetic, synthetic

MARKET = "rebar_fob_turkey"
AS_OF = {"steel/as_of": "2026-11-20T18:00:00Z"}


def lived(folder: Path, count: int = 520, made: Synthetic | None = None) -> Platform:
    """A platform whose only processed market has ``count`` trading days behind it."""
    made = made or synthetic(count=count, lived=0)
    market = made.market.model_copy(update={"id": MARKET})
    shipped = catalog()
    known = shipped.model_copy(
        update={"markets": {**shipped.markets, MARKET: market}, "series": {**shipped.series, **made.series}}
    )
    parts = Platform(Settings(home=folder / "home"), known)
    parts.store.put("lake.json", b'{"simulated": true}')
    history = dataclasses.replace(made, market=market).history()
    histories.save(parts, dataclasses.replace(history, simulated=True))
    newest = history.prices.drop_duplicates("period", keep="last").rename(columns={"period": "date"})
    daily = newest.assign(market=MARKET, unit="USD/t", simulated=True)
    parts.lake.write(f"processed-data/daily/{MARKET}.parquet", daily, MARKET_DAILY)
    made_of(parts, market_features)
    return parts


def made_of(
    parts: Platform, *assets: dg.AssetsDefinition, instance: dg.DagsterInstance | None = None, **tags: str
) -> dg.ExecuteInProcessResult:
    """``assets`` materialised for ``MARKET``, whatever comes of it."""
    return dg.materialize(
        list(assets),
        partition_key=MARKET,
        resources={"platform": parts},
        instance=instance or dg.DagsterInstance.ephemeral(),
        tags=tags or AS_OF,
        raise_on_error=False,
    )


def checks(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations of a run by ``asset: check [partition]``."""
    return {
        f"{one.asset_key.to_user_string()}: {one.check_name}" + (f" [{one.partition}]" if one.partition else ""): one
        for one in done.get_asset_check_evaluations()
    }


def at(text: str) -> pd.Timestamp:
    """A moment, UTC."""
    return pd.Timestamp(text, tz="UTC")
