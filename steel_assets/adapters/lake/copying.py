"""Copies a lake from one object store to another, for example from a laptop to a bucket, while the platform runs.

Each object is compared by checksum, copied if it differs, and compared again. Equal objects are skipped, so an interrupted copy
continues, and a second copy adds what is new. Pointers to models are read first and written last: what they point to existed
before they were read, so a copied pointer never names a version that is missing. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from steel_assets.adapters.lake.lake import MARK, Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore, md5_of
from steel_assets.core.problem import Problem

Outcome = Literal["copied", "already there", "vanished"]

WORKERS = 8
PRODUCTION = "models/production/"
POINTER = "/pointer.json"
APPEND_ONLY = "raw-data/"
SHOWN = 5


class CopyRefused(Problem):
    """The copy would overwrite something; the message says what. Nothing was written."""


@dataclass(frozen=True)
class LakeCopied:
    """The result of a copy.

    Attributes:
        kept: objects that exist only at the destination; they are kept.
        vanished: objects that the source deleted during the copy.
    """

    copied: int
    already_there: int
    vanished: int
    kept: int
    bytes_copied: int


@dataclass(frozen=True)
class _Step:
    outcome: Outcome
    bytes: int = 0


def copy_lake(
    source: ObjectStore,
    destination: ObjectStore,
    *,
    replace: bool = False,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> LakeCopied:
    """Copy all objects of ``source`` to ``destination``.

    Args:
        replace: overwrite objects of the destination that differ, as a second copy needs after more work; raw observations never
            change, so one that differs is refused even then.
        on_step: called with the number of objects done, and of all.

    Raises:
        CopyRefused: one lake is simulated and the other is not, or an object of the destination differs.
    """
    _same_nature(source, destination)
    pointers = {key: source.get(key) for key in source.list(PRODUCTION) if key.endswith(POINTER)}
    objects = sorted((key for key in source.list("") if not key.endswith(POINTER)), key=lambda key: (key != MARK, key))
    keys = [*objects, *sorted(pointers)]
    if not keys:
        raise CopyRefused(
            f"{source.uri(MARK)} does not exist, and there is nothing else; name the folder or bucket with the lake"
        )
    there = set(destination.list(""))
    with ThreadPoolExecutor(WORKERS) as pool:

        def differs(key: str) -> bool:
            return key in there and _differs(source, destination, key, pointers.get(key))

        differing = {key for key, found in zip(keys, pool.map(differs, keys), strict=True) if found}
        _refuse_losses(destination, differing, replace=replace)
        steps = [_Step("already there") for key in keys if key in there and key not in differing]
        for wave in (objects, sorted(pointers)):
            todo = [key for key in wave if key not in there or key in differing]
            for step in pool.map(lambda key: _copied(source, destination, key, pointers.get(key)), todo):
                steps.append(step)
                on_step(len(steps), len(keys))
    on_step(len(keys), len(keys))
    outcomes = [step.outcome for step in steps]
    return LakeCopied(
        copied=outcomes.count("copied"),
        already_there=outcomes.count("already there"),
        vanished=outcomes.count("vanished"),
        kept=len(there - set(keys)),
        bytes_copied=sum(step.bytes for step in steps),
    )


def _same_nature(source: ObjectStore, destination: ObjectStore) -> None:
    natures = Lake(source).simulated, Lake(destination).simulated
    if None not in natures and natures[0] != natures[1]:
        kinds = {True: "simulated", False: "real"}
        raise CopyRefused(
            f"simulated and real data never share a lake: {source.uri('raw-data')} holds {kinds[bool(natures[0])]} data, "
            f"{destination.uri('raw-data')} holds {kinds[bool(natures[1])]} data. Name another destination"
        )


def _differs(source: ObjectStore, destination: ObjectStore, key: str, content: bytes | None) -> bool:
    try:
        return (source.checksum(key) if content is None else md5_of(content)) != destination.checksum(key)
    except ObjectNotFound:
        return False


def _refuse_losses(destination: ObjectStore, differing: Iterable[str], *, replace: bool) -> None:
    lost = sorted(key for key in differing if not replace or key.startswith(APPEND_ONLY))
    if lost:
        shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")
        never = "Raw observations never change: one of the two is damaged, compare them."
        remedy = never if replace else "Is the direction right? Pass --replace to overwrite them with the source's."
        raise CopyRefused(f"{len(lost)} objects at {destination.uri('raw-data')} differ from the source's: {shown}. {remedy}")


def _copied(source: ObjectStore, destination: ObjectStore, key: str, content: bytes | None) -> _Step:
    if content is None:
        try:
            content = source.get(key)
        except ObjectNotFound:
            return _Step("vanished")
    destination.put(key, content)
    if destination.checksum(key) != md5_of(content):
        raise CopyRefused(
            f"{destination.uri(key)} differs from what was written, because another program writes to it. Run the copy again"
        )
    return _Step("copied", len(content))
