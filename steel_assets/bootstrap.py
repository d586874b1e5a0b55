"""Settings → the platform's parts. The one place that picks an implementation; nothing is connected before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import SecretStr

from steel_assets.adapters.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.clock import ClockRecord
from steel_assets.adapters.drop_box import DropBox, DropBucket, DropFolder
from steel_assets.adapters.http_cache import CachedHttp
from steel_assets.adapters.import_ledger import ImportLedger
from steel_assets.adapters.lake import Lake
from steel_assets.adapters.model_store import ModelStore
from steel_assets.adapters.notifiers import Channel, ChannelConfig, ChannelError, Notifier, channels, configured, variables_of
from steel_assets.adapters.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.outbox import Outbox
from steel_assets.adapters.publications import Publications
from steel_assets.adapters.quota import FileLedger, Ledger, Limits, Quota, RedisLedger
from steel_assets.adapters.secret_manager import Secrets
from steel_assets.adapters.signatures import signing_key
from steel_assets.adapters.snapshot_store import SnapshotStore
from steel_assets.adapters.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.catalog import Catalog, CatalogError, Source, load_catalog
from steel_assets.core.answers import Http
from steel_assets.core.imports import Tainted, tainted
from steel_assets.core.open_sets import open_to
from steel_assets.core.standing import Settled
from steel_assets.core.types import Series
from steel_assets.settings import Settings, SettingsError, settings
from steel_assets.sources import Access, Collection, connector

if TYPE_CHECKING:
    from steel_assets.adapters.http import HttpxHttp

When = tuple[pd.Timestamp, pd.Timestamp | None]
"""One collection: its moment, and since when it asks again (a backfill)."""


def catalog() -> Catalog:
    """The catalogue of this process: the shipped one and the user's own folder. The user's own Python is found from now on."""
    here = settings()
    if here.plugins_dir is not None:
        open_to(here.plugins_dir)
    return catalog_with(here.catalog_dir)


@lru_cache(maxsize=1)
def catalog_with(folder: Path | None) -> Catalog:
    """The shipped catalogue with the one in ``folder``, read once."""
    return load_catalog(folder)


@dataclass(frozen=True)
class Platform:
    """The parts an asset or a command works with."""

    settings: Settings
    catalog: Catalog

    @cached_property
    def store(self) -> ObjectStore:
        return store_at(self.settings.lake_address, self.settings)

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.store)

    @cached_property
    def imports(self) -> ImportLedger:
        """Which files of one's own were ever imported, and which of them were withdrawn."""
        return ImportLedger(self.lake)

    def taints(self) -> list[Tainted]:
        """Every import that was believed for a while and is no longer."""
        rewritings = self.lake.rewritings()
        return tainted(self.imports.imports(), rewritings) if rewritings else []

    @cached_property
    def drop_box(self) -> DropBox:
        """Where people drop files of their own."""
        address = self.settings.drop_address
        if "://" not in address:
            return DropFolder(Path(address))
        return DropBucket(store_at(address, self.settings), address)

    @cached_property
    def warehouse(self) -> Warehouse:
        return warehouse_at(self.settings.warehouse_address, self.settings)

    @cached_property
    def cache(self) -> Cache:
        redis = self.secrets.reveal(self.settings.redis_url)
        if redis is not None:
            return RedisCache(redis.get_secret_value())
        return LocalCache(self.settings.home / "cache")

    @cached_property
    def secrets(self) -> Secrets:
        return secrets_for(self.settings)

    @cached_property
    def clock(self) -> ClockRecord:
        """What is remembered of this machine's clock."""
        return ClockRecord(self.settings.home / "clock.json")

    @cached_property
    def models(self) -> ModelStore:
        return ModelStore(self.store, self.signing_key)

    @cached_property
    def signing_key(self) -> bytes | None:
        """What models and publications are signed with, from the environment or Secret Manager; None: they are not."""
        return signing_key(self.secrets, self.settings.signing_key)

    @cached_property
    def published(self) -> Publications:
        """Forecasts as files of the lake, signed where there is a key."""
        return Publications(self.lake, self.signing_key)

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """What the service answers from, signed where there is a key."""
        return SnapshotStore(self.store, self.signing_key)

    @cached_property
    def http(self) -> dict[str, HttpxHttp]:
        """One way out per source, so that each provider's pace is its own. The sandbox sets none."""
        from steel_assets.adapters.http import HttpxHttp

        timeout = self.settings.http_timeout_seconds
        if self.settings.simulated:
            return {name: HttpxHttp(timeout_seconds=timeout) for name in self.catalog.sources}
        return {
            source.id: HttpxHttp(
                timeout_seconds=timeout,
                calls_per_minute=source.calls_per_minute,
                seconds_between_calls=source.seconds_between_calls,
                quota=self.quotas.get(source.id),
            )
            for source in self.catalog.sources.values()
        }

    @cached_property
    def quotas(self) -> dict[str, Quota]:
        """The budgets of the sources that have one, shared with every process of this installation. The sandbox has none."""
        if self.settings.simulated:
            return {}
        redis = self.secrets.reveal(self.settings.redis_url)

        def ledger(name: str) -> Ledger:
            file = FileLedger(self.settings.home / "quota" / f"{name}.json")
            return RedisLedger(redis.get_secret_value(), f"steel:quota:{name}", file) if redis else file

        return {
            source.id: Quota(
                Limits(source.calls_per_day, source.calls_per_minute, source.seconds_between_calls), ledger(source.id)
            )
            for source in self.catalog.sources.values()
            if source.calls_per_day
        }

    def way_out(self, source: Source, moment: pd.Timestamp, since: pd.Timestamp | None = None) -> CachedHttp:
        """How one collection at ``moment`` asks ``source``: through the cache, where the source has a time for it."""
        when: When = (moment, since)
        if source.id not in self._ways or self._ways[source.id][0] != when:
            self._ways[source.id] = when, self.http[source.id].afresh()
        network = self._ways[source.id][1]
        if self.settings.simulated or since is not None or not source.cache_ttl_hours:
            return CachedHttp(network)
        return CachedHttp(network, self.cache, source.cache_ttl_hours * 3600, f"{moment:%Y-%m-%d}")

    @cached_property
    def _ways(self) -> dict[str, tuple[When, Http]]:
        """The way out to each provider in the newest collection: what it keeps silent about one group it keeps about all."""
        return {}

    def stored_bytes(self) -> int:
        """What the lake and the warehouse hold, wherever they are."""
        return self.store.stored_bytes() + self.warehouse.stored_bytes()

    @cached_property
    def notifiers(self) -> dict[str, Notifier]:
        """The channels for alerts that are set up, by name. Raises CatalogError when a rule names one that does not exist."""
        found = {
            name: channel.build(self.channel_config(name, channel).revealed(self.secrets.reveal), self.settings.home)
            for name, channel in channels().items()
        }
        policy = self.catalog.rules.alerts
        named = {f"alert {rule.id}": rule.channels for rule in self.catalog.alerts.values()}
        for where, wanted in (named | {"rules.yaml: alerts": (*policy.always, *policy.least)}).items():
            for name in wanted:
                if name not in found:
                    raise CatalogError(f"{where}: there is no channel {name!r}; there are {', '.join(found)}")
        return {name: notifier for name, notifier in found.items() if notifier is not None}

    def channel_config(self, name: str, channel: Channel) -> ChannelConfig:
        """The settings of a channel, its secrets as they were set. Raises ChannelError."""
        return configured(name, channel.Config, self.settings.channels.get(name, {}), self.settings.named_value)

    def check_settings(self) -> None:
        """Refuse what sources and channels declare and an installation sets to what it cannot be.

        Raises:
            SettingsError: of a source.
            ChannelError: of a channel, or of one that there is not.
        """
        there = channels()
        if strange := sorted(set(self.settings.channels) - set(there)):
            raise ChannelError(f"STEEL_CHANNELS__{strange[0].upper()}__…: there is no such channel; there are {', '.join(there)}")
        for source in self.catalog.sources.values():
            self.settings.base_url(source.id)
            self.options_of(source)
        for name, channel in there.items():
            self.channel_config(name, channel)

    def declared_settings(self) -> set[str]:
        """The variables that sources and channels declare."""
        of_channels = (variables_of(name, channel.Config).values() for name, channel in channels().items())
        of_sources = (source.variables for source in self.catalog.sources.values())
        return set(chain.from_iterable(chain(of_sources, *of_channels)))

    @cached_property
    def outbox(self) -> Outbox:
        chosen = self.settings
        return Outbox(
            self.store,
            self.catalog.rulebook,
            frozenset(self.notifiers),
            simulated=chosen.simulated,
            site=chosen.public_url or "",
            language=chosen.language,
            key=self.signing_key,
        )

    def key_of(self, source: Source) -> SecretStr | None:
        """The key of a source, or the reference to it (``sm://…``); None where none is set."""
        return self.settings.api_key(source.id, source.key_setting)

    def options_of(self, source: Source) -> dict[str, str]:
        """What is chosen of each option that the catalogue declares for a source. Raises SettingsError for what it may not be."""
        found = {}
        for name, option in source.options.items():
            chosen = self.settings.option(source.id, name)
            if chosen is not None and option.choices and chosen not in option.choices:
                raise SettingsError(f"STEEL_{source.id.upper()}_{name.upper()}: {chosen!r} is not {' or '.join(option.choices)}")
            in_sandbox = option.in_sandbox if self.settings.simulated else None
            found[name] = in_sandbox or chosen or option.default
        return found

    def not_configured(self, source: Source) -> str | None:
        """Why a source is not asked at all, and the remedy; None when it is."""
        if self.settings.sources == "files":
            return "not asked: STEEL_SOURCES=files"
        if source.needs_key and self.key_of(source) is None:
            return f"not configured: no key; set {source.key_variable}"
        return None

    def unfed(self, market: str) -> str | None:
        """Why no provider is asked for the prices of ``market``, and the remedy; None when one is. Files may feed it still."""
        target = self.catalog.markets[market].target
        for name in (target.series, target.fx):
            source = self.catalog.sources[self.catalog.series[name].source] if name else None
            if source is not None and self.settings.sources == "live" and self.not_configured(source):
                remedy = f"set {source.key_variable}, or import a file of your own as series {name}"
                return f"no source of its prices: {source.name} needs a key; {remedy}"
        return None

    def collect(
        self,
        source: Source,
        series: Sequence[Series],
        moment: pd.Timestamp,
        known: pd.DataFrame,
        http: Http,
        since: pd.Timestamp | None = None,
        settled: Mapping[str, Settled] | None = None,
    ) -> Collection:
        """Ask a provider for what is new about ``series``; an empty collection where it is not asked at all.

        Args:
            known: raw observations of ``series``, all vintages.
            http: the way out, of ``way_out``.
            since: ask again for everything from this day on.
            settled: series → the days of its history that need not be asked for again.
        """
        reason = self.not_configured(source)
        if reason:
            return Collection.nothing(reason)
        when: When = (moment, since)
        if source.id in self._silent and self._silent[source.id][0] == when:
            return Collection.of_a_silent_provider(series, self._silent[source.id][1])
        collection = connector(source.id).collect(series, known, moment, self.access(source, http, since, settled))
        if collection.silent:
            self._silent[source.id] = when, collection.silent
        return collection

    @cached_property
    def _silent(self) -> dict[str, tuple[When, str]]:
        """Providers found to be down, and in which collection: its other groups need not find it out again."""
        return {}

    def access(
        self,
        source: Source,
        http: Http | None = None,
        since: pd.Timestamp | None = None,
        settled: Mapping[str, Settled] | None = None,
    ) -> Access:
        """How a provider is reached, from the settings; with ``since``, for a backfill. Calls that came too fast are waited out
        for at most twice the time of one answer."""
        return Access(
            http=http or self.http[source.id],
            base_url=self.settings.base_url(source.id) or source.base_url or "",
            api_key=self.secrets.reveal(self.key_of(source)),
            history_years=self.settings.history_years,
            simulated=self.settings.simulated,
            options=self.options_of(source),
            since=since,
            settled=settled or {},
            patience_seconds=2 * self.settings.http_timeout_seconds,
        )


