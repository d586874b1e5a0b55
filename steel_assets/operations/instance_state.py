"""The Dagster instance of a job that lives in one process: taken up from the lake, put back into it.

Kept under ``state/instance/`` are the instance's SQLite databases (runs, events, ticks) and the ledgers of the providers' calls,
whose 24 hours do not end with a machine. Between them an instance is in a folder that is thrown away.
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
        kept: what was taken up, or put back last; None before the first.
        stamps: of each file at that moment: what has the same is not sent again.
    """

    files: KeptFiles
    folder: Path
    home: Path
    kept: FileSet | None = None
    stamps: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def put_back(self, now: pd.Timestamp, check: Callable[[], None]) -> FileSet:
        """Put the instance as it is now in the place of what was taken up; nothing may run in it meanwhile.

        Args:
            check: raises where the lease is another's by now; called before anything, and before each deletion.

        Raises:
            FilesReplaced: another process has put something there meanwhile.
            SqliteError, ObjectStoreError: what is there stays in force.
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
    """Where the instance is kept between its lives."""
    return KeptFiles(store, PREFIX, signing_key)


def restored_instance(
    files: KeptFiles, home: Path, folder: Path, *, anew: bool = False, json_logs: bool = False
) -> InstanceState:
    """What is kept, in an empty ``folder`` of this machine, with a ``dagster.yaml``; a new instance where nothing is kept.

    A ledger that is on this machine already stays.

    Args:
        files: what is kept, as ``kept_files`` finds it.
        home: STEEL_HOME, which has the ledgers of calls.
        anew: begin with a new instance in any case; what names the one that is kept is set aside.
        json_logs: what runs log is JSON.

    Raises:
        FilesDamaged: what is kept is damaged; nothing was changed.
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
    """An instance in ``folder``, as its new ``dagster.yaml`` says: SQLite, nothing tried again, output where it comes out.

    Args:
        json_logs: what runs log is JSON.
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
    """Another one after every change of a database; None while it still has a log beside it."""
    log, about = path.with_name(f"{path.name}-wal"), path.stat()
    return None if log.exists() and log.stat().st_size > 0 else (about.st_mtime_ns, about.st_size)


def _fetch(files: KeptFiles, found: FileSet, instance: InstanceFiles, home: Path) -> None:
    """Put the files of ``found`` where they belong, when all of them are there and whole."""
    targets = _targets(instance, home, found)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=instance.yaml.parent) as fetched:
        files.fetch(found, Path(fetched))
        for name, target in targets.items():
            make_folder(target.parent)
            if not name.startswith(QUOTA):
                (Path(fetched) / name).replace(target)
            elif not target.exists():
                write_private(target, (Path(fetched) / name).read_bytes())


def _targets(instance: InstanceFiles, home: Path, found: FileSet) -> dict[str, Path]:
    """Where each file of ``found`` belongs. Raises FilesDamaged for a name that belongs nowhere."""
    places: Mapping[str, Path] = {**instance.folders(), QUOTA: home / "quota"}
    targets = {}
    for name in found.files:
        place = next((place for place in places if name.startswith(f"{place}/")), None)
        if place is None:
            raise FilesDamaged(f"what is kept of the instance holds {name!r}, which belongs nowhere: it is of another release")
        targets[name] = places[place] / name.removeprefix(f"{place}/")
    return targets
