"""Damaged files of the lake: moved to quarantine with all bytes, and a note with the file, the reason and the time.

Layout: ``damaged/<key>-<sha256>`` holds the bytes, the same with ``.json`` the note. A file is damaged if its bytes are not what
the platform writes there; one that cannot be fetched at all is a different error (``ObjectStoreError``). The damage is open until
the file is written again, or (raw observations) until the provider was asked again for its content.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import AwareDatetime, ValidationError

from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore, ObjectStoreError
from steel_assets.core.types import Declaration

log = logging.getLogger("steel.damaged")

FOLDER = "damaged/"
LARGEST_JSON = 16 * 2**20
NOTE = re.compile(rf"{FOLDER}(.+)-[0-9a-f]{{12}}\.json")
TOLD_FOR = timedelta(days=1)
"""How long a damage is reported, even if it was repaired sooner."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Exceptions that damaged bytes may raise in readers."""

T = TypeVar("T")


class Damage(Declaration):
    """One damaged file.

    Attributes:
        key: of the file.
        kept: key of its bytes now.
        why: what is wrong with it.
        mended_at: when its content was requested again.
        mended: the result of that, in words.
    """

    key: str
    kept: str
    why: str
    sha256: str
    bytes: int
    found_at: AwareDatetime
    mended_at: AwareDatetime | None = None
    mended: str = ""

    @property
    def text(self) -> str:
        """The damage in one sentence, with what was done about it."""
        sentence = f"{self.key} was damaged ({self.why}) and is set aside as {self.kept}"
        return f"{sentence}; {self.mended}" if self.mended else sentence


class Damaged:
    """The quarantine of damaged files of one store."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def set_aside(self, key: str, content: bytes, why: str) -> Damage | None:
        """Move the file under ``key`` to quarantine, and log it. None if another process was faster.

        The copy is written first, so that a process killed in between loses nothing. If the store refuses to delete or to write,
        the file stays where it is and is reported again.

        Args:
            content: the damaged bytes; a file that was written since is not moved.
        """
        try:
            if self._store.get(key) != content:
                return None
        except ObjectNotFound:
            return None
        with suppress(ObjectStoreError):
            found = self.keep(key, content, why)
            self._store.delete(key)
            return found
        return None

    def keep(self, key: str, content: bytes, why: str) -> Damage:
        """Keep the damaged ``content`` of ``key`` without moving the file, which will be overwritten; log it.

        If the same was kept within a day, or is repaired, nothing is logged: a store may refuse to delete.

        Raises:
            ObjectStoreError: it could not be stored.
        """
        digest = hashlib.sha256(content).hexdigest()
        found = Damage(
            key=key,
            kept=f"{FOLDER}{key}-{digest[:12]}",
            why=why,
            sha256=digest,
            bytes=len(content),
            found_at=datetime.fromtimestamp(self._clock(), UTC),
        )
        before = self._read(f"{found.kept}.json")
        if before is not None and (before.mended_at is not None or found.found_at - before.found_at < TOLD_FOR):
            return before
        log.warning("%s", found.text)
        self._store.put(found.kept, content)
        self._note(found)
        return found

    def all(self, prefix: str = "") -> list[Damage]:
        """Everything that was ever quarantined of files under ``prefix``, by key."""
        found = []
        for name in self._store.list(f"{FOLDER}{prefix}"):
            if (one := self._read(name)) is not None:
                found.append(one)
        return found

    def open(self, prefix: str = "") -> list[Damage]:
        """Those that are still missing: neither written again nor requested again."""
        return [damage for damage in self.all(prefix) if damage.mended_at is None and self._missing(damage)]

    def news(self, now: datetime) -> list[Damage]:
        """What to report at ``now``: all open damage, and what was found within a day and is repaired."""
        missing = {damage.kept for damage in self.open()}
        return [damage for damage in self.all() if damage.kept in missing or now - damage.found_at < TOLD_FOR]

    def mend(self, damage: Damage, moment: datetime, words: str) -> None:
        """Note that the content of a file was requested again."""
        self._note(damage.model_copy(update={"mended_at": moment, "mended": words}))

    def _missing(self, damage: Damage) -> bool:
        """Whether the file does not exist again, or is still the damaged one, which the store did not delete."""
        try:
            return hashlib.sha256(self._store.get(damage.key)).hexdigest() == damage.sha256
        except ObjectNotFound:
            return True

    def _note(self, damage: Damage) -> None:
        self._store.put(f"{damage.kept}.json", damage.model_dump_json(indent=1).encode())

    def _read(self, name: str) -> Damage | None:
        """A note; None if there is none. A damaged note is replaced by what its name says, as not repaired."""
        named = NOTE.fullmatch(name)
        if named is None:
            return None
        try:
            return Damage.model_validate_json(self._store.get(name))
        except ObjectNotFound:
            return None
        except ValidationError:
            now = datetime.fromtimestamp(self._clock(), UTC)
            kept = name.removesuffix(".json")
            return Damage(key=named.group(1), kept=kept, why="its note is damaged too", sha256="", bytes=0, found_at=now)


def read_kept(store: ObjectStore, key: str, parse: Callable[[Any], T]) -> T | None:
    """The JSON state that the platform keeps under ``key``; None if there is none, or it is damaged.

    A damaged file is moved to quarantine; state that is only kept for convenience never stops anything.

    Args:
        parse: converts the JSON; what it raises for another form counts as damage.
    """
    try:
        content = store.get(key)
    except ObjectNotFound:
        return None
    try:
        return parse(plain_json(content))
    except UNREADABLE as error:
        Damaged(store).set_aside(key, content, why_not(error))
        return None


def plain_json(content: bytes) -> Any:
    """The content of JSON bytes.

    Raises:
        ValueError: it is too large, or not JSON.
        RecursionError: it is nested too deeply.
    """
    if len(content) > LARGEST_JSON:
        raise ValueError(f"it has {len(content):,} bytes, at most {LARGEST_JSON:,} are read")
    return json.loads(content)


def why_not(error: BaseException) -> str:
    """A short reason, on one line, from an exception of a reader."""
    words = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
