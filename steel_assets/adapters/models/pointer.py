"""The version in force for a market and horizon: one small file with a checksum, replaced by compare-and-set.

It keeps every switch ever made, so that a forecast as of an earlier day can use that day's champion, and the versions that were
deleted since. A copy beside it is used if it is damaged; after a process died between the two writes, the copy lacks the last
switch.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.models.files import NAME, ModelDamaged, ModelNotSigned, ModelStoreError
from steel_assets.adapters.objects.checksummed import Damaged, NotSigned, checksummed, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.types import Declaration, Identifier

READ_ATTEMPTS = 100


class Switch(Declaration):
    """``version`` is in force from ``since`` on."""

    version: str = Field(pattern=f"^{NAME.pattern}$")
    manifest_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    since: AwareDatetime
    action: Literal["promoted", "rolled_back"]


class _Content(Declaration):
    market: Identifier
    horizon: int = Field(ge=1)
    switches: tuple[Switch, ...] = Field(min_length=1)
    pruned: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChampionPointer:
    """The version in force for one market and horizon, with its history.

    Attributes:
        switches: every switch, oldest first; the last one is in force.
        token: the store's version of the pointer file, by which a promotion detects a change.
        pruned: former versions that were deleted.
    """

    market: str
    horizon: int
    switches: tuple[Switch, ...]
    token: str
    pruned: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """The version that is in force."""
        return self.switches[-1].version

    @property
    def manifest_sha256(self) -> str:
        """The checksum of that version's manifest."""
        return self.switches[-1].manifest_sha256

    @property
    def since(self) -> datetime:
        """When it came into force, UTC."""
        return self.switches[-1].since

    def at(self, moment: datetime) -> Switch | None:
        """The switch in force at ``moment`` (which has a time zone); None before the first."""
        return next((switch for switch in reversed(self.switches) if switch.since <= moment), None)

    def before(self, version: str) -> Switch | None:
        """The switch in force before ``version`` first came in force (now, if it never did); None if it was the first."""
        earlier = tuple(takewhile(lambda switch: switch.version != version, self.switches))
        return earlier[-1] if earlier else None

    def to(self, version: str) -> Switch | None:
        """The first switch to ``version``; None when it was never in force."""
        return next((switch for switch in self.switches if switch.version == version), None)


def read_pointer(
    store: ObjectStore, key: str, market: str, horizon: int, signing_key: bytes | None = None
) -> ChampionPointer | None:
    """The pointer under ``key``, content and token of one moment; None if there is none.

    Raises:
        ModelDamaged: the file is not what was written, or belongs to another market or horizon.
        ModelNotSigned: it is intact, but not signed with ``signing_key``.
    """
    for _ in range(READ_ATTEMPTS):
        token = store.version(key)
        if token is None:
            return None
        try:
            content = store.get(key)
        except ObjectNotFound:
            continue
        if store.version(key) == token:
            return _parsed(content, key, market, horizon, token, signing_key)
    raise ModelStoreError(f"{key} kept changing while it was read")


def switch_pointer(
    store: ObjectStore,
    key: str,
    pointer: ChampionPointer | None,
    market: str,
    horizon: int,
    switch: Switch,
    signing_key: bytes | None = None,
) -> None:
    """Add ``switch`` to what ``pointer`` holds, if nobody has changed the file since ``pointer`` was read.

    Raises:
        Conflict: somebody has; nothing was written.
    """
    switches = (*(pointer.switches if pointer else ()), switch)
    pruned = tuple(sorted(pointer.pruned)) if pointer else ()
    content = _Content(market=market, horizon=horizon, switches=switches, pruned=pruned).model_dump(mode="json")
    _write(store, key, checksummed(content, signing_key), pointer.token if pointer else None)


def strike_versions(
    store: ObjectStore, key: str, pointer: ChampionPointer, versions: Collection[str], signing_key: bytes | None = None
) -> None:
    """Note that ``versions`` are deleted, so that no rollback can return to them.

    Raises:
        Conflict: the file was changed since ``pointer`` was read; nothing was written.
    """
    pruned = tuple(sorted({*pointer.pruned, *versions}))
    content = _Content(market=pointer.market, horizon=pointer.horizon, switches=pointer.switches, pruned=pruned)
    _write(store, key, checksummed(content.model_dump(mode="json"), signing_key), pointer.token)


def copy_of(key: str) -> str:
    """The key of the copy of the pointer under ``key``."""
    return f"{key.removesuffix('.json')}.copy.json"


def _write(store: ObjectStore, key: str, content: bytes, token: str | None) -> None:
    store.put_if(key, content, token)
    store.put(copy_of(key), content)


def restore_pointer(store: ObjectStore, key: str, market: str, horizon: int, signing_key: bytes | None, why: str) -> bool:
    """Replace a damaged pointer, which is quarantined, by its copy. False if there is no intact copy.

    Args:
        why: what is wrong with the pointer.
    """
    try:
        token, damaged, copy = store.version(key), store.get(key), store.get(copy_of(key))
        _parsed(copy, copy_of(key), market, horizon, "", signing_key)
    except (ObjectNotFound, ModelDamaged):
        return False
    SetAside(store).keep(key, damaged, why)
    with suppress(Conflict):  # somebody else put it back, or switched: what is there now is read again
        store.put_if(key, copy, token)
    return True


def _parsed(content: bytes, key: str, market: str, horizon: int, token: str, signing_key: bytes | None) -> ChampionPointer:
    try:
        found = _Content.model_validate(unseal(content, signing_key))
    except NotSigned as error:
        raise ModelNotSigned(f"{key}: {error}. Check it, then sign what is there with: steel sign --yes") from error
    except (Damaged, ValidationError) as error:
        raise ModelDamaged(f"{key} is damaged: {error}") from error
    if (found.market, found.horizon) != (market, horizon):
        raise ModelDamaged(f"{key} is the pointer of market {found.market}, horizon {found.horizon}")
    return ChampionPointer(found.market, found.horizon, found.switches, token, frozenset(found.pruned))
