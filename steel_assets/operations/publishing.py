"""Publishing: everything that the service answers from, read once from the lake and the warehouse and put in force as one.

The warehouse holds the same rows for analysts; the service reads neither, it fetches what is published here.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.snapshots import (
    Pointer,
    PublishedPart,
    SnapshotDamaged,
    SnapshotStore,
    fits,
    parsed,
    written,
)
from steel_assets.adapters.objects.object_store import Conflict, ObjectStoreError
from steel_assets.core.publication_parts import EMPTY, GONE, emptied
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.parts import read_parts

ATTEMPTS = 10
"""How often publishing begins anew because another process was faster."""


@dataclass(frozen=True)
class PublishingResult:
    """What came of publishing.

    Attributes:
        pointer: what is in force now.
        place: where a person finds the snapshot.
        changed: False where exactly the same was in force before; nothing was written then.
        problems: part → why it could not be read; what was published of it before stays.
        passed_over: market → files of forecasts that are damaged or not believed.
        forecasts: market → moment of the issue in force.
    """

    pointer: Pointer
    place: str
    changed: bool
    problems: Mapping[str, str]
    passed_over: Mapping[str, list[str]]
    forecasts: Mapping[str, str]

    @property
    def failed(self) -> str | None:
        """Why not everything is as it should be, in one sentence; None when all is."""
        problems = {**self.problems, **{market: "; ".join(files) for market, files in self.passed_over.items()}}
        return "; ".join(f"{name}: {why}" for name, why in problems.items()) or None


@dataclass(frozen=True)
class Former:
    """What is in force while the next is read; nothing before the first publication, and where it is damaged."""

    token: str | None
    pointer: Pointer | None = None
    parts: Mapping[str, PublishedPart] | None = None

    def part(self, name: str) -> PublishedPart:
        """One of its parts, with the moment at which it was read."""
        found = (self.parts or {}).get(name)
        if found is None or self.pointer is None:
            return PublishedPart(EMPTY[name])
        return PublishedPart(found.content, found.problem, found.read_at or self.pointer.as_of.isoformat())


def publish(inputs: Inputs, snapshots: SnapshotStore, moment: pd.Timestamp) -> PublishingResult:
    """Read every part as it is now and put them in force together, unless the very same is in force already.

    What cannot be read any more stays as it was published, with the reason and the moment at which it was read last. Two
    processes that publish at once read one after the other: what is in force was read after what was in force before.

    Args:
        moment: now, by the clock: what claims to be of later is not believed.

    Raises:
        Conflict: others published again and again meanwhile.
        ObjectStoreError: the store does not take it; what was published before is in force.
    """
    for _ in range(ATTEMPTS):
        former = _former(snapshots)
        parts = _parts(inputs, former, moment)
        content = written(parts)
        pointer = former.pointer if former.parts is not None else None
        if pointer is None or not fits(content, pointer):
            try:
                pointer = snapshots.switch(content, moment.to_pydatetime(), former.token, former.pointer)
            except Conflict:
                continue
        with suppress(ObjectStoreError):  # what is left lying is pruned after the next publication
            snapshots.prune(pointer)
        return _publication(snapshots, pointer, parts, changed=pointer is not former.pointer)
    raise Conflict(f"others published {ATTEMPTS} times in a row meanwhile; what they published is in force")


def _former(snapshots: SnapshotStore) -> Former:
    token = snapshots.token()
    try:
        pointer = snapshots.pointer()
    except SnapshotDamaged as error:
        snapshots.set_aside(str(error))
        return Former(token)
    if pointer is None:
        return Former(token)
    try:
        return Former(token, pointer, parsed(snapshots.content(pointer)))
    except SnapshotDamaged:
        return Former(token, pointer)


def _parts(inputs: Inputs, former: Former, moment: pd.Timestamp) -> dict[str, PublishedPart]:
    found = read_parts(inputs, moment.timestamp(), former.part("latest").content or {})
    return {name: _lasting(name, part, former.part(name)) for name, part in found.items()}


def _lasting(name: str, part: PublishedPart, former: PublishedPart) -> PublishedPart:
    """``part``; where it could not be read, or lost everything it had, what was published of it before."""
    problem = part.problem or (GONE if emptied(name, part.content, former.content) else None)
    return part if problem is None else PublishedPart(former.content, problem, former.read_at)


def _publication(
    snapshots: SnapshotStore, pointer: Pointer, parts: Mapping[str, PublishedPart], *, changed: bool
) -> PublishingResult:
    latest = parts["latest"].content
    return PublishingResult(
        pointer=pointer,
        place=snapshots.store.uri(pointer.key),
        changed=changed,
        problems={name: part.problem for name, part in parts.items() if part.problem},
        passed_over={market: entry["problems"] for market, entry in latest.items() if entry["problems"]},
        forecasts={market: entry["rows"][0]["as_of"] for market, entry in latest.items() if entry["rows"]},
    )
