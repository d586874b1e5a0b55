"""Who is asking, and may they: a key, a dashboard session, a proxy that vouches, or everybody on this machine.

Being open is said, never inferred: without a key nobody is answered but the browser that was opened with the one-time link
that the service prints at its start, or everybody on a loopback address where the service was started with ``--open``.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from steel_assets.serving.keys import ApiKey, Keyring, KeyStore, KeyStoreError, Scope
from steel_assets.serving.sessions import SESSION_SECONDS, Sessions, cookie

log = logging.getLogger("steel.serving")

RELOAD_SECONDS = 2.0
SESSION_COOKIE = "steel_session"
FIRST_LOOK = "/dashboard/first"
SESSION_FILE = "sessions.json"
"""Beside the key file."""

PROXY_SECRET = b"x-steel-proxy-secret"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        limit_per_hour: None is unlimited.
        key: id of the API key that it asks with; None for whoever needs none.
    """

    id: str
    scopes: tuple[Scope, ...]
    limit_per_hour: int | None = None
    key: str | None = None


NEWCOMER = Caller("local", ("read",))


class Credentials(NamedTuple):
    """What of a request says who asks."""

    api_key: str | None = None
    cookie: str = ""
    host: str = ""
    client: str | None = None
    forwarded: bool = False
    vouched_user: str | None = None
    proxy_secret: str = ""


@dataclass(frozen=True)
class Vouching:
    """How a reverse proxy says who logged in: by a header, from these addresses only, and with a secret where there is one."""

    header: bytes
    addresses: tuple[Network, ...]
    secret: str | None = None

    def user(self, credentials: Credentials) -> str | None:
        """Whom the proxy vouches for; None where it was not the proxy that asked."""
        client = _address(credentials.client)
        named = client is not None and any(client in network for network in self.addresses)
        known = self.secret is None or hmac.compare_digest(self.secret.encode(), credentials.proxy_secret.encode())
        return credentials.vouched_user if named and known and credentials.vouched_user else None


class AccessControl:
    """The keys in force, reloaded in the background, and the decisions made from them."""

    def __init__(
        self,
        store: KeyStore,
        *,
        bound_to: str = "127.0.0.1",
        opened: bool = False,
        vouching: Vouching | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Who may come in, by the keys of a file and, where there is one, by a proxy that vouches.

        Args:
            bound_to: address the service answers on.
            opened: everybody on a loopback address may read until a first key is made.

        Raises:
            KeyStoreError: the key file cannot be read; the service must not start open instead.
        """
        self._store = store
        self._clock = clock
        self._opened = opened and is_loopback(bound_to)
        self._stamp = self._file_stamp()
        self._first_look = secrets.token_urlsafe(32)
        self._first_look_until = clock() + SESSION_SECONDS
        self.keyring: Keyring = store.load()
        self.problem: str | None = None
        self.sessions = Sessions(store.path.with_name(SESSION_FILE))
        self.vouching = vouching

    @property
    def open_here(self) -> bool:
        """True while everybody on this machine may read without a key."""
        return self._opened and self.keyring.empty and self.problem is None

    @property
    def first_look(self) -> str | None:
        """Path of the one-time link; None once it was used, is too old, or a key was made."""
        usable = self._first_look and self.keyring.empty and self._clock() < self._first_look_until
        return f"{FIRST_LOOK}?token={self._first_look}" if usable else None

    def caller(self, credentials: Credentials) -> Caller | None:
        """Who asks the API; None when nobody known does."""
        key = self.keyring.check(credentials.api_key, self._clock()) if credentials.api_key is not None else None
        if key is not None:
            return _caller(key)
        return NEWCOMER if credentials.api_key is None and self._on_this_machine(credentials) else None

    def visitor(self, credentials: Credentials) -> Caller | None:
        """Who looks at the dashboard; None when nobody known does."""
        user = self.vouching.user(credentials) if self.vouching else None
        if user is not None:
            return Caller(f"user:{user}", ("read",))
        now = self._clock()
        holder = self.sessions.holder(cookie(credentials.cookie, SESSION_COOKIE), now)
        if holder == NEWCOMER.id and self.keyring.empty:
            return NEWCOMER
        key = self.keyring.named(holder) if holder else None
        return _caller(key) if key is not None and key.valid_at(now) and "read" in key.scopes else self.caller(credentials)

    def log_in(self, presented: str) -> str | None:
        """A session for the dashboard from a key with the scope read; None for any other."""
        now = self._clock()
        key = self.keyring.check(presented.strip(), now)
        return self.sessions.begin(key.id, now) if key is not None and "read" in key.scopes else None

    def look_first(self, token: str) -> str | None:
        """A session for the dashboard from the one-time link, once; None for anything else."""
        path = self.first_look
        if path is None or not hmac.compare_digest(path.encode(), f"{FIRST_LOOK}?token={token}".encode()):
            return None
        self._first_look = ""
        return self.sessions.begin(NEWCOMER.id, self._clock())

    def log_out(self, asking_cookie: str) -> None:
        """End the session of a browser."""
        self.sessions.end(cookie(asking_cookie, SESSION_COOKIE), self._clock())

    async def watch(self) -> None:
        """Reload the key file whenever it changes, for ever. While it is damaged or gone, the keys read last stay in force."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            await asyncio.to_thread(self.reload)

    def reload(self) -> None:
        """Take the key file's present content, if it changed and is whole; what is wrong with it is ``problem``."""
        stamp = self._file_stamp()
        if stamp == self._stamp and self.problem is None:
            return
        try:
            keyring = self._store.load()
            if keyring.empty and not self.keyring.empty:
                raise KeyStoreError(f"the keys in {self._store.path} are gone; restore the file, or start the service anew")
        except KeyStoreError as error:
            if self.problem is None:
                log.error("%s (until then the keys read last stay in force)", error)
            self.problem = str(error)
        else:
            self.keyring, self._stamp, self.problem = keyring, stamp, None

    def _on_this_machine(self, credentials: Credentials) -> bool:
        name = credentials.host.rpartition(":")[0] if ":" in credentials.host.rpartition("]")[2] else credentials.host
        local_client = credentials.client is not None and is_loopback(credentials.client)
        return self.open_here and local_client and not credentials.forwarded and name.lower() in LOCAL_NAMES

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._store.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def is_loopback(address: str) -> bool:
    """True for an address that only this machine can reach."""
    found = _address(address)
    return address == "localhost" if found is None else found.is_loopback


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """``text`` as an address; one of IPv4 that came over IPv6 as what it is."""
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _caller(key: ApiKey) -> Caller:
    return Caller(key.id, key.scopes, key.limit_per_hour, key.id)
