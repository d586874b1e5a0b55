"""Authentication: by API key, dashboard session, or a trusted proxy; or none, for everybody on this machine.

Access without a key must be requested explicitly: the service answers nobody without a key except the browser opened with the
one-time link printed at its start, or everybody on a loopback address if it was started with ``--open``.
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
"""Name of the file beside the key file."""

PROXY_SECRET = b"x-steel-proxy-secret"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    Attributes:
        limit_per_hour: None is unlimited.
        key: id of the API key used; None for callers without one.
    """

    id: str
    scopes: tuple[Scope, ...]
    limit_per_hour: int | None = None
    key: str | None = None


NEWCOMER = Caller("local", ("read",))


class Credentials(NamedTuple):
    """The parts of a request that identify the caller."""

    api_key: str | None = None
    cookie: str = ""
    host: str = ""
    client: str | None = None
    forwarded: bool = False
    vouched_user: str | None = None
    proxy_secret: str = ""


@dataclass(frozen=True)
class Vouching:
    """How a reverse proxy names the logged-in user: by a header, from these addresses only, and with a secret if configured."""

    header: bytes
    addresses: tuple[Network, ...]
    secret: str | None = None

    def user(self, credentials: Credentials) -> str | None:
        """The user that the proxy names; None if the request did not come from the proxy."""
        client = _address(credentials.client)
        named = client is not None and any(client in network for network in self.addresses)
        known = self.secret is None or hmac.compare_digest(self.secret.encode(), credentials.proxy_secret.encode())
        return credentials.vouched_user if named and known and credentials.vouched_user else None


class AccessControl:
    """The keys in force, reloaded in the background, and the decisions based on them."""

    def __init__(
        self,
        store: KeyStore,
        *,
        bound_to: str = "127.0.0.1",
        opened: bool = False,
        vouching: Vouching | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Access by the keys in a file and, if configured, by a proxy.

        Args:
            bound_to: address that the service listens on.
            opened: everybody on a loopback address may read until the first key is created.

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
        """Whether everybody on this machine may read without a key."""
        return self._opened and self.keyring.empty and self.problem is None

    @property
    def first_look(self) -> str | None:
        """Path of the one-time link; None once it was used, expired, or a key was created."""
        usable = self._first_look and self.keyring.empty and self._clock() < self._first_look_until
        return f"{FIRST_LOOK}?token={self._first_look}" if usable else None

    def caller(self, credentials: Credentials) -> Caller | None:
        """Who sends a request to the API; None if unknown."""
        key = self.keyring.check(credentials.api_key, self._clock()) if credentials.api_key is not None else None
        if key is not None:
            return _caller(key)
        return NEWCOMER if credentials.api_key is None and self._on_this_machine(credentials) else None

    def visitor(self, credentials: Credentials) -> Caller | None:
        """Who requests the dashboard; None if unknown."""
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
        """A dashboard session for a key with the scope read; None for any other."""
        now = self._clock()
        key = self.keyring.check(presented.strip(), now)
        return self.sessions.begin(key.id, now) if key is not None and "read" in key.scopes else None

    def look_first(self, token: str) -> str | None:
        """A dashboard session for the one-time link, once; None for any other token."""
        path = self.first_look
        if path is None or not hmac.compare_digest(path.encode(), f"{FIRST_LOOK}?token={token}".encode()):
            return None
        self._first_look = ""
        return self.sessions.begin(NEWCOMER.id, self._clock())

    def log_out(self, asking_cookie: str) -> None:
        """End the session of a browser."""
        self.sessions.end(cookie(asking_cookie, SESSION_COOKIE), self._clock())

    async def watch(self) -> None:
        """Reload the key file whenever it changes, for ever. While it is damaged or missing, the keys read last stay in force."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            await asyncio.to_thread(self.reload)

    def reload(self) -> None:
        """Read the key file if it changed and is intact; otherwise ``problem`` says what is wrong."""
        stamp = self._file_stamp()
        if stamp == self._stamp and self.problem is None:
            return
        try:
            keyring = self._store.load()
            if keyring.empty and not self.keyring.empty:
                raise KeyStoreError(f"the keys in {self._store.path} are missing; restore the file, or restart the service")
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
    """Whether only this machine can reach the address."""
    found = _address(address)
    return address == "localhost" if found is None else found.is_loopback


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """``text`` as an address; an IPv4 address mapped to IPv6 as IPv4."""
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _caller(key: ApiKey) -> Caller:
    return Caller(key.id, key.scopes, key.limit_per_hour, key.id)
