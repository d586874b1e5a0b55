"""API keys: ``<id>.<secret>``. The file holds salted hashes; a secret is shown once, when it is made.

A secret is 256 random bits, so a fast hash is enough. Keys are revoked, never removed: an id is used once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

Scope = Literal["read", "operate"]
SCOPES: tuple[Scope, ...] = ("read", "operate")
KEY_FILE = "serving/keys.json"
"""Under STEEL_HOME."""

DEFAULT_LIMIT = 100
LONGEST_KEY = 128
SESSION_SECONDS = 12 * 3600
_NOBODY = ("0" * 32, "0" * 64)


class KeyStoreError(RuntimeError):
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
        """True while the key is neither revoked nor expired; ``moment`` in Unix seconds."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at.timestamp())


class Keyring(BaseModel):
    """All keys, and the secret by which dashboard sessions are signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[ApiKey, ...] = ()
    session_secret: str = Field(default="", repr=False)

    @property
    def empty(self) -> bool:
        """True when no key was ever made."""
        return not self.keys

    def check(self, presented: str | None, moment: float) -> ApiKey | None:
        """The key that ``presented`` is, when it is valid; the work done does not depend on which part is wrong."""
        given = presented if presented and len(presented) <= LONGEST_KEY else ""
        name, _, secret = given.partition(".")
        key = self.named(name)
        salt, expected = (key.salt, key.hash) if key else _NOBODY
        same = hmac.compare_digest(_hash(salt, secret), expected)
        return key if key is not None and same and key.valid_at(moment) else None

    def named(self, key_id: str) -> ApiKey | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def session(self, key: ApiKey, moment: float) -> str:
        """A token by which a browser is known as the holder of ``key`` for half a day."""
        claim = f"{key.id}~{int(moment + SESSION_SECONDS)}"
        return f"{claim}~{self._signature(claim)}"

    def check_session(self, token: str | None, moment: float) -> ApiKey | None:
        """The key behind a session token, while both are valid."""
        if not token or len(token) > LONGEST_KEY or not self.session_secret:
            return None
        claim, _, signature = token.rpartition("~")
        if not hmac.compare_digest(signature.encode(), self._signature(claim).encode()):
            return None
        name, _, until = claim.partition("~")
        key = self.named(name)
        return key if key is not None and key.valid_at(moment) and moment < float(until) else None

    def _signature(self, claim: str) -> str:
        return hmac.new(self.session_secret.encode(), claim.encode(), hashlib.sha256).hexdigest()


class KeyStore:
    """The key file: read whole, written whole beside its place and renamed, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def load(self) -> Keyring:
        """All keys; none when the file does not exist. Raises KeyStoreError."""
        try:
            return Keyring.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Keyring()
        except (OSError, ValidationError) as error:
            reason = "it is not a key file" if isinstance(error, ValidationError) else str(error)
            raise KeyStoreError(
                f"the keys in {self.path} cannot be read: {reason}. Restore the file, or remove it and make new keys"
            ) from error

    def create(
        self,
        name: str,
        scopes: Sequence[Scope],
        moment: datetime,
        *,
        limit_per_hour: int = DEFAULT_LIMIT,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; its record, and the key itself, which is nowhere else."""
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
            before = self.load()
            session_secret = before.session_secret or secrets.token_hex(32)
            self._write(Keyring(keys=(*before.keys, key), session_secret=session_secret))
        return key, f"{key.id}.{secret}"

    def revoke(self, key_id: str, moment: datetime) -> ApiKey:
        """Make a key invalid for ever; a running service notices within seconds. Raises KeyStoreError."""
        with self._turn():
            before = self.load()
            key = before.named(key_id)
            if key is None:
                raise KeyStoreError(f"there is no key {key_id}; steel keys list shows all of them")
            if key.revoked_at is not None:
                return key
            revoked = key.model_copy(update={"revoked_at": moment.astimezone(UTC)})
            keys = tuple(revoked if one.id == key_id else one for one in before.keys)
            self._write(before.model_copy(update={"keys": keys}))
        return revoked

    def _turn(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=10)

    def _write(self, keyring: Keyring) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(keyring.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + secret.encode("utf-8", "surrogatepass")).hexdigest()
