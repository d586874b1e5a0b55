"""The drop folder for users' files: a folder of this machine, or a prefix of a bucket.

Only files at the top are offered; processed ones are in ``done/`` and ``failed/`` below, and notes in ``notes/``. Only regular
files are opened, without following links, and everything is written by renaming, so no file outside the folder is ever read or
written.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore

if TYPE_CHECKING:
    import pandas as pd

DONE, FAILED, NOTES = "done", "failed", "notes"
PLACES = (DONE, FAILED, NOTES)
LONGEST_NAME = 180
"""In bytes, leaving room for what is added to a name in ``failed/``."""

PASSING = (".", "~")
"""First characters of names that programs give to files while writing them."""

KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class NotAFile(OSError):
    """Something is not a regular file (any more), or cannot be read; the message says which."""


@dataclass(frozen=True)
class DroppedFile:
    """A file at the top.

    Attributes:
        version: changes with the content: size, time of change and inode; an object's generation.
        identity: also changes if the same content is put there again.
        changed: time of the last change; None in a bucket, for which ``read`` determines the rest.
    """

    version: str
    identity: str
    changed: pd.Timestamp | None

    def is_the_file_of(self, version: str) -> bool:
        """Whether a file of that version is the same file with other content, not another file of the same name."""
        return self.version.rpartition("-")[2] == version.rpartition("-")[2]


@dataclass(frozen=True)
class DroppedFiles:
    """Everything at the top: files by name, and what is not a file, with the reason."""

    files: Mapping[str, DroppedFile]
    odd: Mapping[str, str]


class DropBox(Protocol):
    """The interface of drop folders. ``name`` is a file's name, ``place`` one of ``PLACES``."""

    @property
    def where(self) -> str:
        """The place, for people."""

    @property
    def grows(self) -> bool:
        """Whether files can be seen while they are being written; objects in a bucket cannot."""

    def offered(self) -> DroppedFiles:
        """What lies at the top."""

    def read(self, name: str, most: int, place: str = "") -> tuple[bytes, DroppedFile]:
        """The content of a file; of one larger than ``most`` bytes, one byte more than that.

        Raises:
            NotAFile: it cannot be read.
        """

    def holds(self, place: str, name: str) -> bool:
        """Whether there is anything of that name."""

    def write(self, place: str, name: str, content: bytes) -> None:
        """Write a file, replacing one of that name."""

    def remove(self, place: str, name: str) -> None:
        """Remove a file, if it exists."""

    def version(self, place: str, name: str) -> str | None:
        """``DroppedFile.version`` of a file below the top; None if it does not exist."""

    def move(self, name: str, place: str, new: str, seen: DroppedFile) -> bool:
        """Move a file from the top to ``place``; False if it is gone, or another than ``seen`` has its name."""

    def bring_back(self, place: str, name: str, new: str) -> bool:
        """Move a file back to the top; False if a file of that name exists there."""


