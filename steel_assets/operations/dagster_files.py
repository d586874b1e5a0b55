"""Where the Dagster instance of this installation keeps its files, from its ``dagster.yaml`` alone: opening it would make them.

Known are the embedded storages: SQLite, artifacts and logs of steps in folders. What an instance keeps in Postgres is backed up
with Postgres' own means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from steel_assets.core.problem import Problem
from steel_assets.settings import dagster_home

FILE = "dagster.yaml"

OUR_STORAGE = {"module": "steel_assets.assets.dagster_storage", "class": "SqliteStorage"}
"""Dagster's SQLite files, written with fewer openings of them; what a ``dagster.yaml`` says to have it."""

FIRST = ("schedules.db", "runs.db", "index.db")
"""Dagster writes an event into its run's own file before it is in these, so they are copied before those files."""


class InstanceNotFound(Problem):
    """There is no Dagster instance to record runs in; the message says what to do."""


def instance_home() -> Path:
    """The folder of the instance: DAGSTER_HOME, else this one where ``dagster.yaml`` is. Raises InstanceNotFound."""
    named = dagster_home()
    if named is None and not Path(FILE).exists():
        raise InstanceNotFound(
            f"no {FILE} in this folder: run steel from the project's folder, or where `steel demo` or `steel dev` wrote one, "
            "or set DAGSTER_HOME"
        )
    return named or Path.cwd()


@dataclass(frozen=True)
class InstanceFiles:
    """Where an instance keeps what.

    Attributes:
        yaml: the file that describes it; may be missing, then everything is Dagster's default below ``home``.
        history: folder of runs and events, SQLite; None where they are in another database.
        schedules: folder of ticks and states of schedules and sensors, SQLite; None likewise.
        logs: folder of the logs of steps; None where they are elsewhere.
    """

    yaml: Path
    history: Path | None
    schedules: Path | None
    logs: Path | None

    @property
    def embedded(self) -> bool:
        """True when runs, events and ticks are in SQLite."""
        return self.history is not None

    def folders(self) -> dict[str, Path]:
        """What is kept in folders: the name of each in a backup, and where it is.

        A tick is copied before the run that it began: the other way round the tick would say that a run was begun which is not
        there, and that day would have none.
        """
        named = {"dagster/schedules": self.schedules, "dagster/history": self.history, "dagster/logs": self.logs}
        return {name: folder for name, folder in named.items() if folder is not None}

    def databases(self) -> Iterator[tuple[str, Path]]:
        """Each database that is there, by its name in a backup, in the order in which they are copied."""
        for name, folder in self.folders().items():
            for database in sorted(folder.rglob("*.db"), key=lambda file: (file.name not in FIRST, file)):
                yield f"{name}/{database.relative_to(folder).as_posix()}", database


def instance_files(home: Path, described: Path | None = None) -> InstanceFiles:
    """The files of the instance in ``home``: DAGSTER_HOME, or the folder of the project.

    Args:
        described: a ``dagster.yaml`` that will be in ``home``, where none is there yet.

    Raises:
        Problem: its ``dagster.yaml`` is none, or names a folder by way of the environment.
    """
    path = home / FILE
    source = path if path.exists() or described is None else described
    try:
        configuration = yaml.safe_load(source.read_text("utf-8")) if source.exists() else {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise Problem(f"{path} cannot be read: {error}") from error
    if not isinstance(configuration, Mapping):
        raise Problem(f"{path} is no description of a Dagster instance: it must be a mapping of YAML")
    sqlite, logs = _sqlite(configuration.get("storage")), configuration.get("compute_logs")
    base = _folder(home, path, sqlite.get("base_dir")) if sqlite is not None else None
    config = (logs or {}).get("config") or {}
    local = logs is None or logs.get("class") == "LocalComputeLogManager"
    return InstanceFiles(
        yaml=path,
        history=base / "history" if base else None,
        schedules=base / "schedules" if base else None,
        logs=_folder(home, path, config.get("base_dir"), "storage") if local else None,
    )


def _sqlite(storage: Any) -> Mapping[str, Any] | None:
    """How SQLite is described, by Dagster's own storage (also where nothing is said) or by ours; None for any other one."""
    if not storage:
        return {}
    custom = storage.get("custom") or {}
    if (custom.get("module"), custom.get("class")) == (OUR_STORAGE["module"], OUR_STORAGE["class"]):
        return custom.get("config") or {}
    return (storage["sqlite"] or {}) if "sqlite" in storage else None


def _folder(home: Path, path: Path, value: Any, default: str = ".") -> Path:
    if value is not None and not isinstance(value, str):
        raise Problem(f"{path}: base_dir must be a path written there, not {value!r}: what it names cannot be looked up here")
    return Path(value) if value else home / default  # Dagster takes a relative one from the folder it is started in
