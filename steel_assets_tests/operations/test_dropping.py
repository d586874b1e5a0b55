"""Dropped files: imported once, moved away, and a failure explained next to the file."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from steel_assets.adapters.drop_box import DropFolder
from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.assets.sensors.dropped_files import dropped_files
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.operations.drop_state import load
from steel_assets.operations.dropping import Dropped, take
from steel_assets.operations.importing import FileToImport, ImportsBusy, import_table, turn
from steel_assets.settings import Settings
from steel_assets.sources.file_import import FileReading, ReaderUnavailable, read_table
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer
from steel_assets_tests.sources.workbooks import zipped

MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
TABLE = "day;price\n2026-02-02;501.5\n2026-02-03;503.25\n"
DAYS = pd.bdate_range("2026-01-02", periods=20)
MONTH = "day;price\n" + "".join(f"{day:%Y-%m-%d};{500 + number % 5}\n" for number, day in enumerate(DAYS))
WITH_VAT = "day;price\n" + "".join(f"{day:%Y-%m-%d};{1.2 * (500 + number % 5):.1f}\n" for number, day in enumerate(DAYS))
MAPPING = "series: lme_rebar_m01\ndate_column: day\nvalue_column: price\n"


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    (tmp_path / "drop").mkdir()
    return unhurried(platform(Settings(home=tmp_path, sources="files")))


def unhurried(here: Platform, **rule: Any) -> Platform:
    """Looks that end for their number of files, however slow this machine is."""
    rules = here.catalog.rules
    drop_rule = rules.imports.drop.model_copy(update={"seconds": 3600.0, **rule})
    rules = rules.model_copy(update={"imports": rules.imports.model_copy(update={"drop": drop_rule})})
    return replace(here, catalog=here.catalog.model_copy(update={"rules": rules}))


def drop(here: Platform, name: str, table: str | bytes = TABLE, mapping: str | None = MAPPING, age: float = 60) -> None:
    folder = Path(here.settings.drop_address)
    contents = {name: table, f"{Path(name).stem}.yaml": mapping}
    for file, content in contents.items():
        if content is not None:
            (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
            os.utime(folder / file, (MOMENT.timestamp() - age,) * 2)


def lay(here: Platform, name: str, content: str = TABLE) -> None:
    """One file without another beside it."""
    (Path(here.settings.drop_address) / name).write_text(content)
    os.utime(Path(here.settings.drop_address) / name, (MOMENT.timestamp() - 60,) * 2)


def names(here: Platform) -> list[str]:
    folder = Path(here.settings.drop_address)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def watched_by(here: Platform) -> dict[str, object]:
    """What the sensor names of the platform."""
    return {name: getattr(here, name) for name in ("catalog", "lake", "imports", "drop_box", "home")}


def look(here: Platform, times: int = 2, after: float = 0) -> list[Dropped]:
    """What ``times`` looks did, half a minute apart, the first ``after`` seconds after MOMENT."""
    return [
        dropped
        for number in range(times)
        for dropped in take(
            here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT + pd.Timedelta(seconds=after + 30 * number)
        )
    ]


def outcomes(found: list[Dropped]) -> list[tuple[str, str]]:
    return [(dropped.name, dropped.outcome) for dropped in found]


def folder(here: Platform) -> Path:
    return Path(here.settings.drop_address)


def values(here: Platform) -> list[float]:
    return asof(here.lake.observations(), END_OF_TIME)["value"].tolist()


def test_a_table_with_its_mapping_is_imported_and_both_move_to_done(here: Platform) -> None:
    drop(here, "platts.csv")
    [taken] = look(here)
    assert taken.outcome == "imported"
    assert taken.text.startswith("2 rows of lme_rebar_m01, 2 new or changed")
    rows = here.lake.observations()
    assert rows[["series", "value", "source"]].to_numpy().tolist() == [
        ["lme_rebar_m01", 501.5, "file_import"],
        ["lme_rebar_m01", 503.25, "file_import"],
    ]
    assert names(here) == ["done/platts.csv", "done/platts.yaml"]
    [entry] = here.imports.imports().values()
    assert (entry.file, entry.by) == ("platts.csv", "drop folder")
    assert (entry.options["date_column"], entry.options["value_column"]) == (["day"], "price")


def test_the_same_content_under_another_name_is_imported_once(here: Platform) -> None:
    drop(here, "a.csv")
    drop(here, "b.csv")
    assert [dropped.outcome for dropped in look(here)] == ["imported", "known already"]
    drop(here, "a.csv")
    assert [dropped.outcome for dropped in look(here, after=90)] == ["known already"]
    assert len([name for name in names(here) if name.startswith("done/")]) == 6
    assert len(here.lake.observations()) == 2


def test_two_files_of_one_series_in_one_look_both_count_and_the_first_again_changes_back(here: Platform) -> None:
    other = TABLE.replace("503.25", "504.75")
    drop(here, "a.csv")
    drop(here, "b.csv", other)
    assert [dropped.outcome for dropped in look(here)] == ["imported", "imported"]
    assert values(here) == [501.5, 504.75]
    drop(here, "c.csv")
    assert [dropped.outcome for dropped in look(here, after=90)] == ["imported"]
    assert values(here) == [501.5, 503.25]


@pytest.mark.parametrize(
    ("table", "mapping", "why"),
    [
        (TABLE, "series: unheard_of\n", "is not in the catalogue"),
        (TABLE, "series: lme_rebar_m01\nsheets: A\n", "sheets: Extra inputs"),
        (TABLE, "- [", "is not YAML"),
        (TABLE, "", "the whole of it"),
        (TABLE, "series: lme_rebar_m01\nvalue_column: close\n", "close"),
        (TABLE, "series: lme_rebar_m01\ndate_column: {a: [b, {c: d}]}\n", "date_column"),
        (TABLE, f"series: lme_rebar_m01\ndate_column: {'x' * 60_000}\n", "xxx"),
        (TABLE, "a: &a [x, x]\nb: &b [*a, *a]\nseries: *b\n", "anchor"),
        (TABLE, "series: " + "[" * 60_000, "nested deeper"),
        ("day;price\n2026-02-02;cheap\n", MAPPING, "cheap"),
        ("day;price\n2031-02-02;5\n", MAPPING, "future"),
        (b"\x00\xff" * 50 + b"\n", MAPPING, "bad.csv"),
        ("day;price\n2026-02-02;600\n2026-02-03;601\n2026-02-04;60.2\n", MAPPING, "2026-02-04"),
    ],
)
def test_a_failure_is_moved_aside_with_an_explanation_and_stores_nothing(
    here: Platform, table: str | bytes, mapping: str, why: str
) -> None:
    drop(here, "bad.csv", table, mapping)
    drop(here, "good.csv")
    assert outcomes(look(here)) == [("bad.csv", "failed"), ("good.csv", "imported")]
    assert names(here) == ["done/good.csv", "done/good.yaml", "failed/bad.csv", "failed/bad.csv.error.txt", "failed/bad.yaml"]
    explanation = (folder(here) / "failed" / "bad.csv.error.txt").read_text()
    assert why in explanation
    assert len(explanation) < 3000
    assert len(here.lake.observations()) == 2
    assert look(here, after=90) == []


def test_whatever_one_file_raises_the_others_go_on(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def reading(content: bytes, name: str, *rest: Any) -> FileReading:
        if name == "bad.csv":
            raise ZeroDivisionError("of all things")
        return read_table(content, name, *rest)

    monkeypatch.setattr("steel_assets.operations.dropping.read_table", reading)
    drop(here, "bad.csv")
    drop(here, "good.csv")
    assert outcomes(look(here)) == [("bad.csv", "failed"), ("good.csv", "imported")]
    assert "ZeroDivisionError" in (folder(here) / "failed" / "bad.csv.error.txt").read_text()


def test_a_workbook_that_meets_a_limit_costs_only_itself(here: Platform) -> None:
    bomb = zipped({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": "<c/>" * 7_000_000})
    assert len(bomb) < 30_000
    drop(here, "bad.xlsx", bomb)
    drop(here, "good.csv")
    assert outcomes(look(here)) == [("bad.xlsx", "failed"), ("good.csv", "imported")]
    assert "more than 100 times as many" in (folder(here) / "failed" / "bad.xlsx.error.txt").read_text()


def test_a_file_is_left_where_it_is_while_no_process_can_be_started_that_reads_it(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(here, "good.csv.gz", gzip.compress(TABLE.encode(), mtime=0))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(ReaderUnavailable):
            look(here)
    assert outcomes(look(here)) == [("good.csv.gz", "imported")]


def test_a_second_file_that_differs_widely_is_a_question_that_its_mapping_answers(here: Platform) -> None:
    drop(here, "a.csv", MONTH)
    drop(here, "b.csv", WITH_VAT)
    assert [dropped.outcome for dropped in look(here)] == ["imported", "failed"]
    assert "overlap: correction" in (folder(here) / "failed" / "b.csv.error.txt").read_text()
    drop(here, "c.csv", WITH_VAT, f"{MAPPING}overlap: correction\n")
    assert [dropped.outcome for dropped in look(here, after=90)] == ["imported"]
    assert values(here)[0] == 600


def test_what_is_doubted_is_believed_when_the_mapping_says_so(here: Platform) -> None:
    table = "day;price\n2026-02-02;600\n2026-02-03;601\n2026-02-04;60.2\n"
    drop(here, "a.csv", table, f"{MAPPING}believe: true\n")
    assert [dropped.outcome for dropped in look(here)] == ["imported"]


def test_real_figures_dropped_beside_a_simulated_lake_are_refused_with_the_remedy(tmp_path: Path) -> None:
    here = platform(Settings(home=tmp_path, sources="files"))
    here.store.put("lake.json", b'{"simulated": true}')
    Path(here.settings.drop_address).mkdir()
    drop(here, "platts.csv")
    [taken] = look(here)
    assert taken.outcome == "failed"
    assert "STEEL_HOME" in taken.text


def test_a_file_that_grows_between_two_looks_is_not_whole(here: Platform) -> None:
    drop(here, "slow.csv")
    assert look(here, 1) == []
    drop(here, "slow.csv", TABLE + "2026-02-04;505\n")
    assert look(here, 1, after=30) == []
    assert [dropped.outcome for dropped in look(here, 1, after=60)] == ["imported"]
    assert len(here.lake.observations()) == 3


def test_a_file_that_changed_without_its_time_changing_is_not_whole(here: Platform) -> None:
    drop(here, "slow.csv")
    assert look(here, 1) == []
    stamp = (folder(here) / "slow.csv").stat()
    with (folder(here) / "slow.csv").open("r+b") as file:
        file.write(TABLE.replace("501.5", "502.5").encode())
    os.utime(folder(here) / "slow.csv", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert look(here, 1, after=30) == []
    assert [dropped.outcome for dropped in look(here, 1, after=60)] == ["imported"]
    assert values(here)[0] == 502.5


def test_a_file_cut_in_the_middle_of_a_number_is_waited_for_and_said_so_once(here: Platform) -> None:
    drop(here, "slow.csv", TABLE + "2026-02-04;6")
    found = look(here, 4)
    assert outcomes(found) == [("slow.csv", "noted")]
    assert "newline" in (folder(here) / "notes" / "slow.csv.txt").read_text()
    drop(here, "slow.csv", TABLE + "2026-02-04;608.0\n", age=-120)
    assert [dropped.outcome for dropped in look(here, after=130)] == ["imported"]
    assert values(here) == [501.5, 503.25, 608.0]
    assert names(here) == ["done/slow.csv", "done/slow.yaml"]


def test_a_file_that_never_gets_its_last_newline_is_taken_when_it_was_waited_for_long_enough(here: Platform) -> None:
    drop(here, "slow.csv", TABLE.rstrip())
    assert [dropped.outcome for dropped in look(here)] == ["noted"]
    grace = 60 * here.catalog.rules.imports.drop.unfinished_minutes
    assert [dropped.outcome for dropped in look(here, 1, after=grace)] == ["imported"]
    assert names(here) == ["done/slow.csv", "done/slow.yaml"]


def test_a_writer_that_goes_on_after_its_file_was_taken_is_noticed_and_what_was_cut_was_never_true(here: Platform) -> None:
    path = folder(here) / "slow.csv"
    drop(here, "slow.csv", TABLE)
    with path.open("ab") as writer:
        writer.write(b"2026-02-04;6")
        writer.flush()
        os.utime(path, (MOMENT.timestamp() - 60,) * 2)
        look(here)
        grace = 60 * here.catalog.rules.imports.drop.unfinished_minutes
        look(here, 1, after=grace)
        writer.write(b"08.0\n2026-02-05;607.5\n")
    later = look(here, 3, after=grace + 60)
    assert outcomes(later) == [("slow.csv", "changed"), ("slow.csv", "imported")]
    assert values(here) == [501.5, 503.25, 608.0, 607.5]
    assert 6.0 not in here.lake.observations()["value"].tolist()
    assert names(here) == ["done/slow.csv", "done/slow.yaml"]


WRITER = """
import sys, time
with open(sys.argv[1], "w") as f:
    f.write("Date,Price\\n2024-03-13,612.5\\n2024-03-14,610.0\\n2024-03-15,6")
    f.flush()
    time.sleep(6.5)
    f.write("08.0\\n2024-03-18,607.5\\n2024-03-19,609.0\\n")
