"""Backups: what is in one, what never is, and that neither damage nor a mistake costs what is there."""

from __future__ import annotations

import io
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.backup_archive import MANIFEST, SUMS, BackupError, read_archive
from steel_assets.adapters.lake.snapshots import POINTER
from steel_assets.adapters.objects.checksummed import checksummed
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.backup import places
from steel_assets.core.tables import FORECASTS, WAREHOUSE_TABLES
from steel_assets.operations import backup
from steel_assets.operations import restore as restoring
from steel_assets.operations.backup import HOME_FILES, Made, verify
from steel_assets.operations.dagster_files import InstanceFiles, instance_files
from steel_assets.operations.publishing import publish as publish_again
from steel_assets.operations.restore import NotEmpty, Restored
from steel_assets.serving.keys import KEY_FILE, MARK, KeyStore
from steel_assets.settings import Settings
from steel_assets_tests.serving.sample import WITH_A_HISTORY, publish

NOW = pd.Timestamp("2026-03-18T08:00:00Z")
LATER = pd.Timestamp.now("UTC").floor("s")
SECRET = "not-to-be-told-4711"  # noqa: S105  what must not be found


def rows(path: Path, wanted: int) -> None:
    """A SQLite database in which ``wanted`` rows were written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE event (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO event VALUES (?)", [(number,) for number in range(wanted)])
    database.close()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation that has published two markets for half a year; not to be changed."""
    folder = tmp_path_factory.mktemp("lived")
    publish(folder / "home", days=120, markets=(WITH_A_HISTORY, "scrap_turkey"))
    KeyStore(folder / "home" / KEY_FILE).create("a program", ["read"], NOW.to_pydatetime())
    (folder / "home" / "drop" / "done").mkdir(parents=True)
    (folder / "home" / "drop" / "done" / "precios de año.csv").write_text("date,price\n2026-01-02,571\n")
    for name in ("schedules/schedules.db", "history/runs.db", "history/runs/index.db", "history/runs/1234.db"):
        rows(folder / name, 100)
    logs = folder / "storage" / "1234" / "compute_logs"
    logs.mkdir(parents=True)
    (logs / "step.err").write_text("said\n")
    (folder / ".env").write_text(f"STEEL_SMTP_PASSWORD={SECRET}\n")
    return folder


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "here"))


def at(folder: Path, **more: object) -> tuple[Platform, InstanceFiles]:
    """The platform and the instance of an installation in ``folder``."""
    chosen = {"home": folder / "home", "fred_api_api_key": SecretStr(SECRET), **more}
    return platform(Settings(**chosen)), instance_files(folder)


def create(parts: Platform, instance: InstanceFiles, path: Path, now: pd.Timestamp) -> Made:
    """A backup of the installation, as the command makes it."""
    return backup.create(parts.lake, parts.warehouse, places(parts.settings), instance, path, now, key=parts.signing_key)


def restore(parts: Platform, instance: InstanceFiles, path: Path, now: pd.Timestamp, *, replace: bool = False) -> Restored:
    """The backup put back where the settings of ``parts`` say, as the command does it."""
    return restoring.restore(
        parts.store,
        parts.warehouse,
        places(parts.settings),
        instance,
        path,
        now,
        simulated=parts.settings.simulated,
        key=parts.signing_key,
        replace=replace,
    )


