"""A backup put back: unpacked and checked as a whole first, then each part is moved to where the settings say it belongs.

What is there is never overwritten: a place that is not empty is refused, or set aside under another name when asked. The lake
comes last, so an installation that has one has all the rest. Nothing is executed or unpickled.
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
    """There is an installation where the backup would go; nothing was changed."""


@dataclass(frozen=True)
class Restored:
    """What was put back.

    Attributes:
        made_at: when the backup was made.
        files: how many were put back.
        aside: what was there before, under its new name.
        left_out: what the backup does not hold, as it says itself.
        signed_lake: it was made where STEEL_SIGNING_KEY was set.
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
    """Put the backup at ``path`` where this installation's settings say.

    Args:
        simulated: whether the settings say that prices are simulated.
        key: what the backup was signed with; None: it was not.
        replace: set aside what is there, under its name and the moment; a bucket or dataset that is not empty is refused.

    Raises:
        BackupError: the backup is not whole, or does not fit the settings. Nothing was changed.
        NotEmpty: something is there.
    """
    home = make_folder(places.home.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".steel-restore-", dir=home) as folder:
        found = Path(folder)
        whole = unpacked(path, found, key)
        _same_nature(whole.manifest.get("simulated"), simulated)
        if not instance.yaml.exists():
            instance = instance_files(
                instance.yaml.parent, found / "dagster" / FILE
            )  # what the backup brings says where all goes
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
    """What was unpacked, and where it belongs: files and whole folders, the lake last."""
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
    """Simulated and real data never share a lake; an installation that would fill the other kind in is none."""
    if held is not None and held != simulated:
        kind, remedies = ("simulated", "sandbox") if held else ("real", "live (or files)")
        raise BackupError(f"the backup holds {kind} data: set STEEL_SOURCES={remedies} first")


def _filled(target: Path) -> bool:
    """Whether something is at ``target``: a file, or a folder with anything in it."""
    return any(target.iterdir()) if target.is_dir() else target.exists()


def _refuse_filled_services(store: ObjectStore, warehouse: Warehouse, places: Places) -> None:
    """Raises NotEmpty where a bucket or a dataset holds something: it cannot be set aside under another name."""
    if not isinstance(store, LocalFolder) and next(store.list(""), None) is not None:
        raise NotEmpty(f"{places.lake} is not empty: name an empty place in STEEL_LAKE")
    if not isinstance(warehouse, DuckDBWarehouse) and any(warehouse.count(table) for table in WAREHOUSE_TABLES):
        raise NotEmpty(f"{warehouse.uri_of_database} is not empty: name another dataset in STEEL_WAREHOUSE")


def _move(source: Path, target: Path) -> None:
    """Move a file or a folder to where nothing is, or an empty folder, which may be the root of a disk. Raises OSError."""
    make_folder(target.parent)
    if target.is_dir():
        for part in source.iterdir():
            shutil.move(part, target / part.name)
    else:
        shutil.move(source, target)


def _set_aside(target: Path, now: pd.Timestamp) -> Path:
    """Give what is at ``target`` another name beside it; the name."""
    aside = target.with_name(f"{target.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    target.rename(aside)
    return aside