class DropFolder:
    """A folder of this machine, in which files grow while they are copied."""

    grows = True

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def where(self) -> str:
        return str(self._root)

    def offered(self) -> DroppedFiles:
        files: dict[str, DroppedFile] = {}
        odd: dict[str, str] = {}
        with suppress(FileNotFoundError), os.scandir(self._root) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    found = entry.stat(follow_symlinks=False)
                    why = _no_file(found) or _no_name(entry.name)
                    if why is None:
                        files[entry.name] = _offer(found)
                    elif entry.name not in PLACES or not stat.S_ISDIR(found.st_mode):
                        odd[entry.name] = why
        return DroppedFiles(dict(sorted(files.items())), dict(sorted(odd.items())))

    def read(self, name: str, most: int, place: str = "") -> tuple[bytes, DroppedFile]:
        path = self._root / place / name
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise NotAFile(f"{name} cannot be read: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if why := _no_file(found):
                raise NotAFile(f"{name} is {why}")
            return file.read(most + 1), _offer(found)

    def holds(self, place: str, name: str) -> bool:
        return os.path.lexists(self._root / place / name)

    def write(self, place: str, name: str, content: bytes) -> None:
        folder = self._below(place)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(folder / name)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise

    def remove(self, place: str, name: str) -> None:
        if (self._root / place / name).is_dir():
            return
        (self._below(place) / name).unlink(missing_ok=True)

    def version(self, place: str, name: str) -> str | None:
        try:
            found = (self._root / place / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _offer(found).version if stat.S_ISREG(found.st_mode) else None

    def move(self, name: str, place: str, new: str, seen: DroppedFile) -> bool:
        folder = self._below(place)
        try:
            if not _offer((self._root / name).lstat()).is_the_file_of(seen.version):
                return False
            (self._root / name).replace(folder / new)
        except FileNotFoundError:
            return False
        return True

    def bring_back(self, place: str, name: str, new: str) -> bool:
        if self.holds("", new):
            return False
        (self._root / place / name).rename(self._root / new)
        return True

    def _below(self, place: str) -> Path:
        """One of the subfolders, created if missing.

        Raises:
            NotAFile: it is a link.
        """
        folder = self._root / place
        with suppress(FileExistsError):
            folder.mkdir()
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotAFile(f"{place} in {self._root} is not a folder; remove it")
        return folder


class DropBucket:
    """A prefix of a bucket, or any object store: objects appear complete, and are moved by copying and deleting."""

    grows = False

    def __init__(self, store: ObjectStore, address: str) -> None:
        self._store = store
        self.where = address

    def offered(self) -> DroppedFiles:
        files: dict[str, DroppedFile] = {}
        odd = dict.fromkeys(self._store.strange_names(), "not named with letters, digits and . _ = + - alone")
        for key in self._store.list(""):
            top, below, _ = key.partition("/")
            if below and top not in PLACES:
                odd[top] = "a folder"
            elif not below and (why := _no_name(key)):
                odd[key] = why
            elif not below:
                files[key] = DroppedFile("", "", None)  # asking each for its generation costs a request; ``read`` tells
        return DroppedFiles(files, odd)

    def read(self, name: str, most: int, place: str = "") -> tuple[bytes, DroppedFile]:
        version = self._store.version(_key(place, name))
        try:
            content = self._store.get(_key(place, name))
        except ObjectNotFound as error:
            raise NotAFile(f"{name} is gone") from error
        return content[: most + 1], DroppedFile(version or "", version or "", None)

    def holds(self, place: str, name: str) -> bool:
        return self._store.version(_key(place, name)) is not None

    def write(self, place: str, name: str, content: bytes) -> None:
        self._store.put(_key(place, name), content)

    def remove(self, place: str, name: str) -> None:
        self._store.delete(_key(place, name))

    def version(self, place: str, name: str) -> str | None:
        return self._store.version(_key(place, name))

    def move(self, name: str, place: str, new: str, seen: DroppedFile) -> bool:
        try:
            content = self._store.get(name)
        except ObjectNotFound:
            return False  # another sensor was here before
        if self._store.version(name) != seen.version:
            return False  # it was uploaded again: that is another file, for the next look
        self._store.put(_key(place, new), content)
        self._store.delete(name)
        return True

    def bring_back(self, place: str, name: str, new: str) -> bool:
        if self.holds("", new):
            return False
        self._store.put(new, self._store.get(_key(place, name)))
        self._store.delete(_key(place, name))
        return True


def _offer(stat: os.stat_result) -> DroppedFile:
    import pandas as pd

    version = f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"
    changed = pd.Timestamp(stat.st_mtime_ns, unit="ns", tz="UTC")
    return DroppedFile(version, f"{version}-{stat.st_ctime_ns}", changed)


def _no_file(status: os.stat_result) -> str | None:
    return None if stat.S_ISREG(status.st_mode) else next((what for is_one, what in KINDS if is_one(status.st_mode)), "no file")


def _no_name(name: str) -> str | None:
    """Why a file of this name cannot be taken; None when it can."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "not named in UTF-8"
    if size > LONGEST_NAME:
        return f"named with {size} bytes, of which {LONGEST_NAME} are usable"
    return None if name.isprintable() else "named with characters that cannot be printed"


def _key(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name