def everything(folder: Path) -> dict[str, bytes]:
    """The files that are compared byte for byte: databases are rewritten by their own means."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    plain = {name: path for name, path in found.items() if ".duckdb" not in name and ".db" not in name and "/." not in name}
    return {name: path.read_bytes() for name, path in plain.items() if name != ".env"}


def test_what_is_put_back_into_an_empty_folder_is_what_was_there(folder: Path, tmp_path: Path) -> None:
    here, path, there = at(folder), tmp_path / "backup.tar.gz", tmp_path / "there"
    made = create(*here, path, NOW)
    done = restore(*at(there), path, LATER)
    assert (done.files, done.made_at, done.aside, done.left_out) == (made.files, NOW.isoformat(), (), ())
    assert everything(there) == everything(folder)
    for table in WAREHOUSE_TABLES:
        pd.testing.assert_frame_equal(at(there)[0].warehouse.read(table), here[0].warehouse.read(table))
    for name in ("schedules/schedules.db", "history/runs.db", "history/runs/index.db", "history/runs/1234.db"):
        with sqlite3.connect(there / name) as database:
            assert database.execute("SELECT COUNT(*) FROM event").fetchone() == (100,)
        database.close()
    assert at(there)[0].snapshots.pointer() == here[0].snapshots.pointer()


def test_the_keys_of_the_service_are_in_it_and_no_secret_of_the_environment(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar.gz"
    create(*at(folder, signing_key=SecretStr("k" * 32)), path, NOW)
    with tarfile.open(path) as tar:
        contents = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    assert {f"home/{name}" for name in (KEY_FILE, str(Path(KEY_FILE).with_name(MARK)))} <= set(contents)
    assert {KEY_FILE, str(Path(KEY_FILE).with_name(MARK))} <= set(HOME_FILES)
    told = [name for name, content in contents.items() if SECRET.encode() in content or b"k" * 32 in content or ".env" in name]
    assert told == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_backup_is_whole_while_others_write(folder: Path, tmp_path: Path) -> None:
    (parts, instance), stop = at(folder), threading.Event()
    counted = folder / "history" / "runs.db"

    def work() -> None:
        other, number = at(folder)[0], 100
        forecasts = other.warehouse.read(FORECASTS)
        while not stop.is_set():
            with sqlite3.connect(counted, timeout=60) as database:
                database.execute("INSERT INTO event VALUES (?)", (number,))
            database.close()
            number += 1
            other.warehouse.upsert(FORECASTS, forecasts.assign(predicted_price=forecasts["predicted_price"] + number))
            publish_again(other, other.snapshots, LATER + pd.Timedelta(minutes=number))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for number in range(3):
            path = tmp_path / f"{number}.tar.gz"
            create(parts, instance, path, NOW)
            assert verify(path, None).manifest["simulated"] is True
    finally:
        stop.set()
        writer.join()


def test_an_installation_is_never_overwritten_and_set_aside_only_when_told(folder: Path, tmp_path: Path) -> None:
    here, path = at(folder), tmp_path / "backup.tar.gz"
    create(*here, path, NOW)
    before = everything(folder)
    with pytest.raises(NotEmpty, match="--replace"):
        restore(*here, path, LATER)
    assert everything(folder) == before
    (folder / "home" / "lake" / "lake.json").write_text("{}")
    done = restore(*here, path, LATER, replace=True)
    assert {aside.name.partition(".before-restore-")[0] for aside in done.aside} >= {"lake", "warehouse.duckdb", "history"}
    assert (folder / "home" / f"lake.before-restore-{LATER:%Y%m%dT%H%M%SZ}" / "lake.json").read_text() == "{}"
    assert everything(folder).items() >= before.items()


def test_a_file_is_never_overwritten_by_a_backup(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar.gz"
    path.write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        create(*at(folder), path, NOW)
    assert path.read_text() == "mine"


def test_a_backup_that_cannot_be_finished_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "history" / "runs" / "1234.db").write_bytes(b"no database" * 100)
    with pytest.raises(Exception, match=r"1234\.db"):
        create(*at(folder), tmp_path / "out" / "backup.tar.gz", NOW)
    assert list((tmp_path / "out").iterdir()) == []


def test_simulated_data_are_not_put_where_real_prices_are_collected(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar.gz"
    create(*at(folder), path, NOW)
    with pytest.raises(BackupError, match="STEEL_SOURCES=sandbox"):
        restore(*at(tmp_path / "there", sources="live"), path, LATER)
    assert not (tmp_path / "there" / "home").exists()


def test_a_backup_that_another_key_signed_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar.gz"
    create(*at(folder), path, NOW)
    with pytest.raises(BackupError, match="not signed"):
        restore(*at(tmp_path / "there", signing_key=SecretStr("k" * 32)), path, LATER)


@pytest.mark.parametrize("pointer", [b"{}", b"", checksummed({"format": 0})], ids=["damaged", "empty", "of another release"])
def test_a_pointer_that_nobody_can_read_is_put_back_as_it_was(folder: Path, tmp_path: Path, pointer: bytes) -> None:
    """An older release's is such a one: the way back from an upgrade leads through it."""
    (folder / "home" / "lake" / POINTER).write_bytes(pointer)
    create(*at(folder), tmp_path / "backup.tar.gz", NOW)
    restore(*at(tmp_path / "there"), tmp_path / "backup.tar.gz", LATER)
    assert (tmp_path / "there" / "home" / "lake" / POINTER).read_bytes() == pointer


