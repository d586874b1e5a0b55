"""Access to providers in this installation: which are configured, their HTTP clients, one collection at a time.

A connector (``sources/``) reads what a provider sends; this module handles keys, addresses, quotas and pauses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from steel_assets.adapters.cache.cache import Cache
from steel_assets.adapters.google.secret_manager import Secrets
from steel_assets.adapters.http.cached import CachedHttp
from steel_assets.adapters.http.quota import FileLedger, Ledger, Quota, RateLimits, RedisLedger
from steel_assets.catalog import Catalog, Source
from steel_assets.core.responses import Http
from steel_assets.core.types import Series
from steel_assets.settings import Settings, SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from steel_assets.adapters.http.client import HttpxHttp
    from steel_assets.core.source_status import Settled
    from steel_assets.sources import Access, Collection

    When = tuple[pd.Timestamp, pd.Timestamp | None]
    """One collection: its moment, and since when it asks again (a backfill)."""


@dataclass(frozen=True)
class Providers:
    """All providers of the catalogue, with the settings of this installation."""

    settings: Settings
    catalog: Catalog
    cache: Cache
    secrets: Secrets

    @property
    def asked(self) -> bool:
        """Whether providers are asked at all; False if all data come from imported files."""
        return self.settings.sources != "files"

    @property
    def history_years(self) -> int:
        """Years of history that the first collection requests."""
        return self.settings.history_years

    @cached_property
    def http(self) -> dict[str, HttpxHttp]:
        """One HTTP client per source, each with the provider's own pace. The sandbox has no limits."""
        from steel_assets.adapters.http.client import HttpxHttp

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
        """The quotas of sources that have one, shared with every process of this installation. The sandbox has none."""
        if self.settings.simulated:
            return {}
        redis = self.secrets.reveal(self.settings.redis_url)

        def ledger(name: str) -> Ledger:
            file = FileLedger(self.settings.home / "quota" / f"{name}.json")
            return RedisLedger(redis.get_secret_value(), f"steel:quota:{name}", file) if redis else file

        return {
            source.id: Quota(
                RateLimits(source.calls_per_day, source.calls_per_minute, source.seconds_between_calls), ledger(source.id)
            )
            for source in self.catalog.sources.values()
            if source.calls_per_day
        }

    def way_out(self, source: Source, moment: pd.Timestamp, since: pd.Timestamp | None = None) -> CachedHttp:
        """The HTTP client for one collection of ``source`` at ``moment``, with a cache if the source has a cache time."""
        when: When = (moment, since)
        if source.id not in self._ways or self._ways[source.id][0] != when:
            self._ways[source.id] = when, self.http[source.id].afresh()
        network = self._ways[source.id][1]
        if self.settings.simulated or since is not None or not source.cache_ttl_hours:
            return CachedHttp(network)
        return CachedHttp(network, self.cache, source.cache_ttl_hours * 3600, f"{moment:%Y-%m-%d}")

    @cached_property
    def _ways(self) -> dict[str, tuple[When, Http]]:
        """The client of each provider in the newest collection, so that a silence found in one group holds for all."""
        return {}

    def key_of(self, source: Source) -> SecretStr | None:
        """The key of a source, or a reference to it (``sm://…``); None if none is set."""
        return self.settings.api_key(source.id, source.key_setting)

    def options_of(self, source: Source) -> dict[str, str]:
        """The values of the options that the catalogue declares for a source.

        Raises:
            SettingsError: a value is not allowed.
        """
        found = {}
        for name, option in source.options.items():
            chosen = self.settings.option(source.id, name)
            if chosen is not None and option.choices and chosen not in option.choices:
                raise SettingsError(f"STEEL_{source.id.upper()}_{name.upper()}: {chosen!r} is not {' or '.join(option.choices)}")
            in_sandbox = option.in_sandbox if self.settings.simulated else None
            found[name] = in_sandbox or chosen or option.default
        return found

    def not_configured(self, source: Source) -> str | None:
        """Why a source is not asked at all, and the remedy; None if it is."""
        if not self.asked:
            return "not asked: STEEL_SOURCES=files"
        if source.needs_key and self.key_of(source) is None:
            return f"not configured: no key; set {source.key_variable}"
        return None

    def unfed(self, market: str) -> str | None:
        """Why no provider is asked for the prices of ``market``, and the remedy; None if one is. Imported files may exist."""
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
        """Ask a provider for what is new about ``series``; an empty collection if it is not asked at all.

        Args:
            known: raw observations of ``series``, all vintages.
            http: the client from ``way_out``.
            since: ask again for everything from this day on.
            settled: series → the days of its history that need not be requested again.
        """
        from steel_assets.sources import Collection, connector

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
        """Providers found to be down, and in which collection, so that other groups need not find it out again."""
        return {}

    def access(
        self,
        source: Source,
        http: Http | None = None,
        since: pd.Timestamp | None = None,
        settled: Mapping[str, Settled] | None = None,
    ) -> Access:
        """How a provider is reached, from the settings; with ``since``, for a backfill.

        After calls that came too fast, waiting takes at most twice the time of one answer.
        """
        from steel_assets.sources import Access

        return Access(
            http=http or self.http[source.id],
            base_url=self.settings.base_url(source.id) or source.base_url or "",
            api_key=self.secrets.reveal(self.key_of(source)),
            history_years=self.settings.history_years,
            simulated=self.settings.simulated,
            options=self.options_of(source),
            since=since,
            settled=settled or {},
            retry_seconds=2 * self.settings.http_timeout_seconds,
        )
