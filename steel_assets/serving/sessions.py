"""Dashboard sessions: a random token in the browser's cookie; its checksum and expiry here. Logging out ends one.

They are stored in one small file, so that they survive a restart and are shared by all processes over the same folder. The file
contains no token; without it everybody is logged out.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from pathlib import Path

from filelock import FileLock, Timeout

from steel_assets.adapters.machine.disk import private_folder, write_private

log = logging.getLogger("steel.serving")

SESSION_SECONDS = 12 * 3600
LONGEST_TOKEN = 128
MOST = 1000
"""Largest number of sessions; the one that expires soonest is removed first."""

LARGEST_FILE = 2**20

Kept = dict[str, tuple[str, float]]
"""Checksum of a token → its holder, and its expiry (Unix seconds)."""


class Sessions:
    """The sessions in one file. If it cannot be written, this is logged, and they hold in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._stamp: tuple[int, int, int] | None = None
        self._kept: Kept = {}
        self._ended: set[str] = set()

    def begin(self, holder: str, moment: float) -> str:
        """Start a session of ``holder``; return its token, which is stored nowhere."""
        token = secrets.token_urlsafe(32)
        self._change(moment, begun={_checksum(token): (holder, moment + SESSION_SECONDS)})
        return token

    def holder(self, token: str | None, moment: float) -> str | None:
        """The holder of the session of ``token``; None if it has ended, or does not exist."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        self._look()
        name = _checksum(token)
        holder, until = self._kept.get(name, ("", 0.0))
        return holder if name not in self._ended and moment < until <= moment + SESSION_SECONDS else None

    def end(self, token: str | None, moment: float) -> None:
        """End the session of ``token``, if it exists, in every process."""
        if token and len(token) <= LONGEST_TOKEN:
            self._ended.add(_checksum(token))
            self._change(moment, ended=_checksum(token))

    def _change(self, moment: float, *, begun: Kept | None = None, ended: str | None = None) -> None:
        try:
            private_folder(self._path.parent)
            with FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=5):
                self._look()
                kept = {
                    name: entry for name, entry in {**self._kept, **(begun or {})}.items() if entry[1] > moment and name != ended
                }
                newest = dict(sorted(kept.items(), key=lambda item: item[1][1])[-MOST:])
                self._kept = newest
                write_private(self._path, json.dumps(newest).encode())
                self._stamp = self._file_stamp()
        except (OSError, Timeout) as error:
            self._kept = {**self._kept, **(begun or {})}
            log.error("sessions could not be kept in %s (%s); they hold in this process only", self._path, error)

    def _look(self) -> None:
        stamp = self._file_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self._kept = self._read() if stamp else {}

    def _read(self) -> Kept:
        try:
            if self._path.stat().st_size > LARGEST_FILE:
                raise ValueError("it is too large")
            found = json.loads(self._path.read_bytes())
            return {str(name): (str(holder), float(until)) for name, (holder, until) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            log.error("the sessions in %s cannot be read (%s); everybody must log in again", self._path, error)
            return {}

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def cookie(header: str, name: str) -> str | None:
    """The value of the first cookie called ``name`` in a ``Cookie`` header, as it was sent; None when there is none.

    In time that grows with its length and no faster: ``http.cookies`` unquotes in quadratic time before Python 3.11.10 and 3.12.7
    (CVE-2024-7592), so nothing of a request is given to it. Our own cookies need no unquoting.
    """
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            return value.strip()
    return None
