"""What a strange file may cost: it is bounded before it is parsed, and read in a process of its own that has limits."""

from __future__ import annotations

import gzip
import io
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.sources._files import archive, isolated
from steel_assets.sources._files.messages import question
from steel_assets.sources._files.table import File
from steel_assets.sources.file_import import FileMapping, FileReading, ImportRefused, ReaderUnavailable, ReadingFailed, read_table
from steel_assets_tests.sources.bombs import BOMBS, LIMITS
from steel_assets_tests.sources.reading import DAILY, MOMENT, pairs, read_here, refusal
from steel_assets_tests.sources.workbooks import ods, ods_cell, ods_row, xlsb, xlsx, zipped

ROWS = [("Date", "Price"), ("2024-03-13", 612.1 + 0.2), ("2024-03-14", 610)]
PLAIN = "".join(f"{day},{value}\n" for day, value in ROWS)
READ = [("2024-03-13", 612.1 + 0.2), ("2024-03-14", 610.0)]
FILES = Path(__file__).parent / "files"
MAPPING, SERIES = FileMapping(series=DAILY.id), {DAILY.id: DAILY}


def read(content: bytes, name: str, **limits: float) -> FileReading:
    return read_table(content, name, MAPPING, SERIES, MOMENT, limits=ReadingLimits(**limits))


def refused(content: bytes, name: str, **limits: float) -> str:
    with pytest.raises(ImportRefused) as caught:
        read(content, name, **limits)
    return str(caught.value)


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder = tmp_path_factory.mktemp("bombs")
    for kind, (name, make, _) in BOMBS.items():
        (folder / f"{kind}={name}").write_bytes(make())
    command = [sys.executable, "-m", "steel_assets_tests.sources.bombs", str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_that_becomes_large_is_refused_and_the_limit_is_named(bombs: Mapping[str, Any], kind: str) -> None:
    name, _, says = BOMBS[kind]
    message = bombs["told"][kind]
    assert message.startswith(f"{name}: ")
    assert says in message
    assert "; " in message, "a remedy"
    assert message.endswith(". Nothing was imported")


@pytest.mark.slow
def test_no_bomb_takes_more_memory_than_the_limit(bombs: Mapping[str, Any]) -> None:
    program = 200  # MiB, of Python with pandas, before it reads anything
    assert 50 < bombs["peak_mib"] < LIMITS.memory_mb + program


class MappingWithMore(FileMapping):
    """As a dropped file's says more than how it is read."""

    believe: bool = False


def parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(buffer)
    return buffer.getvalue()


HONEST = {
    "p.xlsx": xlsx({"P": ROWS}),
    "p.xlsb": xlsb({"P": ROWS}),
    "p.ods": ods(
        {
            "P": ods_row(*map(ods_cell, ["string"] * 2, map(str, ROWS[0])))
            + "".join(ods_row(ods_cell("date", str(day)), ods_cell("float", str(value))) for day, value in ROWS[1:])
        }
    ),
    "p.csv.gz": gzip.compress(PLAIN.encode(), mtime=0),
    "p.zip": zipped({"p.csv": PLAIN}),
    "p.parquet": parquet(),
    "p.xls": (FILES / "prices_1904.xls").read_bytes(),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_read_apart_is_what_would_be_read_here(name: str) -> None:
    known = pd.DataFrame({"series": DAILY.id, "period": pd.to_datetime(["2024-03-12"]), "value": [600.0], "collected_at": MOMENT})
    mapping = MappingWithMore(series=DAILY.id, day_first=True, believe=True)
    there = read_table(HONEST[name], name, mapping, SERIES, MOMENT, known)
    here = read_here(HONEST[name], name, mapping, SERIES, MOMENT, known)
    assert name == "p.xls" or pairs(there) == READ
    pd.testing.assert_frame_equal(there.figures[DAILY.id], here.figures[DAILY.id])
    assert type(there.mapping) is MappingWithMore
    assert there.mapping.model_fields_set == here.mapping.model_fields_set
    assert (there.mapping, there.assumed, there.left_out) == (here.mapping, here.assumed, here.left_out)


def test_what_the_series_holds_reaches_the_reader() -> None:
    """1.012 is 1012 in a series that is about a thousand."""
    content = xlsx({"P": [("Date", "Price"), ("2024-03-13", "1.012"), ("2024-03-14", "1.025")]})
    for held, expected in ((1000.0, [1012.0, 1025.0]), (1.0, [1.012, 1.025])):
        known = pd.DataFrame(
            {"series": DAILY.id, "period": pd.to_datetime(["2024-03-12"]), "value": [held], "collected_at": MOMENT}
        )
        assert read_table(content, "p.xlsx", MAPPING, SERIES, MOMENT, known).figures[DAILY.id]["value"].tolist() == expected


def test_a_plain_text_of_moderate_length_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "LONGEST_TEXT", len(PLAIN))
    monkeypatch.setattr(isolated.subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert pairs(read(PLAIN.encode(), "p.csv")) == READ
    with pytest.raises(pytest.fail.Exception, match="a process was started"):
        read(PLAIN.encode() + b"\n", "p.csv")


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"seconds": 0.001}, "reading it takes longer than 0.001 s, the limit; try again when the machine is less busy"),
        ({"memory_mb": 16}, "16 MiB of memory, the limit"),
    ],
)
def test_every_limit_of_the_reader_is_told_with_its_setting(limits: Mapping[str, float], says: str) -> None:
    message = refused(xlsx({"P": ROWS * 2000}), "p.xlsx", **limits)
    assert says in message
    assert f"or raise {next(iter(limits))} under imports: reading: in rules.yaml" in message


