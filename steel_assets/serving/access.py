"""Who is asking, and may they: a key, a dashboard session, a proxy that vouches, or a newcomer on this very machine.

While no key was ever made, and only when the service is bound to a loopback address, requests that come straight from this
machine may read. They may not start operations, and nothing is open anywhere else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from steel_assets.serving.keys import ApiKey, Keyring, KeyStore, KeyStoreError, Scope

log = logging.getLogger("steel.serving")

RELOAD_SECONDS = 2.0
SESSION_COOKIE = "steel_session"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Caller:
    """Who asks. ``limit_per_hour`` None is unlimited."""

    id: str
    scopes: tuple[Scope, ...]
    limit_per_hour: int | None = None


NEWCOMER = Caller("local", ("read",))


class Asking(NamedTuple):
    """What of a request says who asks."""

    api_key: str | None = None
    cookie: str | None = None
    host: str = ""
    client: str | None = None
    forwarded: bool = False
    vouched_user: str | None = None


class Access:
    """The keys in force, reloaded in the background, and the decisions made from them."""

    def __init__(
        self,
        store: KeyStore,
        *,
        bound_to: str = "127.0.0.1",
        user_header: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            bound_to: address the service answers on.
            user_header: header by which a reverse proxy says who logged in; it must strip the header from what it receives.

        Raises:
            KeyStoreError: the key file cannot be read; the service must not start open instead.
        """
        self._store = store
        self._clock = clock
        self._loopback = is_loopback(bound_to)
        self._stamp = self._file_stamp()
        self.keyring: Keyring = store.load()
        self.user_header = user_header.lower().encode("latin-1") if user_header else None

    @property
    def open_here(self) -> bool:
        """True while newcomers on this machine may read without a key."""
        return self._loopback and self.keyring.empty

    def caller(self, asking: Asking) -> Caller | None:
        """Who asks the API; None when nobody known does."""
        key = self.keyring.check(asking.api_key, self._clock()) if asking.api_key is not None else None
        if key is not None:
            return _caller(key)
        return NEWCOMER if asking.api_key is None and self._newcomer(asking) else None

    def visitor(self, asking: Asking) -> Caller | None:
        """Who looks at the dashboard; None when nobody known does."""
        if self.user_header is not None and asking.vouched_user:
            return Caller(f"user:{asking.vouched_user}", ("read",))
        key = self.keyring.check_session(_session(asking.cookie), self._clock()) if asking.cookie else None
        return _caller(key) if key is not None and "read" in key.scopes else self.caller(asking)

    def log_in(self, presented: str) -> str | None:
        """A session for the dashboard from a key with the scope read; None for any other."""
        now = self._clock()
        key = self.keyring.check(presented.strip(), now)
        return self.keyring.session(key, now) if key is not None and "read" in key.scopes else None

    async def watch(self) -> None:
        """Reload the key file whenever it changes, for ever. While it is damaged or gone, the keys read last stay in force."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            await asyncio.to_thread(self.reload)

    def reload(self) -> None:
        """Take the key file's present content, if it changed and is whole."""
        stamp = self._file_stamp()
        if stamp == self._stamp:
            return
        if stamp is None:
            log.error("the key file %s is gone; the keys read last stay in force", self._store.path)
            return
        try:
            self.keyring = self._store.load()
            self._stamp = stamp
        except KeyStoreError as error:
            log.error("%s (the keys read last stay in force)", error)

    def _newcomer(self, asking: Asking) -> bool:
        name = asking.host.rpartition(":")[0] if ":" in asking.host.rpartition("]")[2] else asking.host
        local_client = asking.client is not None and is_loopback(asking.client)
        return self.open_here and local_client and not asking.forwarded and name.lower() in LOCAL_NAMES

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._store.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def is_loopback(address: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _caller(key: ApiKey) -> Caller:
    return Caller(key.id, key.scopes, key.limit_per_hour)


def _session(cookie: str | None) -> str | None:
    try:
        found = SimpleCookie(cookie).get(SESSION_COOKIE)
    except CookieError:
        return None
    return found.value if found else None
