"""The interface of the lake's storage: named blobs, and one operation that is atomic between competing writers.

Keys are relative paths with forward slashes, for example ``raw-data/fred-api/inflation_data/2026/….parquet``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from steel_assets.adapters.machine.disk import make_folder, remedy, trouble, write_private
from steel_assets.adapters.machine.traces import traced
from steel_assets.core.problem import Problem

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=+-]*")
KEY = re.compile(rf"{NAME.pattern}(/{NAME.pattern})*")


class ObjectNotFound(Problem, KeyError):
    """Nothing is stored under this key."""


class ObjectStoreError(Problem):
    """The store failed; the message says why and what to do. Nothing was written.

    Attributes:
        trouble: the kind of error, for example ``permission``, ``credentials``, ``missing`` or ``quota``.
    """

    def __init__(self, message: str, trouble: str = "refused") -> None:
        super().__init__(message)
        self.trouble = trouble


class Conflict(Problem):
    """Another writer changed the object since it was read; nothing was written."""


class ObjectStore(Protocol):
    """The interface of object stores, tested by one conformance suite."""

    def get(self, key: str) -> bytes:
        """The content of ``key``.

        Raises:
            ObjectNotFound: there is none.
            ObjectStoreError: it exists and cannot be read.
        """

    def put(self, key: str, content: bytes) -> None:
        """Write ``key`` completely or not at all, replacing its content."""

    def version(self, key: str) -> str | None:
        """An opaque token of the current content of ``key``; None when there is none."""

    def put_if(self, key: str, content: bytes, version: str | None) -> None:
        """Write ``key`` only if its version is still ``version`` (None: only if it does not exist). Raises Conflict."""

    def list(self, prefix: str) -> Iterator[str]:
        """All keys that start with ``prefix``, in order; names that are not valid keys are left out."""

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The keys of ``list``, each with a stamp that changes with every write of the object, without reading contents."""

    def strange_names(self) -> Iterator[str]:
        """Names at the top of the store that are not valid keys, which ``list`` leaves out."""

    def delete(self, key: str) -> None:
        """Remove ``key``, if it exists."""

    def checksum(self, key: str) -> str:
        """The md5 of the content of ``key`` in hexadecimal, to verify copies.

        Raises:
            ObjectNotFound: there is none.
        """

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Every key and its size in bytes, in order, without reading contents."""

    def stored_bytes(self) -> int:
        """The total size of all objects."""

    def uri(self, key: str) -> str:
        """The address of an object, for people."""


class LocalFolder:
    """Blobs as files in one folder: written to a temporary file, fsynced, then renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @traced("storage get", "steel.key")
    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectNotFound(key) from error
        except OSError as error:
            raise ObjectStoreError(f"{self.uri(key)} could not be read: {error}", trouble(error)) from error

    @traced("storage put", "steel.key")
    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        with self._disk_errors(key):
            make_folder(path.parent)
            write_private(path, content)

    def version(self, key: str) -> str | None:
        with suppress(ObjectNotFound):
            return hashlib.sha256(self.get(key)).hexdigest()
        return None

    @traced("storage put_if", "steel.key")
    def put_if(self, key: str, content: bytes, version: str | None) -> None:
        path = self._path(key)
        with self._disk_errors(key):
            make_folder(path.parent)
            turn = FileLock(path.parent / f".{path.name}.lock").acquire()
        with turn:
            if self.version(key) != version:
                raise Conflict(f"{key} was changed by another writer")
            self.put(key, content)

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key, _ in self._below(prefix))

    def _below(self, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Every key that starts with ``prefix`` and its file, in no order; other folders are not read."""
        parent, slash, begun = prefix.rpartition("/")
        if not parent or KEY.fullmatch(parent):
            yield from _files(str(self.root / parent), parent + slash, begun)

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        for key, entry in sorted(self._below(prefix), key=_key):
            with suppress(FileNotFoundError):  # deleted since it was listed
                about = entry.stat()
                yield key, f"{about.st_mtime_ns}-{about.st_size}-{about.st_ino}"

    def strange_names(self) -> Iterator[str]:
        names = sorted(path.name for path in self.root.iterdir()) if self.root.is_dir() else []
        yield from (name for name in names if not KEY.fullmatch(name) and not name.startswith("."))

    def delete(self, key: str) -> None:
        with self._disk_errors(key):
            self._path(key).unlink(missing_ok=True)

    def checksum(self, key: str) -> str:
        return md5_of(self.get(key))

    def sizes(self) -> Iterator[tuple[str, int]]:
        for key, entry in sorted(self._below(""), key=_key):
            with suppress(FileNotFoundError):  # deleted since it was listed
                yield key, entry.stat().st_size

    def stored_bytes(self) -> int:
        return sum(size for _, size in self.sizes())

    def uri(self, key: str) -> str:
        return self._path(key).as_uri()

    @contextmanager
    def _disk_errors(self, key: str) -> Iterator[None]:
        """A context that converts errors of the disk to an ObjectStoreError with the object and the remedy."""
        try:
            yield
        except OSError as error:
            raise ObjectStoreError(f"{self.uri(key)} could not be written: {error}. {remedy(error)}", trouble(error)) from error

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)


def _files(folder: str, within: str, begun: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Keys below ``folder`` and their files; tens of thousands after some years, so no path is made of each.

    Args:
        within: what the keys of the folder begin with.
        begun: what the names in it must begin with; others are not looked into.
    """
    try:
        entries = os.scandir(folder)
    except OSError:  # there is none, or it was deleted since it was listed
        return
    with entries:
        for entry in entries:
            name = entry.name
            if not name.startswith(begun) or not NAME.fullmatch(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{within}{name}/")
            elif not entry.is_dir():
                yield within + name, entry


def _key(found: tuple[str, os.DirEntry[str]]) -> str:
    return found[0]


def checked_key(key: str) -> str:
    """``key``, if it is valid.

    Raises:
        ValueError: it could lead out of the store.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"object key {key!r} must be a relative path of letters, digits and . _ = + - without leading dots")
    return key


def md5_of(content: bytes) -> str:
    """The checksum that object stores keep of their content; it detects accidents, not forgery."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
