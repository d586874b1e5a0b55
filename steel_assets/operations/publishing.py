"""Publishing: everything that the service answers from is read from lake and warehouse and put in force as one snapshot.

The warehouse keeps the same rows for analysts. The service reads only the snapshot.
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
"""How often publishing is tried again because another process published first."""


@dataclass(frozen=True)
class PublishingResult:
    """The result of publishing.

    Attributes:
        pointer: what is in force now.
        place: address of the snapshot, for people.
        changed: False if the same snapshot was in force before; nothing was written then.
        problems: part → why it could not be read; its former content stays published.
        passed_over: market → files of forecasts that are damaged or implausible.
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
        """Which parts are not renewed and why, in one sentence; None if all are."""
        problems = {**self.problems, **{market: "; ".join(files) for market, files in self.passed_over.items()}}
        return "; ".join(f"{name}: {why}" for name, why in problems.items()) or None


@dataclass(frozen=True)
class Former:
    """The snapshot in force before; empty before the first publication, and if it is damaged."""

    token: str | None
    pointer: Pointer | None = None
    parts: Mapping[str, PublishedPart] | None = None

    def part(self, name: str) -> PublishedPart:
        """One of its parts, with the time at which it was read."""
        found = (self.parts or {}).get(name)
        if found is None or self.pointer is None:
            return PublishedPart(EMPTY[name])
        return PublishedPart(found.content, found.problem, found.read_at or self.pointer.as_of.isoformat())


def publish(inputs: Inputs, snapshots: SnapshotStore, moment: pd.Timestamp) -> PublishingResult:
    """Read every part and put them in force together, unless they equal what is in force.

    A part that cannot be read keeps its published content, with the reason and the time at which it was read last. Two processes
    that publish at once read one after the other, so what is in force was never read before what it replaced.

    Args:
        moment: now, by the clock; rows with a later time are rejected.

    Raises:
        Conflict: other processes kept publishing meanwhile.
        ObjectStoreError: the store failed; the former snapshot is in force.
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
    """``part``, or its published content if it could not be read or lost everything it had."""
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
