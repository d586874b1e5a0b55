"""A platform in a folder that has lived through a market: one of the shipped catalogue's, with a small simulated history."""

import dataclasses
import os
import shutil
from pathlib import Path

import dagster as dg
import pandas as pd

from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.moment import DAY_TAG, FixedClock
from steel_assets.assets.resources import resources
from steel_assets.bootstrap import Platform, catalog
from steel_assets.catalog import Catalog
from steel_assets.core.calendars import local_day
from steel_assets.core.tables import MARKET_DAILY
from steel_assets.definitions import assets
from steel_assets.operations import histories
from steel_assets.settings import Settings
from steel_assets_tests.core.synthetic import Synthetic, synthetic
from steel_assets_tests.isolation import workplace

MARKET = "rebar_fob_turkey"
WHOLE = {"system_metrics", "alert_history", "publication", "price_watches"}
AS_OF = pd.Timestamp("2026-11-20T18:00:00Z")


def lived(folder: Path, count: int = 520, made: Synthetic | None = None) -> Platform:
    """A platform whose only processed market has ``count`` trading days behind it: a copy of one that is made once a process."""
    name = str(count) if made is None else f"of-{id(made)}"
    if name not in _made_once:
        made = made or synthetic(count=count, lived=0)
        _made_once[name] = (_lived(workplace() / f"lived-{os.getpid()}" / name, made), made)
    home, made = _made_once[name]
    shutil.copytree(home, folder / "home", dirs_exist_ok=True)
    return Platform(Settings(home=folder / "home"), _known(made))


_made_once: dict[str, tuple[Path, Synthetic]] = {}
"""Homes that are only copied, and what each is made of, which is kept so that no other has its ``id``."""


def _known(made: Synthetic) -> Catalog:
    """The shipped catalogue with the market and the series of ``made``."""
    shipped, market = catalog(), made.market.model_copy(update={"id": MARKET})
    return shipped.model_copy(
        update={"markets": {**shipped.markets, MARKET: market}, "series": {**shipped.series, **made.series}}
    )


def _lived(home: Path, made: Synthetic) -> Path:
    parts = Platform(Settings(home=home), _known(made))
    parts.store.put("lake.json", b'{"simulated": true}')
    history = dataclasses.replace(made, market=parts.catalog.markets[MARKET]).history()
    histories.save(parts.lake, dataclasses.replace(history, simulated=True))
    newest = history.prices.drop_duplicates("period", keep="last").rename(columns={"period": "date"})
    daily = newest.assign(market=MARKET, unit="USD/t", simulated=True)
    parts.lake.write(f"processed-data/daily/{MARKET}.parquet", daily, MARKET_DAILY)
    assert made_of(parts, "market_features").success
    return home


def installation(parts: Platform) -> Installation:
    """What the definitions of ``parts`` are built from."""
    return Installation(parts.catalog, parts.settings.simulated, parts.settings.warehouse_kind)


def made_of(
    parts: Platform,
    *names: str,
    instance: dg.DagsterInstance | None = None,
    moment: pd.Timestamp | None = None,
    day: str | None = None,
    market: str = MARKET,
) -> dg.ExecuteInProcessResult:
    """The assets of ``market`` called ``names`` materialised at ``moment``, whatever comes of it; others by their whole key.

    Args:
        moment: that of the market's stored history when not given.
        day: the partition of those that have days; that of ``moment`` when not given.
    """
    keys = [dg.AssetKey(name) if name in WHOLE else key_of(market, name) for name in names]
    moment = moment or _of_history(parts, market)
    today = f"{local_day(moment, parts.catalog.rules.schedules.tzinfo):%Y-%m-%d}"
    first = min(moment, pd.Timestamp(day or today, tz="UTC"))
    wanted = assets(installation(parts).reaching(first))
    by_day = any(asset.partitions_def for asset in wanted if asset.keys & set(keys))
    return dg.materialize(
        wanted,
        selection=keys,
        resources=resources(parts, FixedClock(moment)),
        instance=instance or dg.DagsterInstance.ephemeral(),
        tags={DAY_TAG: day or today} if by_day else {},
        raise_on_error=False,
    )


def _of_history(parts: Platform, market: str) -> pd.Timestamp:
    try:
        return histories.load(parts.catalog, parts.lake, market).as_of
    except ObjectNotFound:
        return AS_OF


def checks(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations of a run by ``asset: check``, the asset without its market."""
    return {f"{found.asset_key.path[-1]}: {found.check_name}": found for found in done.get_asset_check_evaluations()}


def at(text: str) -> pd.Timestamp:
    """A moment, UTC."""
    return pd.Timestamp(text, tz="UTC")
