"""API keys: ``<id>.<secret>``. The file holds salted hashes; a secret is shown once, when it is created.

A secret is 256 random bits, so a fast hash is enough. Keys are revoked, never removed, and an id is used once. So a file without
a key is damaged, and so is an installation where keys were created and the file is missing; a mark beside it records that.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from steel_assets.adapters.machine.disk import private_folder, write_private
from steel_assets.core.problem import Problem

Scope = Literal["read", "operate"]
SCOPES: tuple[Scope, ...] = ("read", "operate")
KEY_FILE = "serving/keys.json"
"""Under STEEL_HOME."""

MARK = ".keys-were-made"
"""Beside the key file."""

DEFAULT_LIMIT = 100
LONGEST_KEY = 128
REMEDY = "Restore it from a backup, or give all keys up with: steel keys reset --yes (and make new ones)"
_NOBODY = ("0" * 32, "0" * 64)


class KeyStoreError(Problem):
    """The key file cannot be used; the message names it and the remedy."""


class ApiKey(BaseModel):
    """One key as the file holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern="^[0-9a-z]{8,32}$")
    name: str = Field(min_length=1, max_length=80)
    scopes: tuple[Scope, ...]
    limit_per_hour: int = Field(ge=1)
    salt: str = Field(pattern="^[0-9a-f]{32}$", repr=False)
    hash: str = Field(pattern="^[0-9a-f]{64}$", repr=False)
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def valid_at(self, moment: float) -> bool:
        """Whether the key is neither revoked nor expired; ``moment`` in Unix seconds."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at.timestamp())


class Keyring(BaseModel):
    """All keys. ``session_secret`` is only in files of earlier releases and not used any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[ApiKey, ...] = ()
    session_secret: str = Field(default="", repr=False)

    @property
    def empty(self) -> bool:
        """Whether no key was ever created."""
        return not self.keys

    def check(self, presented: str | None, moment: float) -> ApiKey | None:
        """The key that ``presented`` is, if it is valid; the time taken does not depend on which part is wrong."""
        given = presented if presented and len(presented) <= LONGEST_KEY else ""
        name, _, secret = given.partition(".")
        key = self.named(name)
        salt, expected = (key.salt, key.hash) if key else _NOBODY
        same = hmac.compare_digest(_hash(salt, secret), expected)
        return key if key is not None and same and key.valid_at(moment) else None

    def named(self, key_id: str) -> ApiKey | None:
        """The key with this id; None if there is none."""
        return next((key for key in self.keys if key.id == key_id), None)


class KeyStore:
    """The key file: replaced as a whole by renaming, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def load(self) -> Keyring:
        """All keys; none if none was ever created.

        Raises:
            KeyStoreError: the file is damaged, or missing.
        """
        try:
            keyring = Keyring.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            if self._mark.exists():
                raise KeyStoreError(f"the keys in {self.path} are missing, though keys were created. {REMEDY}") from None
            return Keyring()
        except (OSError, ValidationError) as error:
            reason = "it is not a key file" if isinstance(error, ValidationError) else str(error)
            raise KeyStoreError(f"the keys in {self.path} cannot be read: {reason}. {REMEDY}") from error
        if keyring.empty:
            raise KeyStoreError(f"the keys in {self.path} cannot be read: it holds no key. {REMEDY}")
        with suppress(OSError):
            self._mark.touch(mode=0o600)  # also for keys made before there was a mark
        return keyring

    def create(
        self,
        name: str,
        scopes: Sequence[Scope],
        moment: datetime,
        *,
        limit_per_hour: int = DEFAULT_LIMIT,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key; return its record, and the key itself, which is stored nowhere."""
        secret = secrets.token_urlsafe(32)
        salt = secrets.token_hex(16)
        key = ApiKey(
            id=f"sk{secrets.token_hex(5)}",
            name=name,
            scopes=tuple(scopes),
            limit_per_hour=limit_per_hour,
            salt=salt,
            hash=_hash(salt, secret),
            created_at=moment.astimezone(UTC),
            expires_at=expires_at,
        )
        with self._turn():
            self._write(Keyring(keys=(*self.load().keys, key)))
        return key, f"{key.id}.{secret}"

    def revoke(self, key_id: str, moment: datetime) -> ApiKey:
        """Revoke a key for ever; a running service notices within seconds.

        Raises:
            KeyStoreError: there is none with that id.
        """
        with self._turn():
            before = self.load()
            key = before.named(key_id)
            if key is None:
                raise KeyStoreError(f"there is no key {key_id}; steel keys list shows all of them")
            if key.revoked_at is not None:
                return key
            revoked = key.model_copy(update={"revoked_at": moment.astimezone(UTC)})
            keys = tuple(revoked if key.id == key_id else key for key in before.keys)
            self._write(before.model_copy(update={"keys": keys}))
        return revoked

    def reset(self, moment: datetime) -> Path | None:
        """Invalidate all keys, whatever the state of the file; return where its remains were moved, None if nothing was left."""
        with self._turn():
            aside = self.path.with_name(f"{self.path.name}.given-up-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            there = self.path.exists()
            if there:
                self.path.replace(aside)
            self._mark.unlink(missing_ok=True)
        return aside if there else None

    @property
    def _mark(self) -> Path:
        return self.path.with_name(MARK)

    def _turn(self) -> FileLock:
        private_folder(self.path.parent)
        return FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=10)

    def _write(self, keyring: Keyring) -> None:
        write_private(self.path, keyring.model_dump_json(indent=1, exclude={"session_secret"}).encode())
        self._mark.touch(mode=0o600)


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + secret.encode("utf-8", "surrogatepass")).hexdigest()
