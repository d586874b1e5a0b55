"""A set of files in an object store, replaced as a whole: state that one process leaves for the next, on any machine.

Each content is an object named by its sha256, compressed and never changed, so unchanged content is not uploaded again.
``current.json``, a document with a checksum, names the files and their contents; it is switched by compare-and-set after all
contents are uploaded. If a process dies in between, the former set stays in force.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from steel_assets.adapters.backup_archive import is_name
from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.machine.disk import make_folder, write_private
from steel_assets.adapters.objects.checksummed import Damaged, checksummed, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.problem import Problem
from steel_assets.core.types import Declaration

AT_ONCE = 8
"""Number of objects uploaded or downloaded in parallel."""

LARGEST = 4 * 2**30
"""Limit of a set's total size in bytes."""


class FilesDamaged(Problem):
    """A stored set is damaged, or of another release; the message names the object. Nothing was changed."""


class FilesReplaced(Problem):
    """Another process replaced the set since it was read; nothing was written."""


class Content(Declaration):
    """The sha256 and length of one file's content."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0, le=LARGEST)


class _Document(Declaration):
    format: Literal[1] = 1
    release: str
    saved_at: AwareDatetime
    files: Mapping[str, Content]


@dataclass(frozen=True)
class FileSet:
    """A stored set.

    Attributes:
        files: name → content.
        release: of the program that stored it.
        token: the store's version of it, by which the next write detects a change.
    """

    files: Mapping[str, Content]
    release: str
    saved_at: datetime
    token: str

    @property
    def contents(self) -> frozenset[str]:
        """The sha256 of all contents."""
        return frozenset(content.sha256 for content in self.files.values())


class KeptFiles:
    """The set of files under one prefix, signed if there is a key."""

    def __init__(self, store: ObjectStore, prefix: str, signing_key: bytes | None) -> None:
        self.store, self.prefix, self._key = store, prefix, signing_key

    @property
    def pointer(self) -> str:
        """The object that names the files in force."""
        return f"{self.prefix}current.json"

    def current(self) -> FileSet | None:
        """The set in force; None before the first.

        Raises:
            FilesDamaged: it is not what was written, or not signed with the key.
            ObjectStoreError: the store cannot be read.
        """
        token = self.store.version(self.pointer)
        if token is None:
            return None
        try:
            found = _Document.model_validate(unseal(self.store.get(self.pointer), self._key))
            strange = next((name for name in found.files if not is_name(name)), None)
            if strange is not None:
                raise Damaged(f"{strange[:80]!r} cannot be the name of a file")
            if sum(content.bytes for content in found.files.values()) > LARGEST:
                raise Damaged(f"its files have more than {LARGEST:,} bytes")
        except ObjectNotFound:
            return None
        except Damaged as error:
            raise FilesDamaged(f"{self.store.uri(self.pointer)} is damaged: {error}") from error
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise FilesDamaged(f"{self.store.uri(self.pointer)} is of another release: {where}: {problem['msg']}") from error
        return FileSet(found.files, found.release, found.saved_at, token)

    def empty(self, why: str) -> FileSet | None:
        """An empty set that replaces the one in force, whose document is quarantined; None if there is none."""
        token = self.store.version(self.pointer)
        if token is None:
            return None
        SetAside(self.store).keep(self.pointer, self.store.get(self.pointer), why)
        return FileSet({}, "", datetime.fromtimestamp(0, UTC), token)

    def fetch(self, files: FileSet, folder: Path) -> None:
        """Write the files of ``files`` below ``folder``, each verified. Raises FilesDamaged, ObjectStoreError, OSError."""
        for parent in sorted({(folder / name).parent for name in files.files}):
            make_folder(parent)

        def one(name: str) -> None:
            write_private(folder / name, self._content(name, files.files[name]))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(one, files.files))

    def replace(self, files: Mapping[str, Path | Content], former: FileSet | None, moment: datetime, release: str) -> FileSet:
        """Store ``files`` in place of ``former``.

        Args:
            files: name → a file on this machine, or a content that ``former`` holds.

        Raises:
            FilesReplaced: another process did meanwhile.
            ObjectStoreError, OSError: the former set stays in force.
        """
        there = former.contents if former else frozenset()

        def sent(file: Path | Content) -> Content:
            if isinstance(file, Content):
                return file
            content = file.read_bytes()
            known = Content(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
            if known.sha256 not in there:
                self.store.put(self._key_of(known), zlib.compress(content, 6))
            return known

        with ThreadPoolExecutor(AT_ONCE) as pool:
            contents = dict(zip(files, pool.map(sent, files.values()), strict=True))
        document = _Document(release=release, saved_at=moment, files=contents)
        content = checksummed(document.model_dump(mode="json"), self._key)
        try:
            self.store.put_if(self.pointer, content, former.token if former else None)
            token = self.store.version(self.pointer)
            if token is None or self.store.get(self.pointer) != content:
                raise Conflict(self.pointer)
        except (Conflict, ObjectNotFound) as error:
            raise FilesReplaced(f"{self.store.uri(self.pointer)} was replaced by another process meanwhile") from error
        return FileSet(contents, release, moment, token)

    def prune(self, *kept: FileSet, check: Callable[[], None]) -> int:
        """Delete all contents that no set of ``kept`` names; return how many.

        Args:
            check: raises if the set's lease is held by another process by now, which may have stored contents that no set names
                yet. Called before each deletion.
        """
        named = {self._key_of(content) for files in kept for content in files.files.values()}
        unnamed = [key for key in self.store.list(f"{self.prefix}parts/") if key not in named]
        for key in unnamed:
            check()
            self.store.delete(key)
        return len(unnamed)

    def _key_of(self, content: Content) -> str:
        return f"{self.prefix}parts/{content.sha256}.z"

    def _content(self, name: str, expected: Content) -> bytes:
        key = self._key_of(expected)
        try:
            unpacked = zlib.decompressobj()
            content = unpacked.decompress(self.store.get(key), expected.bytes + 1)
        except ObjectNotFound:
            raise FilesDamaged(f"{self.store.uri(key)} is gone; it holds {name}") from None
        except zlib.error as error:
            raise FilesDamaged(f"{self.store.uri(key)} is damaged ({error}); it holds {name}") from error
        if len(content) != expected.bytes or hashlib.sha256(content).hexdigest() != expected.sha256:
            raise FilesDamaged(f"{self.store.uri(key)} is damaged: it is not what was kept of {name}")
        return content
