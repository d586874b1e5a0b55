"""Restores a backup: it is unpacked and checked as a whole, then each part is moved to where the settings place it.

Nothing is overwritten: a place that is not empty is refused, or moved aside on request. The lake is moved last, so an
installation with a lake has all other parts. Nothing is executed or unpickled.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from steel_assets.adapters.backup_archive import BackupError
from steel_assets.adapters.lake.copying import copy_lake
from steel_assets.adapters.machine.disk import make_folder, remedy
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore
from steel_assets.adapters.warehouse.copying import copy_warehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.core.problem import Problem
from steel_assets.core.tables import WAREHOUSE_TABLES
from steel_assets.operations.backup import WAREHOUSE, Places, unpacked
from steel_assets.operations.dagster_files import FILE, InstanceFiles, instance_files


class NotEmpty(Problem):
    """An installation exists where the backup would go; nothing was changed."""


@dataclass(frozen=True)
class Restored:
    """The result of restoring.

    Attributes:
        made_at: when the backup was made.
        files: how many files were restored.
        aside: new names of what was there before.
        left_out: what the backup does not contain, from its manifest.
        signed_lake: whether it was made with STEEL_SIGNING_KEY set.
    """

    made_at: str
    files: int
    aside: tuple[Path, ...]
    left_out: tuple[str, ...]
    signed_lake: bool


def restore(
    store: ObjectStore,
    warehouse: Warehouse,
    places: Places,
    instance: InstanceFiles,
    path: Path,
    now: pd.Timestamp,
    *,
    simulated: bool,
    key: bytes | None = None,
    replace: bool = False,
) -> Restored:
    """Restore the backup at ``path`` to the places of this installation's settings.

    Args:
        simulated: whether the settings say that prices are simulated.
        key: what the backup was signed with; None if it was not.
        replace: move what is there aside, under its name and the time; a bucket or dataset that is not empty is refused.

    Raises:
        BackupError: the backup is incomplete or damaged, or does not fit the settings. Nothing was changed.
        NotEmpty: a place is not empty.
    """
    home = make_folder(places.home.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".steel-restore-", dir=home) as folder:
        found = Path(folder)
        whole = unpacked(path, found, key)
        _same_nature(whole.manifest.get("simulated"), simulated)
        if not instance.yaml.exists():
            instance = instance_files(
                instance.yaml.parent, found / "dagster" / FILE
            )  # the backup's dagster.yaml says where its folders go
        moves = list(_moves(store, warehouse, places, instance, found))
        taken = [target for source, target in moves if _filled(target)]
        if taken and not replace:
            raise NotEmpty(
                f"there is an installation here already: {', '.join(map(str, taken))}. Restore into another STEEL_HOME, or stop "
                "everything and pass --replace: what is there is kept under another name"
            )
        _refuse_filled_services(store, warehouse, places)
        aside = tuple(_set_aside(target, now) for target in taken)
        try:
            for source, target in moves:
                _move(source, target)
        except OSError as error:
            raise BackupError(f"not everything could be put back: {error}. {remedy(error)}, with --replace") from error
        if not isinstance(warehouse, DuckDBWarehouse) and (found / WAREHOUSE).exists():
            copy_warehouse(DuckDBWarehouse(found / WAREHOUSE), warehouse)
        if not isinstance(store, LocalFolder) and (found / "lake").exists():
            copy_lake(LocalFolder(found / "lake"), store)
    manifest = whole.manifest
    return Restored(str(manifest["made_at"]), len(whole.files), aside, tuple(manifest["left_out"]), bool(manifest["signed_lake"]))


def _moves(
    store: ObjectStore, warehouse: Warehouse, places: Places, instance: InstanceFiles, unpacked: Path
) -> Iterator[tuple[Path, Path]]:
    """What was unpacked and where it belongs: files and whole folders, the lake last."""
    targets: dict[str, Path] = dict(instance.folders())
    if isinstance(warehouse, DuckDBWarehouse):
        targets[WAREHOUSE] = warehouse.path
    targets |= {f"home/{path.name}": places.home / path.name for path in sorted((unpacked / "home").glob("*"))}
    if "://" not in places.drop:
        targets["drop"] = Path(places.drop)
    if (unpacked / "catalogue").exists():
        if places.catalogue is None:
            raise BackupError("the backup holds a catalogue of its own: make a folder for it and name it in STEEL_CATALOG_DIR")
        targets["catalogue"] = places.catalogue
    if not instance.yaml.exists():
        targets[f"dagster/{FILE}"] = instance.yaml
    if isinstance(store, LocalFolder):
        targets["lake"] = store.root
    for name, target in targets.items():
        if (unpacked / name).exists():
            yield unpacked / name, target.absolute()


def _same_nature(held: object, simulated: bool) -> None:
    """Refuse a backup with simulated data for an installation with real data, and the reverse."""
    if held is not None and held != simulated:
        kind, remedies = ("simulated", "sandbox") if held else ("real", "live (or files)")
        raise BackupError(f"the backup holds {kind} data: set STEEL_SOURCES={remedies} first")


def _filled(target: Path) -> bool:
    """Whether ``target`` is a file, or a folder with any content."""
    return any(target.iterdir()) if target.is_dir() else target.exists()


def _refuse_filled_services(store: ObjectStore, warehouse: Warehouse, places: Places) -> None:
    """Raise NotEmpty if a bucket or a dataset has content, since it cannot be renamed."""
    if not isinstance(store, LocalFolder) and next(store.list(""), None) is not None:
        raise NotEmpty(f"{places.lake} is not empty: name an empty place in STEEL_LAKE")
    if not isinstance(warehouse, DuckDBWarehouse) and any(warehouse.count(table) for table in WAREHOUSE_TABLES):
        raise NotEmpty(f"{warehouse.uri_of_database} is not empty: name another dataset in STEEL_WAREHOUSE")


def _move(source: Path, target: Path) -> None:
    """Move a file or a folder to a place that does not exist or is an empty folder (perhaps the root of a disk).

    Raises:
        OSError: it cannot be moved.
    """
    make_folder(target.parent)
    if target.is_dir():
        for part in source.iterdir():
            shutil.move(part, target / part.name)
    else:
        shutil.move(source, target)


def _set_aside(target: Path, now: pd.Timestamp) -> Path:
    """Rename what is at ``target``; return the new path beside it."""
    aside = target.with_name(f"{target.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    target.rename(aside)
    return aside