def test_a_reader_ends_by_itself_when_nobody_waits_for_it() -> None:
    asked = question(File("p.xlsx", b""), MAPPING, SERIES, MOMENT, None, ReadingLimits(seconds=0.01))
    reader = subprocess.Popen([sys.executable, "-m", isolated.READER], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert reader.stdin is not None
    reader.stdin.write(asked)
    reader.stdin.flush()
    assert reader.wait(120) == -signal.SIGALRM, "although its question has no end"
    reader.stdin.close()


@pytest.mark.parametrize("stops", [KeyboardInterrupt, subprocess.TimeoutExpired("reader", 1)])
def test_nothing_is_left_behind_when_reading_is_given_up(monkeypatch: pytest.MonkeyPatch, stops: BaseException) -> None:
    started = []

    class GivenUp(subprocess.Popen[bytes]):
        def communicate(self, *_: Any, **__: Any) -> Any:
            started.append(self.pid)
            raise stops

    monkeypatch.setattr(isolated.subprocess, "Popen", GivenUp)
    with pytest.raises((KeyboardInterrupt, ImportRefused)):
        read(HONEST["p.xlsx"], "p.xlsx")
    assert started
    assert not any(map(psutil.pid_exists, started))


def test_files_are_read_apart_from_any_thread() -> None:
    with ThreadPoolExecutor(2) as threads:
        assert [pairs(reading) for reading in threads.map(lambda _: read(HONEST["p.xlsx"], "p.xlsx"), range(2))] == [READ, READ]


def test_the_reader_is_given_no_secret_and_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_KEY", "secret-key")
    given: dict[str, Any] = {}

    class Seen(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **named: Any) -> None:
            given.update(named)
            super().__init__(*args, **named)

    monkeypatch.setattr(isolated.subprocess, "Popen", Seen)
    assert pairs(read(HONEST["p.xlsx"], "p.xlsx")) == READ
    assert set(given["env"]) == {*isolated.ENVIRONMENT, "PYTHONPATH"}


@pytest.mark.parametrize(
    ("program", "error", "says"),
    [
        ("raise SystemExit(1)", ImportRefused, "ended with code 1"),
        ("import os; os.abort()", ImportRefused, "ended by signal 6 (SIGABRT)"),
        ("print('[]')", ReadingFailed, "answered nothing that is understood"),
        ("print('{\"figures\": 1}')", ReadingFailed, "answered nothing that is understood"),
        ('print(\'{"failed": "KeyError: x"}\')', ReadingFailed, "p.xlsx: KeyError: x"),
    ],
)
def test_a_reader_that_ends_otherwise_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, error: type[Exception], says: str
) -> None:
    (tmp_path / "odd_reader.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(isolated, "READER", "odd_reader")
    with pytest.raises(error, match=r"p\.xlsx: ") as caught:
        read(HONEST["p.xlsx"], "p.xlsx")
    assert says in str(caught.value)


def test_a_reader_that_cannot_be_started_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ReaderUnavailable, match="no process could be started to read it"):
        read(HONEST["p.xlsx"], "p.xlsx")


def test_a_part_of_too_many_elements_is_refused_whatever_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MARKS", 1000)
    for name in ("xl/other.xml", "xl/media/picture.png"):
        for encoding in ("utf-8", "utf-16"):
            content = zipped({"xl/workbook.xml": "", name: ("<c/>" * 1001).encode(encoding)})
            assert f"its part '{name}' has more than 1,000 XML tags" in refusal(content, name="p.xlsx")


def test_a_logo_may_define_entities() -> None:
    content = zipped({"xl/workbook.xml": "", "xl/media/logo.svg": '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>'})
    assert "defines XML entities" not in refusal(content, name="p.xlsx")


def test_figures_of_thousands_of_digits_are_no_years() -> None:
    many = "9" * 5000
    assert "is not a date" in refusal(f"date,value\n{many},1\n{many},2\n")
    assert refusal(f"date,{many}\n{many},{many}\n")
    assert refusal(f"<table><tr><td colspan={many}>x", name="p.xls")
