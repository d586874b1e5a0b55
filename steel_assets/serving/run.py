"""Settings → a running service. It begins to answer before it has read anything, and imports nothing that is slow to start."""

from __future__ import annotations

import logging
import resource
import sys
from contextlib import suppress
from functools import partial

import uvicorn

from steel_assets.adapters.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.dagster_graphql import DagsterGraphQL
from steel_assets.adapters.google_clients import secret_client
from steel_assets.adapters.object_store import LocalFolder
from steel_assets.adapters.rate_limit import HourlyRateLimiter
from steel_assets.adapters.secret_manager import Secrets
from steel_assets.serving.access import Access, is_loopback
from steel_assets.serving.app import create_app
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.meter import Store
from steel_assets.serving.patience import PatientProtocol
from steel_assets.serving.reading import Reading
from steel_assets.serving.refresh import Places, Refresher
from steel_assets.serving.service import Service
from steel_assets.settings import Settings, settings

log = logging.getLogger("steel.serving")

REDIS_SECONDS = 0.05


def build(chosen: Settings, host: str, first: Reading | None = None) -> Service:
    """The service for ``chosen`` settings, not yet started. Raises KeyStoreError, SecretError."""
    address = Secrets(partial(secret_client, chosen.secret_manager_endpoint)).reveal(chosen.redis_url)
    redis = address.get_secret_value() if address else None
    local = not _remote(chosen.lake)
    places = Places(
        lake=chosen.lake_path if local else None,
        warehouse=None if _remote(chosen.warehouse) else chosen.warehouse_path,
        kept=chosen.home / "serving" / "last_good.json",
        name=f"{chosen.lake or chosen.lake_path.absolute()} {chosen.sources}",
    )
    return Service(
        refresher=Refresher(places, _cache(chosen, redis), first=first),
        access=Access(KeyStore(chosen.home / KEY_FILE), bound_to=host, user_header=chosen.dashboard_user_header),
        limiter=HourlyRateLimiter(redis, timeout_seconds=REDIS_SECONDS),
        orchestrator=DagsterGraphQL(chosen.dagster_url),
        measurements=_store(chosen, local=local),
    )


def serve(host: str, port: int, first: Reading | None = None) -> None:
    """Answer until stopped; ``first`` is a reading that was begun already. Raises KeyStoreError, ValidationError."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    service = build(settings(), host, first)
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))
    _say_who_may_come_in(service, host, port)
    uvicorn.run(
        create_app(service),
        host=host,
        port=port,
        http=PatientProtocol,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        log_level="warning",
        backlog=1024,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )


def _say_who_may_come_in(service: Service, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    log.info("dashboard on http://%s:%s/dashboard, documentation on http://%s:%s/docs", shown, port, shown, port)
    if not service.access.keyring.empty:
        return
    if is_loopback(host):
        log.warning("no API key exists yet: dashboard and API are open to this machine only, operations are closed to everyone")
    else:
        log.warning("no API key exists yet: everything is closed on %s", host)
    log.warning('make a key with: steel keys create "my program"')


def _remote(place: str | None) -> bool:
    return place is not None and "://" in place


def _cache(chosen: Settings, redis: str | None) -> Cache:
    return RedisCache(redis, timeout_seconds=REDIS_SECONDS) if redis else LocalCache(chosen.home / "cache")


def _store(chosen: Settings, *, local: bool) -> Store:
    """Where measurements go. A local folder is chosen here, because ``bootstrap`` costs half a second and 100 MB."""
    if local:
        return LocalFolder(chosen.lake_path)
    from steel_assets.bootstrap import platform

    return platform(chosen).store