def store_at(address: str, chosen: Settings) -> ObjectStore:
    """The object store at ``address``: a folder, or ``gs://bucket/prefix``. Raises ObjectStoreError when it is neither."""
    if "://" not in address:
        return LocalFolder(Path(address))
    from steel_assets.adapters.gcs_store import GcsStore
    from steel_assets.adapters.google_clients import storage_client

    return GcsStore(address, connect=partial(storage_client, chosen.storage_endpoint))


def warehouse_at(address: str, chosen: Settings) -> Warehouse:
    """The warehouse at ``address``: a DuckDB file, or ``bigquery://project/dataset``. Raises WarehouseError for neither."""
    if "://" not in address:
        return DuckDBWarehouse(Path(address), ours=Path(address) == chosen.home / "warehouse.duckdb")
    from steel_assets.adapters.bigquery_warehouse import BigQueryWarehouse
    from steel_assets.adapters.google_clients import bigquery_client

    return BigQueryWarehouse(
        address,
        connect=partial(bigquery_client, endpoint=chosen.bigquery_endpoint),
        location=chosen.bigquery_location,
        max_gib_billed=chosen.bigquery_max_gib_billed,
    )


def secrets_for(chosen: Settings) -> Secrets:
    """What looks up the settings that name a secret instead of holding it."""
    from steel_assets.adapters.google_clients import secret_client

    return Secrets(partial(secret_client, chosen.secret_manager_endpoint))


def platform(chosen: Settings | None = None) -> Platform:
    """The platform for ``chosen`` settings, or those of the environment."""
    if chosen is not None and chosen.plugins_dir is not None:
        open_to(chosen.plugins_dir)
    return Platform(chosen or settings(), catalog())