def test_the_users_catalogue_is_put_back_where_the_settings_say(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.yaml").write_text("# mine\n")
    path = tmp_path / "backup.tar.gz"
    create(*at(folder, catalog_dir=tmp_path / "mine"), path, NOW)
    with pytest.raises(BackupError, match="STEEL_CATALOG_DIR"):
        restore(*at(tmp_path / "there"), path, LATER)
    restore(*at(tmp_path / "there", catalog_dir=tmp_path / "back"), path, LATER)
    assert (tmp_path / "back" / "note.yaml").read_text() == "# mine\n"


def test_an_instance_that_its_file_puts_elsewhere_is_put_back_there_with_its_file(folder: Path, tmp_path: Path) -> None:
    (folder / "kept").mkdir()
    for name in ("history", "schedules"):
        (folder / name).rename(folder / "kept" / name)
    (folder / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {folder / 'kept'}}}}}\n")
    path = tmp_path / "backup.tar.gz"
    create(*at(folder), path, NOW)
    shutil.rmtree(folder / "kept")
    restore(*at(tmp_path / "there"), path, LATER)
    assert (tmp_path / "there" / "dagster.yaml").read_text() == (folder / "dagster.yaml").read_text()
    assert (folder / "kept" / "history" / "runs.db").exists()


def test_what_dagster_keeps_in_postgres_is_told_to_be_missing(folder: Path, tmp_path: Path, project_root: str) -> None:
    shutil.copy(Path(project_root) / "deploy" / "google-cloud" / "dagster.yaml", folder)
    made = create(*at(folder), tmp_path / "backup.tar.gz", NOW)
    assert "pg_dump" in made.left_out[0]


@pytest.fixture(scope="module")
def archive(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "backup.tar.gz"
    create(*at(lived), path, NOW)
    return path


def damaged(archive: Path) -> Iterator[tuple[str, bytes]]:
    content = archive.read_bytes()
    yield "cut off", content[: len(content) // 2]
    yield "cut off at its end", content[:-600]
    yield "one byte", content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
    yield "zeros", bytes(len(content))
    yield "empty", b""
    yield "text", b"no backup"


def test_a_damaged_backup_is_refused_by_name_and_changes_nothing(archive: Path, tmp_path: Path) -> None:
    for kind, content in damaged(archive):
        path = tmp_path / f"{kind}.tar.gz"
        path.write_bytes(content)
        with pytest.raises(BackupError, match=kind):
            restore(*at(tmp_path / "there"), path, LATER)
        assert not (tmp_path / "there" / "home").exists()


def repacked(archive: Path, to: Path, change: dict[str, bytes | None], *more: tarfile.TarInfo) -> Path:
    """The archive with other contents of some files, without those that are None, and with ``more`` members before its end."""
    with tarfile.open(archive) as tar, tarfile.open(to, "w:gz") as out:
        for info in tar:
            content = change.get(info.name, tar.extractfile(info).read())  # type: ignore[union-attr]
            if info.name == SUMS:
                for extra in more:
                    out.addfile(extra, io.BytesIO(bytes(extra.size)))
            if content is not None:
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return to


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "lake/../../outside", "lake//outside", "lake/./outside"])
def test_an_archive_cannot_write_outside_the_folder(archive: Path, tmp_path: Path, name: str) -> None:
    path = repacked(archive, tmp_path / "evil.tar.gz", {}, tarfile.TarInfo(name))
    with pytest.raises(BackupError, match="does not belong"):
        read_archive(path, tmp_path / "into")
    assert not list(tmp_path.glob("**/outside"))


def test_links_and_devices_are_no_files_of_a_backup(archive: Path, tmp_path: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        member = tarfile.TarInfo("lake/link")
        member.type, member.linkname = kind, "/etc/passwd"
        path = repacked(archive, tmp_path / "evil.tar.gz", {}, member)
        with pytest.raises(BackupError, match="does not belong"):
            read_archive(path, tmp_path / f"into {kind.decode()}")


def test_a_file_that_was_changed_added_or_taken_out_is_noticed(archive: Path, tmp_path: Path) -> None:
    for change, more in (
        ({"lake/lake.json": b'{"simulated": false}'}, ()),
        ({"lake/lake.json": None}, ()),
        ({MANIFEST: b"{}"}, ()),
        ({SUMS: b""}, ()),
        ({}, (tarfile.TarInfo("lake/more.json"),)),
    ):
        path = repacked(archive, tmp_path / "changed.tar.gz", change, *more)
        with pytest.raises(BackupError, match=r"changed\.tar\.gz"):
            read_archive(path)
