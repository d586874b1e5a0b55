"""A backup: everything another machine needs to serve and continue. It may be written while everything runs.

It contains the Dagster instance (if in SQLite), the warehouse, the lake with the alert state, the API keys as salted hashes, the
ledgers of the providers' calls, the drop folder, and the user's catalogue. It never contains what the environment or ``.env``
says (providers' keys, passwords, signing keys), nor caches, which refill themselves.

Parts are copied in an order that leaves a state like one after a power cut, from which everything recovers (docs/operations.md):
first what Dagster recorded, then the tables, then pointers, then all other objects. A part copied later may contain more than an
earlier one, never less; an object existed before the pointer that names it was read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from steel_assets import __version__
from steel_assets.adapters.backup_archive import Archive, ArchiveWriter, BackupError, is_name, new_archive, read_archive
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.snapshots import POINTER, SnapshotDamaged, SnapshotStore
from steel_assets.adapters.machine.disk import make_folder
from steel_assets.adapters.machine.sqlite_snapshot import snapshot
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectNotFound, ObjectStore
from steel_assets.adapters.warehouse.copying import copy_warehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse, Warehouse
from steel_assets.core.problem import Problem
from steel_assets.core.tables import WAREHOUSE_TABLES
from steel_assets.operations.dagster_files import FILE, InstanceFiles

WAREHOUSE = "warehouse.duckdb"
HOME_FILES = ("serving/keys.json", "serving/.keys-were-made", "quota/*.json", "alerts.log")
"""Files of STEEL_HOME outside lake and warehouse that could not be recreated."""

PRODUCTION = "models/production/"
POINTERS = ("/pointer.json", "/pointer.copy.json")
ATTEMPTS = 5


@dataclass(frozen=True)
class Places:
    """Where the settings place everything outside the warehouse.

    Attributes:
        home: STEEL_HOME.
        lake: address of the lake: a folder, or a bucket with ``://`` in it.
        drop: address of the drop folder, likewise.
        catalogue: the folder of the user's catalogue; None without one.
    """

    home: Path
    lake: str
    drop: str
    catalogue: Path | None


@dataclass(frozen=True)
class Made:
    """The content of a backup.

    Attributes:
        files, bytes: number of files and their size before compression.
        left_out: what is not in it, and why.
    """

    path: Path
    files: int
    bytes: int
    archive_bytes: int
    left_out: tuple[str, ...]


def create(
    lake: Lake,
    warehouse: Warehouse,
    places: Places,
    instance: InstanceFiles,
    path: Path,
    now: pd.Timestamp,
    *,
    key: bytes | None = None,
) -> Made:
    """Write a backup to ``path``; the file appears there only after it was read back and checked.

    Args:
        key: signing key of models and publications, which signs the backup too; None to leave it unsigned.

    Raises:
        BackupError: ``path`` exists, or cannot be written.
        SqliteError, WarehouseError, ObjectStoreError: a part cannot be read.
    """
    left_out: list[str] = []

    def manifest() -> dict[str, object]:
        return {
            "made_at": now.isoformat(),
            "release": __version__,
            "simulated": bool(lake.simulated) if lake.simulated is not None else None,
            "signed_lake": key is not None,
            "left_out": left_out,
        }

    scratches = tempfile.TemporaryDirectory(prefix=".steel-backup-", dir=make_folder(path.absolute().parent))
    with scratches as scratch, new_archive(path, manifest, key) as archive:
        left_out += _dagster(archive, instance, Path(scratch))
        _warehouse(archive, warehouse, Path(scratch))
        _lake(archive, lake.store, SnapshotStore(lake.store, key))
        left_out += _home(archive, places)
    whole = read_archive(path, key=key)
    return Made(path, len(whole.files), sum(whole.files.values()), path.stat().st_size, tuple(left_out))


def verify(path: Path, key: bytes | None) -> Archive:
    """Check every byte of a backup, that it contains what its pointers name, and that its databases open.

    Raises:
        BackupError: it is incomplete or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="steel-verify-") as folder:
        return unpacked(path, Path(folder), key)


