"""Builds and runs the service from settings. It answers before it has read anything, and imports nothing slow."""

from __future__ import annotations

import logging
import resource
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from steel_assets.adapters.alerts.acknowledgements import Acknowledging
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.cache.cache import RedisCache
from steel_assets.adapters.callers.local_counts import LocalCounts
from steel_assets.adapters.callers.rate_limit import HourlyRateLimiter
from steel_assets.adapters.dagster_graphql import DagsterGraphQL
from steel_assets.adapters.google.clients import secret_client, storage_client
from steel_assets.adapters.google.secret_manager import Secrets
from steel_assets.adapters.machine import logs, traces
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.objects.signatures import signing_key
from steel_assets.serving.access import AccessControl, Vouching
from steel_assets.serving.app import create_app
from steel_assets.serving.bounded_log import bound_log
from steel_assets.serving.connection_limits import BoundedProtocol
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.refresh import Refresher
from steel_assets.serving.service import Service
from steel_assets.settings import Settings, settings

log = logging.getLogger("steel.serving")

REDIS_SECONDS = 0.05
STORE_RETRY_SECONDS = 30.0
COUNTS_FILE = "serving/requests.sqlite"
SERVER: Mapping[str, Any] = {
    "http": BoundedProtocol,
    "ws": "none",
    "log_config": None,  # its messages go where all go, where they are bounded
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "date_header": True,
    "proxy_headers": False,
    "backlog": 1024,
    "timeout_keep_alive": 15,
    "timeout_graceful_shutdown": 10,
}
"""How uvicorn serves the application."""

ANYWHERE = "0.0.0.0"  # noqa: S104  only compared with


def build(chosen: Settings, host: str, *, opened: bool = False) -> Service:
    """The service for ``chosen`` settings, not yet started.

    Raises:
        KeyStoreError, SecretError: the key file or a secret cannot be read.
    """
    secrets = Secrets(partial(secret_client, chosen.secret_manager_endpoint))
    address, proxy_secret = secrets.reveal(chosen.redis_url), secrets.reveal(chosen.dashboard_proxy_secret)
    redis = address.get_secret_value() if address else None
    key = signing_key(secrets, chosen.signing_key)
    vouching = None
    if chosen.dashboard_user_header:
        vouching = Vouching(
            chosen.dashboard_user_header.lower().encode("latin-1"),
            chosen.proxy_networks,
            proxy_secret.get_secret_value() if proxy_secret else None,
        )
    refresher = Refresher(
        partial(_store, chosen),
        kept=chosen.home / "serving" / "last_good.json",
        name=f"{chosen.lake or chosen.lake_path.absolute()} {chosen.sources}",
        cache=RedisCache(redis, timeout_seconds=REDIS_SECONDS) if redis else None,
        signing_key=key,
    )
    store = _store(chosen)
    return Service(
        refresher=refresher,
        access=AccessControl(KeyStore(chosen.home / KEY_FILE), bound_to=host, opened=opened, vouching=vouching),
        limiter=HourlyRateLimiter(redis, timeout_seconds=REDIS_SECONDS, counts=LocalCounts(chosen.home / COUNTS_FILE)),
        orchestrator=DagsterGraphQL(chosen.dagster_url),
        watches=WatchStore(store),
        measurements=store,
        acknowledging=Acknowledging(store, key) if key else None,
        signing_key=key,
    )


def serve(host: str, port: int, *, opened: bool = False) -> None:
    """Serve until stopped.

    Args:
        opened: everybody on this machine may read until the first key is created; on a loopback address only.

    Raises:
        KeyStoreError, ValidationError
    """
    logs.set_up(settings().log_format)
    bound_log()
    traces.begin(settings().otlp_endpoint, "steel-service")
    service = build(settings(), host, opened=opened)
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))
    _say_who_may_come_in(service, host, port)
    uvicorn.run(create_app(service), host=host, port=port, **SERVER)


def _say_who_may_come_in(service: Service, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == ANYWHERE else host
    log.info("dashboard on http://%s:%s/dashboard, documentation on http://%s:%s/docs", shown, port, shown, port)
    if not service.access.keyring.empty:
        return
    if service.access.open_here:
        log.warning("no API key exists yet and --open was given: everybody on this machine may read, until there is a key")
    else:
        log.warning("no API key exists yet: only the browser that opens this link may read, once:")
        log.warning("  http://%s:%s%s", shown, port, service.access.first_look)
    log.warning('make a key with: steel keys create "my program"')


def _store(chosen: Settings) -> ObjectStore:
    """Where publications, measurements and acknowledgements are. Chosen here: ``bootstrap`` costs half a second and 100 MB."""
    if chosen.lake is None or "://" not in chosen.lake:
        return LocalFolder(chosen.lake_path)
    from steel_assets.adapters.objects.gcs import GcsStore

    return GcsStore(chosen.lake, connect=partial(storage_client, chosen.storage_endpoint), retry_seconds=STORE_RETRY_SECONDS)
