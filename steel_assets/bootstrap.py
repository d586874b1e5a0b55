"""The composition root: creates the platform's parts from settings, and chooses their implementations.

Nothing is connected or imported before it is used: a command that reads the published snapshot needs no pandas.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.catalog import Catalog, CatalogError, load_catalog
from steel_assets.core.open_sets import PluginError, open_to
from steel_assets.settings import Settings, settings

if TYPE_CHECKING:
    from steel_assets.adapters.alerts.outbox import Outbox
    from steel_assets.adapters.cache.cache import Cache
    from steel_assets.adapters.drop_box import DropBox
    from steel_assets.adapters.google.secret_manager import Secrets
    from steel_assets.adapters.lake.import_ledger import ImportLedger
    from steel_assets.adapters.lake.lake import Lake
    from steel_assets.adapters.lake.publications import Publications
    from steel_assets.adapters.lake.snapshots import SnapshotStore
    from steel_assets.adapters.machine.clock import ClockRecord
    from steel_assets.adapters.models.store import ModelStore
    from steel_assets.adapters.notifiers import ChannelConfig, ChannelModule, Notifier
    from steel_assets.adapters.warehouse.warehouse import Warehouse
    from steel_assets.core.automl import AutoMLService
    from steel_assets.core.types import VertexJobs
    from steel_assets.providers import Providers


def catalog() -> Catalog:
    """The catalogue of this process: the shipped one and the user's folder. Also opens the user's plugin folder."""
    here = settings()
    if here.plugins_dir is not None:
        open_to(here.plugins_dir)
    return catalog_with(here.catalog_dir)


@lru_cache(maxsize=1)
def catalog_with(folder: Path | None) -> Catalog:
    """The shipped catalogue with that in ``folder``, read once."""
    return load_catalog(folder)


@dataclass(frozen=True)
class Platform:
    """The parts that assets and commands use, each created at first use."""

    settings: Settings
    catalog: Catalog

    @cached_property
    def store(self) -> ObjectStore:
        """The lake's object store: a folder, or a bucket."""
        return store_at(self.settings.lake_address, self.settings)

    @cached_property
    def lake(self) -> Lake:
        """Raw and processed data, over ``store``."""
        from steel_assets.adapters.lake.lake import Lake

        return Lake(self.store)

    @property
    def simulated(self) -> bool | None:
        """As ``lake.simulated``, without importing the lake's libraries unless ``lake.json`` is damaged."""
        from steel_assets.adapters.lake.damaged import Damaged
        from steel_assets.adapters.lake.nature import MARK, marked

        mark = marked(self.store)
        return self.lake.simulated if mark is None and Damaged(self.store).open(MARK) else mark

    @cached_property
    def imports(self) -> ImportLedger:
        """The ledger of imported files."""
        from steel_assets.adapters.lake.import_ledger import ImportLedger

        return ImportLedger(self.lake)

    @cached_property
    def drop_box(self) -> DropBox:
        """The drop folder for users' files."""
        from steel_assets.adapters.drop_box import DropBucket, DropFolder

        address = self.settings.drop_address
        if "://" not in address:
            return DropFolder(Path(address))
        return DropBucket(store_at(address, self.settings), address)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The platform's tables, in DuckDB or BigQuery."""
        return warehouse_at(self.settings.warehouse_address, self.settings)

    def vertex(self, terms: VertexJobs) -> AutoMLService:
        """The AutoML of Vertex AI, with tables in the warehouse's dataset.

        Raises:
            AutoMLError: the warehouse is not in BigQuery.
            GoogleNotInstalled: at first use, if google-cloud-aiplatform is missing.
        """
        from steel_assets.adapters.google.clients import bigquery_client, vertex_clients
        from steel_assets.adapters.google.vertex import Tariff, VertexAutoML
        from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
        from steel_assets.core.automl import AutoMLError

        warehouse, chosen, prices = self.warehouse, self.settings, self.catalog.prices.items
        if not isinstance(warehouse, BigQueryWarehouse):
            raise AutoMLError(
                f"Vertex AI trains from BigQuery, and STEEL_WAREHOUSE is {warehouse.uri_of_database}: name a dataset"
            )
        return VertexAutoML(
            warehouse,
            partial(vertex_clients, chosen.vertex_location, chosen.vertex_endpoint),
            partial(bigquery_client, endpoint=chosen.bigquery_endpoint),
            chosen.vertex_location,
            node_hours=terms.node_hours,
            tariff=Tariff(prices["vertex_training"].usd, prices["vertex_prediction"].usd),
        )

    @property
    def warehouse_lost(self) -> str | None:
        """As ``warehouse.lost``, without importing the warehouse's libraries; None if nothing was lost."""
        if self.settings.warehouse_kind != "duckdb":
            return None
        from steel_assets.adapters.warehouse.damage import lost

        return lost(Path(self.settings.warehouse_address))

    @cached_property
    def cache(self) -> Cache:
        """The cache of providers' answers: in Redis if configured, else in the home folder."""
        from steel_assets.adapters.cache.cache import LocalCache, RedisCache

        redis = self.secrets.reveal(self.settings.redis_url)
        if redis is not None:
            return RedisCache(redis.get_secret_value())
        return LocalCache(self.settings.home / "cache")

    @cached_property
    def secrets(self) -> Secrets:
        """Looks up references such as ``sm://project/secret``."""
        return secrets_for(self.settings)

    @cached_property
    def providers(self) -> Providers:
        """The providers of prices."""
        from steel_assets.providers import Providers

        return Providers(self.settings, self.catalog, self.cache, self.secrets)

    @property
    def dagster_link(self) -> str:
        """The address of the Dagster UI, for the links of messages."""
        return self.settings.dagster_link

    @property
    def home(self) -> Path:
        """The folder of everything that this installation keeps on this machine."""
        return self.settings.home

    @cached_property
    def clock_record(self) -> ClockRecord:
        """The last reading of this machine's clocks."""
        from steel_assets.adapters.machine.clock import ClockRecord

        return ClockRecord(self.settings.home / "clock.json")

    @cached_property
    def models(self) -> ModelStore:
        """The model store, signed if there is a key."""
        from steel_assets.adapters.models.store import ModelStore

        return ModelStore(self.store, self.signing_key)

    @cached_property
    def signing_key(self) -> bytes | None:
        """The key that signs models and publications, from the environment or Secret Manager; None without one."""
        from steel_assets.adapters.objects.signatures import signing_key

        return signing_key(self.secrets, self.settings.signing_key)

    @cached_property
    def published(self) -> Publications:
        """Published forecasts as files of the lake, signed if there is a key."""
        from steel_assets.adapters.lake.publications import Publications

        return Publications(self.lake, self.signing_key)

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """The published snapshots, signed if there is a key."""
        from steel_assets.adapters.lake.snapshots import SnapshotStore

        return SnapshotStore(self.store, self.signing_key)

    @cached_property
    def notifiers(self) -> dict[str, Notifier]:
        """The configured channels for alerts, by name.

        Raises:
            CatalogError: a rule names a channel that does not exist.
            ChannelError: the settings of a channel are not valid.
        """
        from steel_assets.adapters.notifiers import built, channels

        there = channels()
        self._check_routes(there)
        found = {
            name: built(channel, self.channel_config(name, channel).revealed(self.secrets.reveal), self.settings.home)
            for name, channel in there.items()
        }
        return {name: notifier for name, notifier in found.items() if notifier is not None}

    def _check_routes(self, there: Collection[str]) -> None:
        """Refuse rules that name a channel that does not exist. Raises CatalogError."""
        policy = self.catalog.rules.alerts
        named = {f"alert {rule.id}": rule.channels for rule in self.catalog.alerts.values()}
        for where, wanted in (named | {"rules.yaml: alerts": (*policy.always, *policy.least)}).items():
            for name in wanted:
                if name not in there:
                    raise CatalogError(f"{where}: there is no channel {name!r}; use {', '.join(there)}")

    @property
    def mails(self) -> bool:
        """Whether Dagster sends the morning mail: the rules say so and the channel ``email`` is configured. No secret is read."""
        from steel_assets.adapters.notifiers import channels

        email = channels()["email"]
        return self.catalog.rules.report.send and email.build(self.channel_config("email", email), self.home) is not None

    def channel_config(self, name: str, channel: ChannelModule) -> ChannelConfig:
        """The settings of a channel, with secrets as they are set.

        Raises:
            ChannelError: one is not valid.
        """
        from steel_assets.adapters.notifiers import configured

        return configured(name, channel.Config, self.settings.channels.get(name, {}), self.settings.named_value)

    def check_settings(self) -> None:
        """Check the settings that sources and channels declare.

        Raises:
            SettingsError: one of a source is not valid.
            ChannelError: one of a channel is not valid, or the channel does not exist.
            CatalogError: a rule names a channel that does not exist.
        """
        from steel_assets.adapters.notifiers import ChannelError, channels

        there = channels()
        if strange := sorted(set(self.settings.channels) - set(there)):
            raise ChannelError(f"STEEL_CHANNELS__{strange[0].upper()}__…: there is no such channel; use {', '.join(there)}")
        for source in self.catalog.sources.values():
            self.settings.base_url(source.id)
            self.providers.options_of(source)
        for name, channel in there.items():
            self.channel_config(name, channel)
        self._check_routes(there)

    def check_plugins(self) -> None:
        """Refuse files of one's own that are not what their set asks for, before anything works with them.

        Sets to which nothing is added are not imported. Checks are looked at where the definitions are made, ``providers/``
        where the sandbox starts.

        Raises:
            PluginError: a file cannot be used, a source has no connector, or a connector no source.
        """
        from steel_assets.core.open_sets import extended

        if extended("steel_assets.core.models"):
            from steel_assets.core.models import model_families

            model_families()
        if extended("steel_assets.core.features"):
            from steel_assets.core.features import feature_families

            feature_families()
        asked = {source.id for source in self.catalog.sources.values() if source.kind == "api"}
        if extended("steel_assets.sources") or self.settings.catalog_dir is not None:
            from steel_assets.sources import connectors

            there = set(connectors())
            if missing := sorted(asked - there):
                raise PluginError(
                    f"source {missing[0]} has no connector: add sources/{missing[0]}.py with a function collect to the "
                    "folder that STEEL_PLUGINS_DIR names, or take its YAML out"
                )
            if strange := sorted(there - set(self.catalog.sources)):
                raise PluginError(
                    f"sources/{strange[0]}.py: no source {strange[0]} is declared; add sources/{strange[0]}.yaml to the "
                    "folder that STEEL_CATALOG_DIR names, or hide the file by a name that begins with _"
                )

    def declared_settings(self) -> set[str]:
        """The environment variables that sources and channels declare."""
        from steel_assets.adapters.notifiers import channels, variables_of

        of_channels = (variables_of(name, channel.Config).values() for name, channel in channels().items())
        of_sources = (source.variables for source in self.catalog.sources.values())
        return set(chain.from_iterable(chain(of_sources, *of_channels)))

    @cached_property
    def outbox(self) -> Outbox:
        """The alert state and its waiting messages."""
        from steel_assets.adapters.alerts.outbox import Outbox

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


