"""Files and folders that only their owner can read, whatever the umask; and remedies for errors of the disk."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READ_ONLY = frozenset({errno.EROFS})
REFUSED = frozenset({errno.EACCES, errno.EPERM})

MAKE_ROOM = "Make room on that disk (or raise the quota) and run again: what was there before is as it was"
MAKE_WRITABLE = "Mount that disk writable (a disk with errors is mounted read-only by the system: see its log) and run again"
SIGNS = ("No space left on device", "Disk quota exceeded", "File too large", "Could not write all bytes")
"""Parts of messages that say the disk is full, for libraries that hide the error number."""


def trouble(error: OSError) -> str:
    """What is wrong in one word, as ``ObjectStoreError.trouble`` has it."""
    if error.errno in FULL:
        return "full"
    return "read-only" if error.errno in READ_ONLY else "permission" if error.errno in REFUSED else "disk"


def remedy(error: Exception) -> str:
    """A sentence to append to ``error``; empty if there is no better advice than the error itself."""
    number = error.errno if isinstance(error, OSError) else None
    if number in FULL or any(sign in str(error) for sign in SIGNS):
        return MAKE_ROOM
    if number in READ_ONLY or "Read-only file system" in str(error):
        return MAKE_WRITABLE
    return "Give this user the right to write there, or name another place in STEEL_HOME" if number in REFUSED else ""


def make_folder(folder: Path) -> Path:
    """``folder``, created with all missing parents so that only their owner can enter (mode 700).

    Existing folders keep their permissions.

    Raises:
        OSError: it cannot be created.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)  # another process may be as far
    if not folder.is_dir():
        folder.mkdir()  # says what is wrong
    return folder


BESIDE = ("-wal", "-shm")
"""Endings of what SQLite keeps beside a database."""


def private_folder(folder: Path) -> Path:
    """``folder``, created if missing, for its owner only (mode 700): it holds secrets, or answers that were paid for."""
    make_folder(folder)
    _close(folder, 0o700)
    return folder


def private_file(path: Path) -> Path:
    """``path`` in its folder, both created if missing; only its owner can read it (mode 600), whatever wrote it before.

    For files that a library opens by name: a database, a log. SQLite's log beside a database, and the index of that, are closed
    too: they are there while a process has it open, or was killed.

    Raises:
        OSError: it cannot be created.
    """
    make_folder(path.parent)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        for name in (path, *(path.with_name(f"{path.name}{ending}") for ending in BESIDE)):
            with suppress(FileNotFoundError):
                _close(name, 0o600)
    return path


def _close(path: Path, mode: int) -> None:
    """Remove the permissions of others, if the file belongs to this user."""
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 and found.st_uid == os.geteuid():
        path.chmod(mode)


def write_private(path: Path, content: bytes) -> None:
    """Write ``path`` completely or not at all, readable by its owner only (mode 600); its folder must exist.

    Raises:
        OSError: it cannot be written.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
