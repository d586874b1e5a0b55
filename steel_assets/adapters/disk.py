"""What to do when a disk does not take what is written to it, in words for whoever keeps the machine."""

from __future__ import annotations

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READ_ONLY = frozenset({errno.EROFS})
REFUSED = frozenset({errno.EACCES, errno.EPERM})

MAKE_ROOM = "Make room on that disk (or raise the quota) and run again: what was there before is as it was"
MAKE_WRITABLE = "Mount that disk writable (a disk with errors is mounted read-only by the system: see its log) and run again"
SIGNS = ("No space left on device", "Disk quota exceeded", "File too large", "Could not write all bytes")
"""How a library that hides the error's number says that the disk is full."""


def trouble(error: OSError) -> str:
    """What is wrong in one word, as ``ObjectStoreError.trouble`` has it."""
    if error.errno in FULL:
        return "full"
    return "read-only" if error.errno in READ_ONLY else "permission" if error.errno in REFUSED else "disk"


def remedy(error: Exception) -> str:
    """The sentence that belongs behind ``error``; empty where nothing better can be said than the error says itself."""
    number = error.errno if isinstance(error, OSError) else None
    if number in FULL or any(sign in str(error) for sign in SIGNS):
        return MAKE_ROOM
    if number in READ_ONLY or "Read-only file system" in str(error):
        return MAKE_WRITABLE
    return "Give this user the right to write there, or name another place in STEEL_HOME" if number in REFUSED else ""