def unpacked(path: Path, folder: Path, key: bytes | None) -> Archive:
    """Unpack a backup into an empty folder and check it as ``verify`` does.

    Raises:
        BackupError: it is incomplete or damaged.
    """
    whole, pointer = read_archive(path, folder, key), None
    try:
        for database in sorted(folder.glob("dagster/**/*.db")):
            snapshot(database, folder / "checked.db")
            (folder / "checked.db").unlink()
            for trace in ("-wal", "-shm"):  # what reading a database leaves beside it; it holds nothing
                database.with_name(database.name + trace).unlink(missing_ok=True)
        if (folder / WAREHOUSE).exists():
            warehouse = DuckDBWarehouse(folder / WAREHOUSE)
            for table in WAREHOUSE_TABLES:
                if not warehouse.lacking(table):  # asking an older table for its rows would give it the columns it lacks
                    warehouse.count(table)
        snapshots = SnapshotStore(LocalFolder(folder / "lake"), key)
        with suppress(SnapshotDamaged):  # it was so when it was backed up, or is of another release: its reader reports it
            pointer = snapshots.pointer()
        if pointer is not None:
            snapshots.content(pointer)
    except Problem as error:
        raise BackupError(f"{path}: {error}. Take another one") from error
    return whole


def _dagster(archive: ArchiveWriter, instance: InstanceFiles, scratch: Path) -> list[str]:
    """Add the instance: databases by SQLite's backup, step logs up to their present length."""
    if not instance.embedded:
        return ["runs, events and ticks of Dagster: they are not in SQLite; back Postgres up with pg_dump"]
    archive.add_file(f"dagster/{FILE}", instance.yaml)
    for name, database in instance.databases():
        copy = scratch / "copy.db"
        copy.unlink(missing_ok=True)
        if snapshot(database, copy):
            archive.add_file(name, copy)
    logs = instance.logs
    for key in sorted(logs.rglob("compute_logs/*")) if logs else ():
        if key.is_file():
            archive.add_file(f"dagster/logs/{key.relative_to(logs or key).as_posix()}", key)
    return [] if logs else ["logs of steps: they are not in a folder of this machine"]


def _warehouse(archive: ArchiveWriter, warehouse: Warehouse, scratch: Path) -> None:
    """Add every table: as of one moment if the warehouse is a file, one after the other if it is BigQuery."""
    copy = scratch / WAREHOUSE
    if isinstance(warehouse, DuckDBWarehouse):
        warehouse.snapshot(copy)
    elif any(warehouse.count(table) for table in WAREHOUSE_TABLES):
        copy_warehouse(warehouse, DuckDBWarehouse(copy))
    archive.add_file(WAREHOUSE, copy)


def _lake(archive: ArchiveWriter, store: ObjectStore, snapshots: SnapshotStore) -> None:
    """Add every object: pointers first, with the published snapshot, since older snapshots may be deleted meanwhile."""
    pointed = {key: store.get(key) for key in store.list(PRODUCTION) if key.endswith(POINTERS)} | _published(store, snapshots)
    for key, content in pointed.items():
        archive.add(f"lake/{key}", content)
    for key in store.list(""):
        if key not in pointed and not (key.startswith(PRODUCTION) and key.endswith(POINTERS)):
            try:
                content = store.get(key)
            except ObjectNotFound:
                continue  # deleted since it was listed
            archive.add(f"lake/{key}", content)


def _published(store: ObjectStore, snapshots: SnapshotStore) -> dict[str, bytes]:
    """The pointer to the published snapshot and the objects that it names; empty if nothing is published."""
    for _ in range(ATTEMPTS):
        try:
            before = store.get(POINTER)
        except ObjectNotFound:
            return {}
        try:
            pointer = snapshots.pointer()
            content = store.get(pointer.key) if pointer else None
        except SnapshotDamaged:
            return {POINTER: before}  # unchanged: its reader reports the damage
        except ObjectNotFound:
            continue
        if pointer and content and store.get(POINTER) == before:
            return {POINTER: before, pointer.key: content}
    raise BackupError("another publication came in force each time one was read: run the backup again")


def _home(archive: ArchiveWriter, places: Places) -> list[str]:
    """Add keys and ledgers, dropped files, and the user's catalogue."""
    for pattern in HOME_FILES:
        for path in sorted(places.home.glob(pattern)):
            archive.add_file(f"home/{path.relative_to(places.home).as_posix()}", path)
    left_out = []
    if "://" in places.drop:
        left_out.append(f"the drop folder {places.drop}: it is a bucket of its own")
    folders = {"drop": Path(places.drop)} if "://" not in places.drop else {}
    if places.catalogue is not None:
        folders["catalogue"] = places.catalogue
    for name, folder in folders.items():
        for path in _regular(folder):
            inside = f"{name}/{path.relative_to(folder).as_posix()}"
            if is_name(inside):
                archive.add_file(inside, path)
            else:
                left_out.append(f"{inside!r}: its name has a character that no archive takes")
    return left_out


def _regular(folder: Path) -> Iterator[Path]:
    """Regular files below ``folder``, without links."""
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
