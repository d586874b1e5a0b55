"""Evaluates all price watches after a publication. The outbox sends what became true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.lake.snapshots import Pointer, SnapshotDamaged, SnapshotStore, parsed
from steel_assets.core.publication_parts import EMPTY
from steel_assets.core.watches.reading import Published


@dataclass(frozen=True)
class Watched:
    """The result of evaluating the watches.

    Attributes:
        watches: how many there are.
        notified: ids of those with a new message.
        unknown: id → why it cannot be evaluated.
        version: of the publication that was used; None before the first.
    """

    watches: int
    notified: list[str]
    unknown: dict[str, str]
    version: str | None


def in_force(snapshots: SnapshotStore) -> tuple[Pointer | None, Published]:
    """Pointer and content of the publication in force; empty before the first.

    Raises:
        SnapshotDamaged, ObjectStoreError: it cannot be read.
    """
    pointer = snapshots.pointer()
    if pointer is None:
        return None, Published(EMPTY)
    parts = parsed(snapshots.content(pointer))
    try:
        return pointer, Published({**EMPTY, **{name: part.content for name, part in parts.items()}})
    except (AttributeError, LookupError, TypeError) as error:
        raise SnapshotDamaged(
            f"{pointer.key} is no publication ({type(error).__name__}); publish again: steel publish"
        ) from error


def evaluate_watches(watches: WatchStore, outbox: Outbox, snapshots: SnapshotStore, now: datetime) -> Watched:
    """Evaluate every watch on the publication in force.

    Raises:
        SnapshotDamaged: the publication cannot be read; nothing was sent.
        ObjectStoreError: the store cannot be reached.
    """
    pointer, published = in_force(snapshots)
    there = watches.all()
    told = outbox.watch(there, published, now, as_of=pointer.as_of) if pointer is not None else []
    looks = {watch.id: published.read(watch).problem for watch in there}
    return Watched(
        len(there), told, {name: problem for name, problem in looks.items() if problem}, pointer.version if pointer else None
    )
