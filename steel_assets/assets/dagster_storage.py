"""Dagster's SQLite storage with open connections, without repeated content in events, and compressed.

For each of the one to four writes per event, Dagster opens a connection, compiles its statements, commits, and on closing moves
SQLite's write-ahead log into the database: more than a quarter of the time of a run, training apart. Here the connections of a
run that is being written stay open until the run ends and are closed then, so that between runs the files are as Dagster leaves
them. Each event is still committed on its own, with the same durability.

A stored event leaves out what the same event or run says elsewhere, and its text is compressed (``event_text.py``). Logs that
Dagster's own storage or an earlier release wrote uncompressed can be read beside compressed ones. Before going back to those,
``steel upgrade --plain-events`` rewrites everything uncompressed. ``dagster.yaml`` names this class; everything works with
``storage: {sqlite: …}`` as well.

The file of a run that has ended is packed some time later (``pack``, called by the sensor ``old_runs``; ``packed_run.py``). It
can be read as before, and is unpacked if something is still written to it. The index omits some of Dagster's indices
(``SPARED``), and stores the event of a check's evaluation once (``CheckText``).
"""

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any, ClassVar, Self

import alembic.command
import dagster as dg
import dagster._core.storage.sql
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.execution.plan.outputs import StepOutputData
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from filelock import FileLock
from sqlalchemy import Dialect, Index, Text, TypeDecorator, func, select
from sqlalchemy.engine import Connection, Engine, create_engine
from sqlalchemy.event import listen
from sqlalchemy.pool import NullPool, Pool, StaticPool

from steel_assets.assets.event_text import CHECKS, COLUMNS, FILL_CHECKS, SPARED, compressed, expanded
from steel_assets.assets.packed_run import is_packed, opened, pack, unpack, unpack_at

log = logging.getLogger(__name__)

BEGUN = frozenset(
    {
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        dg.DagsterEventType.RUN_START,
    }
)
"""With these a process begins to write a run, and more will follow."""

LEFT = frozenset(
    {
        dg.DagsterEventType.RUN_ENQUEUED,
        dg.DagsterEventType.RUN_STARTING,
        dg.DagsterEventType.RUN_SUCCESS,
        dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterEventType.RUN_CANCELED,
    }
)
"""After these a process writes no more of a run: it has ended, or another process executes it."""

LONGEST_OPENING_SECONDS = 120.0
"""For which a process waits while another one makes the databases of an instance."""

PAGE_BYTES = 1024
"""Of the file of a run. Dagster makes two dozen tables and indices in each; most hold nothing, and each takes a page."""

COMPRESSES = "compresses_events"
"""Marks the dialect of connections over which the text of events is stored compressed."""


FIND_EVENTS = tuple(SqlEventLogStorageMetadata.tables["event_logs"].indexes)
"""Indices of events. The file of a run has none: it holds a few hundred rows, nearly all of which are read whenever one is."""

UNHELD_CHECKS = """
DELETE FROM asset_check_executions
WHERE run_id NOT IN (SELECT run_id FROM event_logs WHERE run_id IS NOT NULL)
AND id NOT IN (SELECT max(id) FROM asset_check_executions GROUP BY asset_key, check_name)
"""
"""Dagster deletes a run with its events, but not what the index says of its checks. What a check said last stays."""