def store_at(address: str, chosen: Settings) -> ObjectStore:
    """The object store at ``address``: a folder, or ``gs://bucket/prefix``.

    Raises:
        ObjectStoreError: it is neither.
    """
    if "://" not in address:
        return LocalFolder(Path(address))
    from steel_assets.adapters.google.clients import storage_client
    from steel_assets.adapters.objects.gcs import GcsStore

    return GcsStore(address, connect=partial(storage_client, chosen.storage_endpoint))


def warehouse_at(address: str, chosen: Settings) -> Warehouse:
    """The warehouse at ``address``: a DuckDB file, or ``bigquery://project/dataset``.

    Raises:
        WarehouseError: it is neither.
    """
    if "://" not in address:
        from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse

        return DuckDBWarehouse(Path(address), ours=Path(address) == chosen.home / "warehouse.duckdb")
    from steel_assets.adapters.google.clients import bigquery_client
    from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse

    return BigQueryWarehouse(
        address,
        connect=partial(bigquery_client, endpoint=chosen.bigquery_endpoint),
        location=chosen.bigquery_location,
        max_gib_billed=chosen.bigquery_max_gib_billed,
    )


def secrets_for(chosen: Settings) -> Secrets:
    """Looks up settings that refer to a secret."""
    from steel_assets.adapters.google.clients import secret_client
    from steel_assets.adapters.google.secret_manager import Secrets

    return Secrets(partial(secret_client, chosen.secret_manager_endpoint))


def platform(chosen: Settings | None = None) -> Platform:
    """The platform for ``chosen`` settings, or those of the environment."""
    if chosen is not None and chosen.plugins_dir is not None:
        open_to(chosen.plugins_dir)
    return Platform(chosen or settings(), catalog())
