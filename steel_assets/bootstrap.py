"""Settings → the platform's parts. The one place that picks an implementation; nothing is connected before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pandas as pd

from steel_assets.adapters.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.http import Http, HttpxHttp
from steel_assets.adapters.lake import Lake
from steel_assets.adapters.model_store import ModelStore
from steel_assets.adapters.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.catalog import Catalog, Source, load_catalog
from steel_assets.core.types import Series
from steel_assets.settings import Settings, settings
from steel_assets.sources import Access, Collection, connector


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The catalogue of this process: the shipped one and the user's own folder."""
    return load_catalog(settings().catalog_dir)


@dataclass(frozen=True)
class Platform:
    """The parts an asset or a command works with."""

    settings: Settings
    catalog: Catalog

    @cached_property
    def store(self) -> ObjectStore:
        return LocalFolder(self.settings.lake_path)

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.store)

    @cached_property
    def warehouse(self) -> Warehouse:
        return DuckDBWarehouse(self.settings.warehouse_path)

    @cached_property
    def cache(self) -> Cache:
        if self.settings.redis_url is not None:
            return RedisCache(self.settings.redis_url.get_secret_value())
        return LocalCache(self.settings.home / "cache")

    @cached_property
    def models(self) -> ModelStore:
        return ModelStore(self.store)

    @cached_property
    def http(self) -> Http:
        return HttpxHttp(timeout_seconds=self.settings.http_timeout_seconds)

    def collect(self, source: Source, series: Sequence[Series], moment: pd.Timestamp) -> Collection:
        """Ask a provider for what is new about ``series``; an empty collection where providers are not asked at all."""
        if self.settings.sources == "files":
            return Collection.nothing("not asked: STEEL_SOURCES=files")
        known = self.lake.observations([one.id for one in series])
        return connector(source.id).collect(series, known, moment, self.access(source))

    def access(self, source: Source) -> Access:
        """How a provider is reached, from the settings."""
        return Access(
            http=self.http,
            base_url=self.settings.base_url(source.id),
            api_key=self.settings.api_key(source.id),
            history_years=self.settings.history_years,
            simulated=self.settings.simulated,
            outputsize=self.settings.alpha_vantage_outputsize,
        )


def platform(chosen: Settings | None = None) -> Platform:
    """The platform for ``chosen`` settings, or those of the environment."""
    return Platform(chosen or settings(), catalog())