class EventText(TypeDecorator[str]):
    """The column of an event's text: reads plain and compressed text, writes compressed on connections of ``EventLog`` only."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """The value to store."""
        return compressed(value) if value is not None and getattr(dialect, COMPRESSES, False) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """The text of a stored value."""
        return None if value is None else expanded(value)


class CheckText(EventText):
    """A column with the text of an event that is a row of its own in the same file: not stored again, and read from there."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """What is stored: nothing over the connections of ``EventLog``."""
        return None if getattr(dialect, COMPRESSES, False) else value

    def column_expression(self, column: Any) -> Any:
        """The text, here or in its own row."""
        events, checks = SqlEventLogStorageMetadata.tables["event_logs"], column.table
        own = select(events.c.event).where(events.c.id == checks.c.evaluation_event_storage_id)
        return func.coalesce(column, own.correlate(checks).scalar_subquery(), type_=EventText())


for table, column in COLUMNS:
    SqlEventLogStorageMetadata.tables[table].columns[column].type = CheckText() if table == CHECKS else EventText()


class Migrations(ScriptDirectory):
    """Dagster's migrations, read once in a process.

    Dagster reads their ninety files anew for each of the three databases of an instance, and twice for the file of each run.

    Attributes:
        known: what was read, by folder.
    """

    known: ClassVar[dict[str | None, ScriptDirectory]] = {}

    @classmethod
    def from_config(cls, config: Config) -> ScriptDirectory:
        """The migrations of the folder that ``config`` names."""
        folder = config.get_main_option("script_location")
        if folder not in cls.known:
            cls.known[folder] = super().from_config(config)
        return cls.known[folder]


alembic.command.ScriptDirectory = Migrations  # type: ignore[attr-defined]
dagster._core.storage.sql.ScriptDirectory = Migrations  # type: ignore[attr-defined]


class EventLog(SqliteEventLogStorage):
    """The event log of an instance in SQLite files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._written: str | None = None
        self._kept: dict[str, Engine] = {}
        self._there: set[str] = set()
        self._changing = local()
        super().__init__(base_dir, inst_data)

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event; the files of its run stay open until the run has ended."""
        if event.dagster_event_type in BEGUN and self._written != event.run_id:
            self._close()
            self._written = event.run_id
        with self._to_change():
            super().store_event(event)
        if event.dagster_event_type in LEFT:
            self._close()

    def dispose(self) -> None:
        """Close all open connections."""
        self._close()
        super().dispose()

    def delete_events(self, run_id: str) -> None:
        """Delete the events of a run, except what each check said last."""
        with self.index_connection() as connection:
            connection.exec_driver_sql(f"{FILL_CHECKS} AND run_id = ?", (run_id,))
        with self._to_change():
            super().delete_events(run_id)

    def pack(self, run_ids: Iterable[str], go_on: Callable[[], bool]) -> int:
        """Make the files of runs that have ended small, and the index of all runs; how many files were packed.

        Args:
            run_ids: runs into whose files nobody writes any more.
            go_on: asked between files; where it says no, the rest is left.
        """
        with self.index_connection() as connection:
            for index in _indices():
                if index.name in SPARED:
                    index.drop(connection, checkfirst=True)
            connection.exec_driver_sql(UNHELD_CHECKS)
        count = 0
        for run_id in run_ids:
            path = Path(self.path_for_shard(run_id))
            if not go_on():
                break
            try:
                count += path.exists() and not is_packed(path) and pack(path)
            except (sqlite3.Error, zlib.error) as error:  # it costs itself only
                log.warning("the events in %s cannot be packed and are left as they are: %s", path, error)
        return count

    def unpacked(self) -> list[str]:
        """Runs whose files are not packed."""
        return [run_id for run_id in self.get_all_run_ids() if not is_packed(Path(self.path_for_shard(run_id)))]

    def upgrade(self) -> None:
        """Bring the files to the schema of this Dagster, after making every index that its migrations expect."""
        for run_id in self.get_all_run_ids():
            unpack_at(Path(self.path_for_shard(run_id)))
            with self._connect(run_id) as connection:
                for index in FIND_EVENTS:
                    index.create(connection, checkfirst=True)
        with self.index_connection() as connection:
            for index in _indices():
                index.create(connection, checkfirst=True)
        super().upgrade()

    def has_table(self, table_name: str) -> bool:
        """Whether a table exists, with a memory: Dagster asks for each event with a tag, and a table once made stays."""
        return self._is_there(table_name, lambda: super(EventLog, self).has_table(table_name))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        known = super()._has_asset_key_col_on_connection
        return self._is_there(f"asset_keys.{column_name}", lambda: known(conn, column_name))

    def _is_there(self, name: str, look: Callable[[], bool]) -> bool:
        if name not in self._there and look():
            self._there.add(name)
        return name in self._there

    def _event_to_row(self, event: dg.EventLogEntry) -> dict[str, Any]:
        return super()._event_to_row(brief(event))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A transaction on one file; over an open connection where it is the index or the run that is being written."""
        with self._db_lock:
            keep = self._written is not None and shard in (self._written, INDEX_SHARD_NAME)
            engine = self._kept.get(shard) or self._opened(shard, StaticPool if keep else NullPool)
            if keep:
                self._kept[shard] = engine
            try:
                with engine.connect() as connection, connection.begin():
                    if keep or shard == INDEX_SHARD_NAME:
                        yield connection
                    else:
                        with self._whole(connection) as whole:
                            yield whole
            finally:
                if not keep:
                    engine.dispose()

    @contextmanager
    def _whole(self, connection: Connection) -> Iterator[Connection]:
        """The connection to the file of a run; if it is packed, one to its content, or to the file after unpacking it.

        Checking and reading are one transaction, so that no process packs the file in between.
        """
        changing = getattr(self._changing, "now", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if changing else "BEGIN")
        file = connection.connection.dbapi_connection
        if not isinstance(file, sqlite3.Connection):
            raise TypeError(f"no connection of sqlite3: {type(file)}")
        if changing:
            unpack(file)
            yield connection
            return
        with opened(file) as memory:
            if memory is None:
                yield connection
                return
            engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
            with engine.connect() as held:
                yield held

    @contextmanager
    def _to_change(self) -> Iterator[None]:
        """Inside, this thread writes into the files of runs that it opens."""
        self._changing.now = True
        try:
            yield
        finally:
            self._changing.now = False

    def _opened(self, shard: str, pool: type[Pool]) -> Engine:
        address, waiting = self.conn_string_for_shard(shard), {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        if shard not in self._initialized_dbs:
            new = not Path(self.path_for_shard(shard)).exists()
            beginning = create_engine(address, poolclass=NullPool, connect_args=waiting)
            listen(beginning, "connect", _small_pages)
            self._initdb(beginning)
            if new and shard != INDEX_SHARD_NAME:
                with beginning.begin() as connection:
                    for index in FIND_EVENTS:
                        index.drop(connection, checkfirst=True)
            beginning.dispose()
            self._initialized_dbs.add(shard)
        engine = create_engine(address, poolclass=pool, connect_args={**waiting, "check_same_thread": False})
        setattr(engine.dialect, COMPRESSES, True)
        return engine

    def _close(self) -> None:
        with self._db_lock:
            kept, self._kept, self._written = self._kept, {}, None
            for engine in kept.values():
                engine.dispose()


class SqliteStorage(DagsterSqliteStorage):
    """The whole storage of an instance in SQLite files below one folder, laid out as Dagster does.

    One process opens it at a time: a database that another process is just creating looks to Dagster like one of an earlier
    release. Dagster would record a second revision in it, and no process could open it again.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        folder = Path(base_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".opening.lock", timeout=LONGEST_OPENING_SECONDS):
            super().__init__(base_dir, inst_data)
            self._event_log_storage = EventLog(str(folder / "history" / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The storage that ``dagster.yaml`` describes; ``base_dir`` is its folder."""
        return cls.from_local(inst_data=inst_data, base_dir=config_value["base_dir"])


def _indices() -> list[Index]:
    """Every index of every table of events."""
    return [index for table in SqlEventLogStorageMetadata.tables.values() for index in table.indexes]


def _small_pages(connection: sqlite3.Connection, _: object) -> None:
    """Set the page size of a new file; SQLite ignores it for one that already has content."""
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")


def brief(entry: dg.EventLogEntry) -> dg.EventLogEntry:
    """An event without what it repeats.

    ``logging_tags`` repeat the run, the job and the step; ``node_handle`` is contained in ``step_handle``; ``user_message``
    equals the event's message. Every output here belongs to an asset or a check, so its metadata is in the materialisation
    event that follows. The partitions for which a check is planned are in the index's table of checks.
    """
    event = entry.dagster_event
    if event is None:
        return entry
    data = event.event_specific_data
    if isinstance(data, StepOutputData):
        data = data._replace(metadata={})
    elif isinstance(data, AssetCheckEvaluationPlanned):
        data = AssetCheckEvaluationPlanned(asset_key=data.asset_key, check_name=data.check_name)
    handle = None if event.step_handle is not None else event.node_handle
    said = event._replace(logging_tags={}, node_handle=handle, event_specific_data=data)
    return entry._replace(user_message="" if event.message else entry.user_message, dagster_event=said)
