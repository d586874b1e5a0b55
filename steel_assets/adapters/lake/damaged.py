"""Files of the lake that were found damaged: set aside with every byte, and a note that says which file, why and since when.

Layout: ``damaged/<key>-<sha256>`` holds the bytes, the same with ``.json`` the note. A file is set aside when its bytes are not
what the platform writes there; one that cannot be fetched at all is another matter (``ObjectStoreError``). The damage is open
until the file is written again, or (raw observations) until the provider was asked again for what it held.
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
"""So long a damage is told of, however soon it was mended."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What bytes that are not what a reader expects make it raise."""

T = TypeVar("T")


class Damage(Declaration):
    """One file that was found damaged.

    Attributes:
        key: where it was.
        kept: where its bytes are now.
        why: what is wrong with it.
        mended_at: when what it held was asked for again.
        mended: what came of that, in words.
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
        """The damage in one sentence, with what became of it."""
        sentence = f"{self.key} was damaged ({self.why}) and is set aside as {self.kept}"
        return f"{sentence}; {self.mended}" if self.mended else sentence


class Damaged:
    """What was set aside of one store."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def set_aside(self, key: str, content: bytes, why: str) -> Damage | None:
        """Move the file under ``key`` away, its bytes kept; told in the log. None where another process was faster.

        The copy comes first, so that a process killed in between loses nothing and does the same again. Where the store refuses
        to delete or to keep anything, the file stays where it is and is told again.

        Args:
            content: what was found to be damaged; what was written since is left alone.
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
        """Keep a damaged ``content`` of ``key`` without moving the file, whose place something else takes; told in the log.

        Where the same was kept within a day, or is mended already, nothing is said again: a store may refuse to delete.

        Raises:
            ObjectStoreError: the store does not take it.
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
        """Everything that was ever set aside of the files under ``prefix``, by key."""
        found = []
        for name in self._store.list(f"{FOLDER}{prefix}"):
            if (one := self._read(name)) is not None:
                found.append(one)
        return found

    def open(self, prefix: str = "") -> list[Damage]:
        """What is still missing of it: neither written again nor asked for again."""
        return [damage for damage in self.all(prefix) if damage.mended_at is None and self._missing(damage)]

    def news(self, now: datetime) -> list[Damage]:
        """What people should know at ``now``: all that is open, and what was found within a day and is mended already."""
        missing = {damage.kept for damage in self.open()}
        return [damage for damage in self.all() if damage.kept in missing or now - damage.found_at < TOLD_FOR]

    def mend(self, damage: Damage, moment: datetime, words: str) -> None:
        """Note that what a file held was asked for again."""
        self._note(damage.model_copy(update={"mended_at": moment, "mended": words}))

    def _missing(self, damage: Damage) -> bool:
        """Whether nothing is there in its place, or the damaged file still is, because the store did not let it go."""
        try:
            return hashlib.sha256(self._store.get(damage.key)).hexdigest() == damage.sha256
        except ObjectNotFound:
            return True

    def _note(self, damage: Damage) -> None:
        self._store.put(f"{damage.kept}.json", damage.model_dump_json(indent=1).encode())

    def _read(self, name: str) -> Damage | None:
        """A note; None where there is none. One that is damaged itself says what its name says, and that nothing was mended."""
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
    """What the platform keeps for itself as JSON under ``key``; None where there is nothing, or nothing that can be believed.

    A damaged file is set aside: what is kept for convenience never stops anything.

    Args:
        parse: makes the value of it; what it raises for another shape counts as damage.
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
    """What JSON bytes say. Raises ValueError for what is too large, RecursionError for what is too deep."""
    if len(content) > LARGEST_JSON:
        raise ValueError(f"it has {len(content):,} bytes, at most {LARGEST_JSON:,} are read")
    return json.loads(content)


def why_not(error: BaseException) -> str:
    """A short reason, on one line, from what a reader raised."""
    words = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
