"""Files with secrets or answers are their owner's only: 600, in folders of 700, whatever the umask."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.callers.local_counts import LocalCounts
from steel_assets.adapters.http.quota import FileLedger, RateLimits
from steel_assets.adapters.machine.disk import make_folder, private_file
from steel_assets.adapters.notifiers.log import LogFile
from steel_assets.bootstrap import platform
from steel_assets.core.alerts.message import Notification
from steel_assets.core.tables import FORECASTS
from steel_assets.operations.importing import FileToImport, import_table
from steel_assets.serving.access import SESSION_FILE
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.run import COUNTS_FILE
from steel_assets.serving.sessions import Sessions
from steel_assets.settings import Settings

NOW = datetime(2026, 3, 18, 8, tzinfo=UTC)
SERIES = "lme_rebar_m01"


@pytest.fixture(params=[0o000, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def live(home: Path) -> None:
    """Everything on this machine's disk that the platform and its service write."""
    here = platform(Settings(home=home, sources="files"))
    KeyStore(home / KEY_FILE).create("reader", ["read"], NOW)
    Sessions((home / KEY_FILE).with_name(SESSION_FILE)).begin("reader", time.time())
    LocalCounts(home / COUNTS_FILE).take("reader", 1, 10, time.time())
    assert here.cache.put("external_data", "key", b"of a provider", 60)
    FileLedger(home / "quota" / "provider.json").book(RateLimits(25), time.time())
    LogFile(home / "alerts.log").send(Notification("a notification", (), "key", repeat=False))
    here.clock_record.note()
    here.store.put("alerts/outbox/letter.json", b"a notification")
    here.store.put_if("alerts/state.json", b"{}", here.store.version("alerts/state.json"))
    here.warehouse.upsert(FORECASTS, FORECASTS.empty())
    figures = pd.DataFrame({"period": pd.bdate_range("2026-01-02", periods=5), "value": 500.0})
    digest = hashlib.sha256(b"prices").hexdigest()
    import_table(
        here.catalog,
        here.lake,
        here.imports,
        here.home,
        FileToImport(file="prices.csv", sha256=digest, figures={SERIES: figures}, by="ana"),
        pd.Timestamp(NOW),
    )


def others_may(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def files(home: Path) -> list[Path]:
    """All but locks, which are empty."""
    found = [path for path in home.rglob("*") if path.is_file() and path.stat().st_size]
    names = {path.name for path in found}
    assert {
        "keys.json",
        "sessions.json",
        "requests.sqlite",
        "external_data.sqlite",
        "provider.json",
        "alerts.log",
        "clock.json",
    } <= names
    assert {"letter.json", "warehouse.duckdb"} <= names
    assert any(path.suffix == ".parquet" for path in found)
    return found


def test_whatever_the_umask_nobody_else_enters_the_home_or_reads_a_file_of_it(umask: int, tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    live(home)
    assert [path for path in files(home) if others_may(path)] == []
    folders = [path for path in home.rglob("*") if path.is_dir()]
    assert [path for path in (home.parent, home, *folders) if others_may(path)] == []


def test_a_home_that_others_could_read_is_closed_file_by_file_but_its_own_folder_is_left(umask: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    live(home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    live(home)
    open_ones = {path.relative_to(home).as_posix() for path in files(home) if others_may(path)}
    assert {name for name in open_ones if not name.startswith("lake/")} == set(), "what was written to the lake once is not again"
    assert {name for name in ("serving", "cache", "quota") if others_may(home / name)} == set()
    assert others_may(home), "somebody may have opened it on purpose"


def test_what_sqlite_keeps_beside_a_database_that_is_open_is_closed_with_it(tmp_path: Path) -> None:
    database = private_file(tmp_path / "requests.sqlite")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE counts (caller)")
        there = sorted(tmp_path.iterdir())
        for path in there:
            path.chmod(0o666)
        private_file(database)
        assert len(there) == 3
        assert [path for path in there if others_may(path)] == []


def test_a_folder_that_somebody_made_stays_as_it_is(umask: int, tmp_path: Path) -> None:
    theirs = tmp_path / "shared"
    theirs.mkdir()
    theirs.chmod(0o775)
    make_folder(theirs / "a" / "b")
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o775
    assert [stat.S_IMODE((theirs / name).stat().st_mode) for name in ("a", "a/b")] == [0o700, 0o700]


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        make_folder(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        private_file(tmp_path / "file" / "below")