"""


@pytest.mark.slow
def test_a_writer_that_stalls_in_the_middle_of_a_number_is_waited_for(here: Platform) -> None:
    lay(here, "slow.yaml", "series: lme_rebar_m01\n")
    taken: list[Dropped] = []
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder(here) / "slow.csv")]) as writer:
        while not any(dropped.outcome == "imported" for dropped in taken):
            taken += take(here.catalog, here.lake, here.imports, here.drop_box, here.home, pd.Timestamp.now(tz="UTC"))
            assert here.lake.observations().empty or writer.poll() is not None, "nothing before it is whole"
            assert [dropped for dropped in taken if dropped.outcome == "failed"] == []
            time.sleep(0.5)
    assert values(here) == [612.5, 610.0, 608.0, 607.5, 609.0]
    assert len(here.imports.imports()) == 1


def test_a_look_takes_a_bounded_number_of_files_and_none_twice(here: Platform) -> None:
    here = unhurried(here, files=3)
    for number, day in enumerate(pd.bdate_range("2024-01-02", periods=5)):
        drop(here, f"{number:03d}.csv", f"day;price\n{day:%Y-%m-%d};{600 + number}\n")
    assert look(here, 1) == []
    assert len(look(here, 1, after=30)) == 3
    assert len(look(here, 1, after=60)) == 2
    assert len(here.imports.imports()) == 5
    assert values(here) == [600, 601, 602, 603, 604]


def test_looks_do_not_overlap(here: Platform) -> None:
    drop(here, "platts.csv")
    look(here, 1)
    with turn(here.home, name="drop"):
        with pytest.raises(ImportsBusy):
            take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)
        with dg.DagsterInstance.ephemeral() as instance:
            skipped = dropped_files(dg.build_sensor_context(instance, resources=watched_by(here)))
        assert isinstance(skipped, dg.SkipReason)
        assert "still running" in str(skipped.skip_message)
    assert [dropped.outcome for dropped in look(here, 1, after=30)] == ["imported"]


def test_the_lock_of_a_look_that_was_killed_is_free(here: Platform) -> None:
    holder = "import sys, time; from filelock import FileLock; held = FileLock(sys.argv[1]).acquire(); print(1, flush=True)"
    holder += "; time.sleep(60)"
    lock = here.settings.home / "turns" / "drop.lock"
    lock.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", holder, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        with pytest.raises(ImportsBusy):
            take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)
        process.kill()
    assert take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT) == []


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 16))
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_killed_at_any_write_or_move_a_file_is_dealt_with_once(
    here: Platform, monkeypatch: pytest.MonkeyPatch, step: int, kind: str
) -> None:
    drop(here, "platts.csv", TABLE if kind == "good" else TABLE + "2026-02-04;cheap\n")
    look(here, 1)
    done = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise Killed
            return real(*arguments, **named)

        return wrapped

    with monkeypatch.context() as crash:
        crash.setattr(LocalFolder, "put", dying(LocalFolder.put))
        for name in ("move", "write"):
            crash.setattr(DropFolder, name, dying(getattr(DropFolder, name)))
        with suppress(Killed):
            look(here, 1, after=30)
    look(here, 2, after=60)
    assert len(here.imports.imports()) == (1 if kind == "good" else 0)
    assert len(here.lake.observations()) == (2 if kind == "good" else 0)
    top = {"good": ["done/platts.csv", "done/platts.yaml"]}.get(
        kind, ["failed/platts.csv", "failed/platts.csv.error.txt", "failed/platts.yaml"]
    )
    assert names(here) == top
    assert look(here, 2, after=200) == []


def test_a_file_that_was_imported_and_not_moved_does_not_undo_what_was_imported_since(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(here, "platts.csv")
    look(here, 1)
    with monkeypatch.context() as crash:
        crash.setattr(DropFolder, "move", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            look(here, 1, after=30)
    later = pd.DataFrame({"period": pd.to_datetime(["2026-02-03"]), "value": [504.0]})
    import_table(
        here.catalog,
        here.lake,
        here.imports,
        here.home,
        FileToImport("by hand.csv", "0" * 64, {"lme_rebar_m01": later}, "ana"),
        MOMENT + pd.Timedelta(seconds=40),
    )
    assert [dropped.outcome for dropped in look(here, 1, after=60)] == ["known already"]
    assert values(here) == [501.5, 504.0]


def test_everything_that_lies_there_gets_a_word_once_and_loses_it_with_its_cause(here: Platform) -> None:
    drop(here, "alone.csv", mapping=None)
    lay(here, "lonely.yaml", MAPPING)
    lay(here, "other.yml", MAPPING)
    lay(here, "letter.docx", "Dear")
    drop(here, "empty.csv", b"", mapping=None)
    drop(here, "two.csv", mapping=None)
    drop(here, "two.xlsx", b"PK", mapping=MAPPING)
    (folder(here) / "older").mkdir()
    os.mkfifo(folder(here) / "pipe.csv")
    (folder(here) / "link.csv").symlink_to(folder(here) / "alone.csv")
    lay(here, "n" * 249 + ".csv")
    lay(here, os.fsdecode(b"caf\xe9.csv"))
    found = look(here, 1)
    words = {
        "alone.csv": "alone.yaml",
        "lonely.yaml": "without a table",
        "other.yml": "rename it",
        "letter.docx": "ending",
        "empty.csv": "empty.yaml",
        "two.csv": "two.csv.yaml",
        "two.xlsx": "two.csv.yaml",
        "two.yaml": "several tables",
        "older": "a folder",
        "pipe.csv": "a pipe",
        "link.csv": "a link",
        "caf\\udce9.csv": "UTF-8",
    }
    told = {dropped.name: dropped.text for dropped in found}
    assert {dropped.outcome for dropped in found} == {"noted"}
    for name, word in words.items():
        assert word in told[name]
    [long] = [name for name in told if name.startswith("nnn")]
    assert "253 bytes" in told[long]
    assert len(list((folder(here) / "notes").iterdir())) == len(words) + 1
    assert "alone.yaml" in (folder(here) / "notes" / "alone.csv.txt").read_text()
    assert set(load(here.store, here.drop_box).notes) == set(told)
    assert look(here, 1, after=30) == [], "once"
    lay(here, "alone.yaml", MAPPING)
    for name in ("lonely.yaml", "other.yml", "letter.docx", "pipe.csv", "link.csv"):
        (folder(here) / name).unlink()
    assert outcomes(look(here, 2, after=60)) == [("alone.csv", "imported")]
    assert not {"alone.csv", "lonely.yaml", "pipe.csv"} & set(load(here.store, here.drop_box).notes)
    assert not (folder(here) / "notes" / "alone.csv.txt").exists()


def test_nothing_outside_the_folder_is_read_or_written(here: Platform, tmp_path: Path) -> None:
    private, target = tmp_path / "private.csv", tmp_path / "target.txt"
    private.write_text("password;hunter2\n")
    target.write_text("mine")
    drop(here, "bad.csv", "day;price\n2026-02-02;cheap\n")
    drop(here, "t.csv")
    (folder(here) / "t.csv").unlink()
    (folder(here) / "t.csv").symlink_to(private)
    (folder(here) / "failed").mkdir()
    for name in ("bad.csv.error.txt", "t.csv.error.txt"):
        (folder(here) / "failed" / name).symlink_to(target)
    found = look(here)
    assert ("bad.csv", "failed") in outcomes(found)
    assert target.read_text() == "mine"
    assert "cheap" in (folder(here) / "failed" / "bad.csv.error.txt").read_text()
    assert "hunter2" not in "".join(dropped.text for dropped in found)
    assert private.read_text() == "password;hunter2\n"


def test_a_done_folder_that_leads_elsewhere_is_not_followed(here: Platform, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder(here) / "done").symlink_to(tmp_path / "elsewhere")
    drop(here, "platts.csv")
    found = look(here, 4)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "cannot be moved" in load(here.store, here.drop_box).notes["platts.csv"]
    assert len(here.imports.imports()) == 1
    assert outcomes(found).count(("platts.csv", "noted")) == 1
    (folder(here) / "done").unlink()
    assert [dropped.outcome for dropped in look(here, 1, after=300)] == ["known already"]
    assert names(here) == ["done/platts.csv", "done/platts.yaml"]


def test_the_sensor_tells_dagster_what_was_taken(here: Platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        drop(here, "platts.csv")
        first = dropped_files(dg.build_sensor_context(instance, resources=watched_by(here)))
        result = dropped_files(dg.build_sensor_context(instance, resources=watched_by(here)))
    assert isinstance(first, dg.SkipReason)
    assert isinstance(result, dg.SensorResult)
    [event] = result.asset_events
    assert event.asset_key == dg.AssetKey(["raw", "file_import", "files"])
    assert "imported: 2 rows" in str(event.metadata["platts.csv"].value)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[tuple[Platform, GcsStore]]:
    """A platform on this machine that watches a prefix of a bucket."""
    server = StorageServer()
    with running(server.app()) as server.url:
        server.held.insert({"name": "steel-lake"})
        address = "gs://steel-lake/drop"
        chosen = Settings(home=tmp_path, sources="files", drop_dir=address, storage_endpoint=server.url)
        yield unhurried(platform(chosen)), GcsStore(address, connect=lambda: storage_client(server.url))


def put(store: GcsStore, **contents: str) -> None:
    for name, content in contents.items():
        store.put(name.replace("_", "."), content.encode())


def test_a_table_dropped_into_a_bucket_is_imported_once_and_moves_to_done(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    put(store, platts_csv=TABLE)
    assert outcomes(take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)) == [("platts.csv", "noted")], (
        "it waits for its mapping"
    )
    assert "platts.yaml" in store.get("notes/platts.csv.txt").decode()
    put(store, platts_yaml=MAPPING)
    [taken] = take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)
    assert taken.outcome == "imported"
    assert list(store.list("")) == ["done/platts.csv", "done/platts.yaml"]
    put(store, again_csv=TABLE, again_yaml=MAPPING, platts_csv=TABLE, platts_yaml=MAPPING)
    assert [dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)] == [
        "known already",
        "known already",
    ]
    assert len(list(store.list("done/"))) == 6
    assert len(here.lake.observations()) == 2


def test_a_failure_in_a_bucket_is_moved_aside_with_an_explanation(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    put(store, bad_csv="day;price\n2026-02-02;cheap\n", bad_yaml=MAPPING, good_csv=TABLE, good_yaml=MAPPING)
    assert [dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)] == [
        "failed",
        "imported",
    ]
    assert list(store.list("failed/")) == ["failed/bad.csv", "failed/bad.csv.error.txt", "failed/bad.yaml"]
    assert "cheap" in store.get("failed/bad.csv.error.txt").decode()
    assert store.get("failed/bad.csv").decode().endswith("cheap\n")
    assert take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT) == []


def test_killed_while_moving_within_a_bucket_it_is_imported_once(
    bucket: tuple[Platform, GcsStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, store = bucket
    put(store, platts_csv=TABLE, platts_yaml=MAPPING)
    with monkeypatch.context() as crash:
        crash.setattr(GcsStore, "delete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)
    assert [dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)] == [
        "known already"
    ]
    assert [key for key in store.list("") if "/" not in key] == []
    assert len(here.lake.observations()) == 2


def test_an_object_uploaded_again_while_it_was_imported_is_taken_too(
    bucket: tuple[Platform, GcsStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, store = bucket
    put(store, platts_csv=TABLE, platts_yaml=MAPPING)

    def slowly(content: bytes, *rest: Any) -> FileReading:
        put(store, platts_csv=TABLE + "2026-02-04;505\n")
        monkeypatch.undo()
        return read_table(content, *rest)

    monkeypatch.setattr("steel_assets.operations.dropping.read_table", slowly)
    assert [dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)] == [
        "imported"
    ]
    assert {"platts.csv", "platts.yaml"} <= set(store.list(""))
    assert [dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)] == [
        "imported"
    ]
    assert len(here.lake.observations()) == 3


def test_what_lies_in_a_bucket_and_cannot_be_taken_gets_a_word_too(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    put(store, lonely_yaml=MAPPING, letter_docx="Dear")
    store.put("older/prices.csv", TABLE.encode())
    client = storage_client(here.settings.storage_endpoint)
    client.bucket("steel-lake").blob("drop/my prices.csv").upload_from_string(TABLE)
    assert {
        dropped.name: dropped.outcome for dropped in take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT)
    } == dict.fromkeys(("lonely.yaml", "letter.docx", "older", "my prices.csv"), "noted")
    assert take(here.catalog, here.lake, here.imports, here.drop_box, here.home, MOMENT) == []


def test_the_sensor_watches_the_bucket(bucket: tuple[Platform, GcsStore]) -> None:
    here, store = bucket
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, resources=watched_by(here))
        skipped = dropped_files(context)
        assert isinstance(skipped, dg.SkipReason)
        assert "gs://steel-lake/drop" in str(skipped.skip_message)
        put(store, platts_csv=TABLE, platts_yaml=MAPPING)
        result = dropped_files(dg.build_sensor_context(instance, resources=watched_by(here)))
    assert isinstance(result, dg.SensorResult)
    assert "imported: 2 rows" in str(result.asset_events[0].metadata["platts.csv"].value)


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gs://bucket/prefix"):
        Settings(drop_dir="s3://bucket/prefix")


def test_another_file_that_takes_the_name_of_one_in_done_does_not_withdraw_it(here: Platform, tmp_path: Path) -> None:
    drop(here, "platts.csv")
    look(here)
    (tmp_path / "new.csv").write_text(TABLE + "2026-02-04;505\n")
    (tmp_path / "new.csv").replace(folder(here) / "done" / "platts.csv")
    os.utime(folder(here) / "done" / "platts.csv", (MOMENT.timestamp(),) * 2)
    assert outcomes(look(here, 3, after=90)) == [("platts.csv", "changed"), ("platts.csv", "imported")]
    assert len(here.imports.imports()) == 2
    assert here.lake.rewritings() == []


def test_a_file_in_done_that_changed_while_another_of_its_name_came_is_told(here: Platform) -> None:
    drop(here, "platts.csv")
    look(here)
    with (folder(here) / "done" / "platts.csv").open("a") as file:
        file.write("2026-02-04;505\n")
    lay(here, "platts.csv", TABLE)
    found = look(here, 2, after=90)
    assert "drop this one again" in " ".join(dropped.text for dropped in found if dropped.outcome == "noted")
    assert len(here.lake.observations()) == 2
