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
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.outbox import Outbox
from steel_assets.adapters.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.catalog import Catalog, CatalogError, Source, load_catalog
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

    def stored_bytes(self) -> int:
        """What the lake and the warehouse hold on this machine."""
        folders = [path for path in (self.settings.lake_path, self.settings.warehouse_path) if path.exists()]
        files = [file for path in folders for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
        return sum(file.stat().st_size for file in files)

    @cached_property
    def notifiers(self) -> dict[str, Notifier]:
        """The channels for alerts that are set up, by name. Raises CatalogError when a rule names one that does not exist."""
        from steel_assets.adapters.notifiers.email import Email, Mailbox
        from steel_assets.adapters.notifiers.log import LogFile
        from steel_assets.adapters.notifiers.slack import Slack
        from steel_assets.adapters.notifiers.sms import Twilio
        from steel_assets.adapters.notifiers.webhook import Webhook

        chosen = self.settings
        found: dict[str, Notifier | None] = {"log": LogFile(chosen.home / "alerts.log")}
        hook, slack, token = chosen.alert_webhook_url, chosen.slack_webhook_url, chosen.twilio_auth_token
        found["webhook"] = Webhook(hook, chosen.alert_webhook_secret) if hook else None
        found["slack"] = Slack(slack) if slack else None
        found["email"] = found["sms"] = None
        if chosen.smtp_host and chosen.email_from:
            user, password, to = chosen.smtp_user, chosen.smtp_password, _listed(chosen.email_to)
            way = (chosen.smtp_host, chosen.smtp_port, chosen.smtp_security)
            found["email"] = Email(Mailbox(*way, user, password, chosen.email_from, to))
        if chosen.twilio_account_sid and token and chosen.sms_from:
            address, account = chosen.twilio_base_url, chosen.twilio_account_sid
            found["sms"] = Twilio(address, account, token, chosen.sms_from, _listed(chosen.sms_to))
        for rule in self.catalog.alerts.values():
            for channel in (*rule.channels, *self.catalog.rules.alerts.always):
                if channel not in found:
                    raise CatalogError(f"alert {rule.id}: there is no channel {channel!r}; there are {', '.join(found)}")
        return {name: notifier for name, notifier in found.items() if notifier is not None}

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.catalog.rulebook, frozenset(self.notifiers))

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


def _listed(text: str) -> tuple[str, ...]:
    """The parts of a setting that lists several, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def platform(chosen: Settings | None = None) -> Platform:
    """The platform for ``chosen`` settings, or those of the environment."""
    return Platform(chosen or settings(), catalog())
