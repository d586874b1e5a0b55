"""Published snapshots in an object store: one JSON object each, and a pointer to the one in force.

``published/<moment>-<sha256>.json`` is written first and never changed; ``published/current.json``, a document with the
snapshot's checksum, is then switched by compare-and-set. If a process dies in between, the former snapshot stays in force.
Readers compare the pointer's version, and fetch only a changed one. With a signing key the pointer is signed, and through its
checksum the snapshot too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.objects.checksummed import Damaged, NotSigned, checksummed, unseal
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore, ObjectStoreError
from steel_assets.core.problem import Problem
from steel_assets.core.types import Declaration

FOLDER = "published/"
POINTER = f"{FOLDER}current.json"
KEPT = 5
"""Number of snapshots kept, including the one in force."""

LARGEST = 256 * 2**20
VERSION = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}"
AGAIN = "publish again: steel publish"


class SnapshotDamaged(Problem, ValueError):
    """The pointer or the snapshot is not what was published; the message names the file and the remedy."""


class Pointer(Declaration):
    """The snapshot in force.

    Attributes:
        format: of the snapshot; a reader refuses an unknown one.
        as_of: the moment at which it was read from the lake and the warehouse.
        former: versions before it that are kept, the newest first.
    """

    format: Literal[1] = 1
    version: str = Field(pattern=f"^{VERSION}$")
    content_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=2, le=LARGEST)
    as_of: AwareDatetime
    former: tuple[Annotated[str, Field(pattern=f"^{VERSION}$")], ...] = ()

    @property
    def key(self) -> str:
        """Where the snapshot is."""
        return key_of(self.version)


@dataclass(frozen=True)
class PublishedPart:
    """One part of a snapshot: its content; if it could not be read anew, why, and the time of the last reading."""

    content: Any
    problem: str | None = None
    read_at: str | None = None


class SnapshotStore:
    """The snapshots of one store."""

    def __init__(self, store: ObjectStore, signing_key: bytes | None) -> None:
        self.store = store
        self._key = signing_key

    @property
    def signs(self) -> bool:
        """Whether publications are signed."""
        return self._key is not None

    def token(self) -> str | None:
        """The store's version of the pointer, which changes with every publication; None before the first.

        Raises:
            ObjectStoreError: the store cannot be read.
        """
        return self.store.version(POINTER)

    def pointer(self) -> Pointer | None:
        """The pointer; None before the first publication.

        Raises:
            SnapshotDamaged: it is not what was published, or not signed with the key.
            ObjectStoreError: the store cannot be read.
        """
        try:
            content = self.store.get(POINTER)
        except ObjectNotFound:
            return None
        try:
            return Pointer.model_validate(unseal(content, self._key))
        except NotSigned as error:
            raise SnapshotDamaged(f"{POINTER}: {error}; {AGAIN}") from error
        except Damaged as error:
            raise SnapshotDamaged(f"{POINTER} is damaged: {error}; {AGAIN}") from error
        except ValidationError as error:
            raise SnapshotDamaged(f"{POINTER} was written by another release: {_first(error)}; {AGAIN}") from error

    def content(self, pointer: Pointer) -> bytes:
        """The snapshot that ``pointer`` names, checked against it. Raises SnapshotDamaged, ObjectStoreError."""
        try:
            content = self.store.get(pointer.key)
        except ObjectNotFound:
            raise SnapshotDamaged(f"{pointer.key} is gone, and {POINTER} points to it; {AGAIN}") from None
        if not fits(content, pointer):
            raise SnapshotDamaged(f"{pointer.key} is damaged: its checksum is not the one in {POINTER}; {AGAIN}")
        return content

    def switch(self, content: bytes, moment: datetime, token: str | None, former: Pointer | None) -> Pointer:
        """Put ``content`` in force, if nobody has published since ``token`` was read.

        Raises:
            Conflict: somebody has, and that is in force.
            ObjectStoreError: the store failed; the former snapshot is in force.
        """
        digest = hashlib.sha256(content).hexdigest()
        before = (former.version, *former.former) if former else ()
        pointer = Pointer(
            version=f"{moment:%Y%m%dT%H%M%SZ}-{digest[:12]}",
            content_sha256=digest,
            bytes=len(content),
            as_of=moment,
            former=before[: KEPT - 1],
        )
        self.store.put(pointer.key, content)
        self.store.put_if(POINTER, checksummed(pointer.model_dump(mode="json"), self._key), token)
        return pointer

    def prune(self, pointer: Pointer) -> list[str]:
        """Delete the snapshots older than all that ``pointer`` keeps; return their keys.

        Newer ones are kept: another process may have written one that it is about to put in force.
        """
        oldest = min(map(key_of, (pointer.version, *pointer.former)))
        old = [key for key in self.store.list(FOLDER) if key < oldest]
        for key in old:
            self.store.delete(key)
        return old

    def set_aside(self, why: str) -> None:
        """Keep a copy of a damaged pointer for inspection; the next switch replaces it."""
        with suppress(ObjectNotFound, ObjectStoreError):
            SetAside(self.store).keep(POINTER, self.store.get(POINTER), why)


def key_of(version: str) -> str:
    """The key of the snapshot of that version; keys sort by time, and before the pointer."""
    return f"{FOLDER}{version}.json"


def fits(content: bytes, pointer: Pointer) -> bool:
    """Whether ``content`` is, byte for byte, the snapshot that ``pointer`` names."""
    return len(content) == pointer.bytes and hashlib.sha256(content).hexdigest() == pointer.content_sha256


def written(parts: Mapping[str, PublishedPart]) -> bytes:
    """The snapshot of ``parts`` as bytes, identical for identical parts.

    Raises:
        ValueError: a part is not plain JSON.
    """
    plain = {
        name: {"content": part.content, "problem": part.problem, "read_at": part.read_at} for name, part in sorted(parts.items())
    }
    return json.dumps(plain, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()


def parsed(content: bytes) -> dict[str, PublishedPart]:
    """The parts of a snapshot.

    Raises:
        SnapshotDamaged: it has another form, or contains numbers that are not finite.
    """
    try:
        found = json.loads(content, parse_constant=_no_figure)
        return {str(name): _part(part) for name, part in found.items()}
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        words = " ".join(str(error).split())[:160]
        raise SnapshotDamaged(f"the snapshot is no publication ({type(error).__name__}: {words}); {AGAIN}") from error


def _part(part: Mapping[str, Any]) -> PublishedPart:
    problem, read_at = part["problem"], part["read_at"]
    if not all(text is None or isinstance(text, str) for text in (problem, read_at)):
        raise ValueError("problem and read_at must be words")
    if read_at is not None and datetime.fromisoformat(read_at).tzinfo is None:
        raise ValueError("read_at must carry a time zone")
    return PublishedPart(part["content"], problem, read_at)


def _no_figure(name: str) -> float:
    raise ValueError(f"{name} is no figure")


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
