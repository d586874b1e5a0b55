"""Settings → the platform's parts. The one place that picks an implementation; nothing is connected before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from steel_assets.adapters.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.clock import ClockRecord
from steel_assets.adapters.drop_box import DropBox, DropBucket, DropFolder
from steel_assets.adapters.http_cache import CachedHttp
from steel_assets.adapters.import_ledger import ImportLedger
from steel_assets.adapters.lake import Lake
from steel_assets.adapters.model_store import ModelStore
from steel_assets.adapters.notifiers import Notifier
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
from steel_assets.core.standing import Settled
from steel_assets.core.types import Series
from steel_assets.settings import Settings, settings
from steel_assets.sources import Access, Collection, connector

if TYPE_CHECKING:
    from steel_assets.adapters.http import HttpxHttp

When = tuple[pd.Timestamp, pd.Timestamp | None]
"""One collection: its moment, and since when it asks again (a backfill)."""


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

    def not_configured(self, source: Source) -> str | None:
        """Why a source is not asked at all, and the remedy; None when it is."""
        if self.settings.sources == "files":
            return "not asked: STEEL_SOURCES=files"
        if source.needs_key and self.settings.api_key(source.id) is None:
            return f"not configured: no key; set STEEL_{source.id.upper()}_API_KEY"
        return None

    def unfed(self, market: str) -> str | None:
        """Why no provider is asked for the prices of ``market``, and the remedy; None when one is. Files may feed it still."""
        target = self.catalog.markets[market].target
        for name in (target.series, target.fx):
            source = self.catalog.sources[self.catalog.series[name].source] if name else None
            if source is not None and self.settings.sources == "live" and self.not_configured(source):
                remedy = f"set STEEL_{source.id.upper()}_API_KEY, or import a file of your own as series {name}"
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
            base_url=self.settings.base_url(source.id),
            api_key=self.secrets.reveal(self.settings.api_key(source.id)),
            history_years=self.settings.history_years,
            simulated=self.settings.simulated,
            outputsize="full" if self.settings.simulated else self.settings.alpha_vantage_outputsize,
            since=since,
            settled=settled or {},
            patience_seconds=2 * self.settings.http_timeout_seconds,
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
