"""Loads the Dagster instance of a job in one process from the lake, and stores it there again.

``state/instance/`` holds the instance's SQLite databases (runs, events, ticks) and the ledgers of the providers' calls, whose 24
hours outlast a machine. While a job runs, the instance is in a temporary folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import yaml

from steel_assets import __version__
from steel_assets.adapters.machine.disk import make_folder, write_private
from steel_assets.adapters.machine.logs import CONFIG
from steel_assets.adapters.machine.sqlite_snapshot import snapshot
from steel_assets.adapters.objects.kept_files import Content, FilesDamaged, FileSet, KeptFiles
from steel_assets.adapters.objects.object_store import ObjectStore, ObjectStoreError
from steel_assets.operations.dagster_files import FILE, OUR_STORAGE, InstanceFiles, instance_files

PREFIX = "state/instance/"
LEASE = f"{PREFIX}lease.json"
REMEDY = (
    "Put a former version of the object back (the bucket keeps them for three days), or begin with an empty history of runs: "
    "steel run JOB --anew. Prices, models and forecasts are not in it"
)
LEDGERS, QUOTA = "quota/*.json", "home/quota"


@dataclass
class InstanceState:
    """The instance of one job in a folder of this machine.

    Attributes:
        folder: of the instance, with its ``dagster.yaml``.
        home: STEEL_HOME, where the ledgers belong.
        kept: what was loaded or stored last; None before the first.
        stamps: a stamp of each file at that time; a file with the same stamp is not uploaded again.
    """

    files: KeptFiles
    folder: Path
    home: Path
    kept: FileSet | None = None
    stamps: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def put_back(self, now: pd.Timestamp, check: Callable[[], None]) -> FileSet:
        """Store the present instance in place of the loaded one; nothing may run in it meanwhile.

        Raises:
            FilesReplaced: another process stored an instance meanwhile.
            SqliteError, ObjectStoreError: the stored instance is unchanged.
        """
        check()
        instance, known = instance_files(self.folder), self.kept.files if self.kept else {}
        with tempfile.TemporaryDirectory(prefix="steel-copies-") as scratch:
            wanted: dict[str, Path | Content] = {}
            stamps = {}
            for number, (name, database) in enumerate(instance.databases()):
                stamps[name] = stamp(database)
                if name in known and stamps[name] is not None and self.stamps.get(name) == stamps[name]:
                    wanted[name] = known[name]
                elif snapshot(database, copy := Path(scratch) / f"{number}.db"):
                    wanted[name] = copy
            for path in sorted(self.home.glob(LEDGERS)):
                wanted[f"home/{path.relative_to(self.home).as_posix()}"] = path
            former, self.kept = self.kept, self.files.replace(wanted, self.kept, now, __version__)
        self.stamps = stamps
        with suppress(ObjectStoreError):  # what is superfluous is deleted the next time
            self.files.prune(*(file_set for file_set in (former, self.kept) if file_set is not None), check=check)
        return self.kept


def kept_files(store: ObjectStore, signing_key: bytes | None) -> KeptFiles:
    """The place in the lake where the instance is stored between jobs."""
    return KeptFiles(store, PREFIX, signing_key)


def restored_instance(
    files: KeptFiles, home: Path, folder: Path, *, anew: bool = False, json_logs: bool = False
) -> InstanceState:
    """The stored instance in an empty ``folder``, with a ``dagster.yaml``; a new one if none is stored.

    A ledger of calls that exists on this machine is kept.

    Args:
        files: the stored files, from ``kept_files``.
        home: STEEL_HOME, which has the ledgers of calls.
        anew: start with a new instance in any case; the pointer to the stored one is moved aside.
        json_logs: runs log JSON.

    Raises:
        FilesDamaged: the stored instance is damaged; nothing was changed.
        ObjectStoreError: the lake cannot be read.
    """
    instance = described(folder, json_logs=json_logs)
    try:
        found = files.empty("given up by steel run --anew") if anew else files.current()
        if found is not None and found.files:
            _fetch(files, found, instance, home)
    except FilesDamaged as error:
        raise FilesDamaged(f"{error}. {REMEDY}") from error
    stamps = {name: stamp(path) for name, path in instance.databases()}
    return InstanceState(files, folder, home, found, stamps)


def described(folder: Path, *, json_logs: bool = False) -> InstanceFiles:
    """An instance in ``folder`` with a new ``dagster.yaml``: SQLite, no retries, output to this process's own.

    Args:
        json_logs: runs log JSON.
    """
    configuration = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "storage": {"custom": {**OUR_STORAGE, "config": {"base_dir": str(folder)}}},
        "compute_logs": {"module": "steel_assets.assets.dagster_internals", "class": "NoOpComputeLogManager"},
        "run_retries": {"enabled": False},
    } | ({"python_logs": {"dagster_handler_config": CONFIG}} if json_logs else {})
    write_private(make_folder(folder) / FILE, yaml.safe_dump(configuration).encode())
    return instance_files(folder)


def stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a database file, which change with its content; None while it has a write-ahead log."""
    log, about = path.with_name(f"{path.name}-wal"), path.stat()
    return None if log.exists() and log.stat().st_size > 0 else (about.st_mtime_ns, about.st_size)


def _fetch(files: KeptFiles, stored: FileSet, instance: InstanceFiles, home: Path) -> None:
    """Put the files of ``stored`` in their places, after all of them were stored complete."""
    targets = _targets(instance, home, stored)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=instance.yaml.parent) as fetched:
        files.fetch(stored, Path(fetched))
        for name, target in targets.items():
            make_folder(target.parent)
            if not name.startswith(QUOTA):
                (Path(fetched) / name).replace(target)
            elif not target.exists():
                write_private(target, (Path(fetched) / name).read_bytes())


def _targets(instance: InstanceFiles, home: Path, files: FileSet) -> dict[str, Path]:
    """The place of each file of ``files``.

    Raises:
        FilesDamaged: a name has no place.
    """
    places: Mapping[str, Path] = {**instance.folders(), QUOTA: home / "quota"}
    targets = {}
    for name in files.files:
        place = next((place for place in places if name.startswith(f"{place}/")), None)
        if place is None:
            raise FilesDamaged(f"what is kept of the instance holds {name!r}, which belongs nowhere: it is of another release")
        targets[name] = places[place] / name.removeprefix(f"{place}/")
    return targets
