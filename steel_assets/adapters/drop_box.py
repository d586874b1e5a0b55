"""Where people drop files of their own: a folder of this machine, or a prefix of a bucket.

Only what lies at the top is offered; what was dealt with lies in ``done/`` and ``failed/`` below. Names in a bucket are those an
object store takes: letters, digits and ``. _ = + -``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pandas as pd

from steel_assets.adapters.object_store import ObjectNotFound, ObjectStore

QUIET = pd.Timedelta(seconds=5)
"""A file that was changed since may still be on its way."""


class DropBox(Protocol):
    """A port. ``name`` is a file's, ``place`` is the top (empty) or a folder below."""

    @property
    def where(self) -> str:
        """The place in words."""

    def names(self, moment: pd.Timestamp) -> list[str]:
        """The files at the top that are fully written at ``moment``, in order."""

    def read(self, name: str, most: int) -> bytes:
        """The content of a file at the top; one byte more than ``most`` of it when it is larger."""

    def holds(self, place: str, name: str) -> bool:
        """Whether there is a file of that name."""

    def write(self, place: str, name: str, content: bytes) -> None:
        """Write a file, over any that was there."""

    def move(self, name: str, place: str, new: str) -> None:
        """Take a file from the top to ``place``. After a crash on the way it is there twice, never not at all."""


class DropFolder:
    """A folder of this machine, where files grow while they are copied."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def where(self) -> str:
        return str(self._root)

    def names(self, moment: pd.Timestamp) -> list[str]:
        here = sorted(path for path in self._root.glob("*") if path.is_file() and path.name[0] != ".")
        return [path.name for path in here if moment - pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC") >= QUIET]

    def read(self, name: str, most: int) -> bytes:
        with (self._root / name).open("rb") as file:
            return file.read(most + 1)

    def holds(self, place: str, name: str) -> bool:
        return (self._root / place / name).exists()

    def write(self, place: str, name: str, content: bytes) -> None:
        (self._root / place).mkdir(exist_ok=True)
        (self._root / place / name).write_bytes(content)

    def move(self, name: str, place: str, new: str) -> None:
        (self._root / place).mkdir(exist_ok=True)
        (self._root / name).replace(self._root / place / new)


class DropBucket:
    """A prefix of a bucket, or any object store: objects appear whole, and are moved by being copied and removed."""

    def __init__(self, store: ObjectStore, address: str) -> None:
        self._store = store
        self.where = address

    def names(self, moment: pd.Timestamp) -> list[str]:
        return [key for key in self._store.list("") if "/" not in key]

    def read(self, name: str, most: int) -> bytes:
        return self._store.get(name)[: most + 1]

    def holds(self, place: str, name: str) -> bool:
        return self._store.version(_key(place, name)) is not None

    def write(self, place: str, name: str, content: bytes) -> None:
        self._store.put(_key(place, name), content)

    def move(self, name: str, place: str, new: str) -> None:
        try:
            content = self._store.get(name)
        except ObjectNotFound:
            return  # another sensor was here before
        self._store.put(_key(place, new), content)
        self._store.delete(name)


def _key(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name
