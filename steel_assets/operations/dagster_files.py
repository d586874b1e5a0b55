"""The files of this installation's Dagster instance, found from ``dagster.yaml`` alone: opening the instance would create them.

Only embedded storages are covered: SQLite, and folders of artifacts and step logs. An instance in Postgres is backed up with
Postgres' own tools.
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
"""The entry of ``dagster.yaml`` that selects our variant of Dagster's SQLite storage, which opens its files less often."""

FIRST = ("schedules.db", "runs.db", "index.db")
"""Copied before the runs' own files, because Dagster writes an event into the run's file first."""


class InstanceNotFound(Problem):
    """There is no Dagster instance to record runs in; the message says what to do."""


def instance_home() -> Path:
    """The folder of the instance: DAGSTER_HOME, else the current folder if it has a ``dagster.yaml``.

    Raises:
        InstanceNotFound: there is neither.
    """
    named = dagster_home()
    if named is None and not Path(FILE).exists():
        raise InstanceNotFound(
            f"no {FILE} in this folder: run steel from the project's folder, or where `steel demo` or `steel dev` wrote one, "
            "or set DAGSTER_HOME"
        )
    return named or Path.cwd()


@dataclass(frozen=True)
class InstanceFiles:
    """Where an instance keeps its files.

    Attributes:
        yaml: the file that describes it; without it everything is at Dagster's default places below ``home``.
        history: folder of runs and events, SQLite; None if they are in another database.
        schedules: folder of ticks and states of schedules and sensors, SQLite; None likewise.
        logs: folder of the step logs; None if they are elsewhere.
    """

    yaml: Path
    history: Path | None
    schedules: Path | None
    logs: Path | None

    @property
    def embedded(self) -> bool:
        """Whether runs, events and ticks are in SQLite."""
        return self.history is not None

    def folders(self) -> dict[str, Path]:
        """The instance's folders by their names in a backup, in the order of copying.

        A tick is copied before the run that it started. Otherwise the tick could name a run that is missing, and that day would
        get none.
        """
        named = {"dagster/schedules": self.schedules, "dagster/history": self.history, "dagster/logs": self.logs}
        return {name: folder for name, folder in named.items() if folder is not None}

    def databases(self) -> Iterator[tuple[str, Path]]:
        """Each existing database by its name in a backup, in the order of copying."""
        for name, folder in self.folders().items():
            for database in sorted(folder.rglob("*.db"), key=lambda file: (file.name not in FIRST, file)):
                yield f"{name}/{database.relative_to(folder).as_posix()}", database


def instance_files(home: Path, described: Path | None = None) -> InstanceFiles:
    """The files of the instance in ``home``: DAGSTER_HOME, or the project's folder.

    Args:
        described: a ``dagster.yaml`` that will be put into ``home``, which has none yet.

    Raises:
        Problem: ``dagster.yaml`` is not valid, or names a folder through an environment variable.
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
    """The configuration of SQLite storage, Dagster's (the default) or ours; None for any other storage."""
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
