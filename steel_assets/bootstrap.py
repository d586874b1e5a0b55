"""Settings → the platform's parts. The one place that picks an implementation; nothing is connected before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from steel_assets.adapters.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.clock import ClockRecord
from steel_assets.adapters.drop_box import DropBox, DropBucket, DropFolder
from steel_assets.adapters.import_ledger import ImportLedger
from steel_assets.adapters.lake import Lake
from steel_assets.adapters.model_store import ModelStore
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.outbox import Outbox
from steel_assets.adapters.publications import Publications
from steel_assets.adapters.secret_manager import Secrets
from steel_assets.adapters.signatures import signing_key
from steel_assets.adapters.snapshot_store import SnapshotStore
from steel_assets.adapters.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.catalog import Catalog, CatalogError, load_catalog
from steel_assets.providers import Providers
from steel_assets.settings import Settings, settings

if TYPE_CHECKING:
    pass


def catalog() -> Catalog:
    """The catalogue of this process: the shipped one and the user's own folder."""
    return catalog_with(settings().catalog_dir)


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
    def providers(self) -> Providers:
        """Whom prices come from."""
        return Providers(self.settings, self.catalog, self.cache, self.secrets)

    @property
    def home(self) -> Path:
        """The folder of everything that this installation stores on this machine."""
        return self.settings.home

    @cached_property
    def clock_record(self) -> ClockRecord:
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
    def notifiers(self) -> dict[str, Notifier]:
        """The channels for alerts that are set up, by name. Raises CatalogError when a rule names one that does not exist."""
        from steel_assets.adapters.notifiers.email import Email, Mailbox
        from steel_assets.adapters.notifiers.log import LogFile
        from steel_assets.adapters.notifiers.pagerduty import PagerDuty
        from steel_assets.adapters.notifiers.slack import Slack
        from steel_assets.adapters.notifiers.sms import Twilio
        from steel_assets.adapters.notifiers.webhook import Webhook

        chosen = self.settings
        found: dict[str, Notifier | None] = {"log": LogFile(chosen.home / "alerts.log")}
        reveal = self.secrets.reveal
        hook, slack, token = map(reveal, (chosen.alert_webhook_url, chosen.slack_webhook_url, chosen.twilio_auth_token))
        form = chosen.alert_webhook_format
        found["webhook"] = Webhook(hook, reveal(chosen.alert_webhook_secret), form) if hook else None
        pager = reveal(chosen.pagerduty_routing_key)
        found["pagerduty"] = PagerDuty(pager, chosen.pagerduty_url) if pager else None
        found["slack"] = Slack(slack) if slack else None
        found["email"] = found["sms"] = None
        if chosen.smtp_host and chosen.email_from:
            user, password, (to, read) = chosen.smtp_user, reveal(chosen.smtp_password), _readers(chosen.email_to)
            way = (chosen.smtp_host, chosen.smtp_port, chosen.smtp_security)
            found["email"] = Email(Mailbox(*way, user, password, chosen.email_from, to, read))
        if chosen.twilio_account_sid and token and chosen.sms_from:
            address, account = chosen.twilio_base_url, chosen.twilio_account_sid
            found["sms"] = Twilio(address, account, token, chosen.sms_from, *_readers(chosen.sms_to))
        policy = self.catalog.rules.alerts
        named = {f"alert {rule.id}": rule.channels for rule in self.catalog.alerts.values()}
        for where, channels in (named | {"rules.yaml: alerts": (*policy.always, *policy.least)}).items():
            for channel in channels:
                if channel not in found:
                    raise CatalogError(f"{where}: there is no channel {channel!r}; there are {', '.join(found)}")
        return {name: notifier for name, notifier in found.items() if notifier is not None}

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


def _listed(text: str) -> tuple[str, ...]:
    """The parts of a setting that lists several, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _readers(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Recipients of a setting that lists them, and the language of those who read another: ``ana@acme.mx=es``."""
    pairs = [part.partition("=") for part in _listed(text)]
    return tuple(name for name, _, _ in pairs), {name: language for name, _, language in pairs if language}


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
    return Platform(chosen or settings(), catalog())
