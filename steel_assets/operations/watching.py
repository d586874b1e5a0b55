"""Looking at everybody's price watches after a publication. What became true is told by the outbox."""

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
    """What came of looking.

    Attributes:
        watches: how many there are.
        notified: ids of those about which a message goes out now.
        unknown: id → why nothing can be said of it.
        version: of the publication that was looked at; None before the first.
    """

    watches: int
    notified: list[str]
    unknown: dict[str, str]
    version: str | None


def in_force(snapshots: SnapshotStore) -> tuple[Pointer | None, Published]:
    """Pointer and content of the publication in force; nothing before the first. Raises SnapshotDamaged, ObjectStoreError."""
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
    """Look at every watch as the publication in force shows it.

    Raises:
        SnapshotDamaged: the publication cannot be read; nothing was told.
        ObjectStoreError: the store is away.
    """
    pointer, published = in_force(snapshots)
    there = watches.all()
    told = outbox.watch(there, published, now, as_of=pointer.as_of) if pointer is not None else []
    looks = {watch.id: published.read(watch).problem for watch in there}
    return Watched(
        len(there), told, {name: problem for name, problem in looks.items() if problem}, pointer.version if pointer else None
    )
