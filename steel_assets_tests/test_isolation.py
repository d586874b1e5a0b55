"""Tests touch nobody's things: what is exported, the home, the default ports and the checkout's folders stay as they are."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from steel_assets.settings import settings
from steel_assets_tests.decoys import CHECKOUT, held, servers, watched
from steel_assets_tests.isolation import INSIDE, NOBODY, ROOT, outside
from steel_assets_tests.serving.running import free_port

HERE = {name: os.environ.get(name) for name in ("HOME", "STEEL_LAKE", "STEEL_CATALOG_DIR", "DAGSTER_HOME", "STEEL_DAGSTER_URL")}
"""As it was when this file was imported, before any fixture."""


def test_from_the_first_import_on_the_environment_is_the_tests_own() -> None:
    folder = Path(os.environ[INSIDE])
    wanted = dict.fromkeys(HERE) | {"HOME": str(folder / "home"), "STEEL_DAGSTER_URL": NOBODY}
    assert wanted == HERE
    assert Path.home() == folder / "home"
    assert ROOT not in (Path.cwd(), *Path.cwd().parents)
    assert (settings().sources, settings().lake, settings().catalog_dir) == ("sandbox", None, None)
    assert {settings().dagster_url, settings().sandbox_url} == {NOBODY}


def test_what_one_process_of_a_run_compiled_the_next_one_reads() -> None:
    """Though whoever starts the run exports that nothing shall be kept, as many containers do."""
    code = "import os, steel_assets_tests, sys; print(sys.dont_write_bytecode, os.environ.get('PYTHONDONTWRITEBYTECODE'))"
    environment = {name: value for name, value in outside().items() if name != INSIDE} | {"PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).split() == ["False", "None"]


def test_a_program_that_a_test_starts_gets_no_default_address_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_LAKE", "/somewhere")
    monkeypatch.setenv("STEEL_DAGSTER_URL", "http://127.0.0.1:3000")
    told = {name: value for name, value in outside().items() if name.startswith(("STEEL_", "DAGSTER_"))}
    assert told == {"STEEL_DAGSTER_URL": NOBODY, "STEEL_SANDBOX_URL": NOBODY}


def test_no_test_starts_a_program_in_the_checkout() -> None:
    """Dagster would read its ``.env`` and write its ``.dagster``. (Building the wheel and ruff's rules have to be there.)"""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "steel_assets_tests").rglob("*.py")
        if re.search(r"cwd=(ROOT|root|project_root|Path\(__file__\)|Path\(project_root\))\b", path.read_text())
    }
    assert found == {"steel_assets_tests/test_wheel.py", "steel_assets_tests/security.py"}


TOUCHES = {
    "a default port": ("import socket; socket.create_connection(('127.0.0.1', PORT))", "the Dagster server on port PORT, by "),
    "an exported address": (
        "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['STEEL_PORT'])))",
        "the exported server on port ",
    ),
    "an exported proxy": (
        "import urllib.request as r\ntry: r.urlopen('http://example.invalid')\nexcept OSError: pass",
        "the exported server on port ",
    ),
    "the home": ("from pathlib import Path; (Path.home() / '.cache').mkdir()", "/home/.cache"),
    "the lake": ("import os, pathlib; pathlib.Path(os.environ['STEEL_LAKE'], 'x').write_text('invented')", "/steel/lake/x"),
    "the mark of a lake": ("import os, pathlib; pathlib.Path(os.environ['STEEL_LAKE'], 'lake.json').unlink()", "/lake/lake.json"),
    "the instance": ("import os, pathlib; pathlib.Path(os.environ['DAGSTER_HOME'], 'runs.db').touch()", "/dagster/runs.db"),
    "the checkout": ("import pathlib; pathlib.Path(r'ROOT', '.dagster', 'runs.db').write_text('more')", ".dagster/runs.db"),
    "a new folder of the checkout": ("import pathlib; pathlib.Path(r'ROOT', '.steel').mkdir()", "/.steel"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Somebody's checkout, in which they ran the demo."""
    (tmp_path / ".dagster").mkdir()
    (tmp_path / ".dagster" / "runs.db").write_text("runs")
    return tmp_path


@pytest.mark.parametrize("what", TOUCHES)
def test_a_command_that_touches_something_of_a_users_is_told(what: str, checkout: Path) -> None:
    port = free_port()
    code, told = (text.replace("PORT", str(port)) if "STEEL_PORT" not in text else text for text in TOUCHES[what])
    command = [sys.executable, "-c", code.replace("r'ROOT'", repr(str(checkout)))]
    failed, touched, _ = watched(checkout, {"Dagster": port}, command)
    assert failed == 0, "the command itself is content"
    assert len(touched) == 1
    assert told in touched[0]


def test_a_server_that_is_there_already_is_left_alone_and_named(checkout: Path) -> None:
    with servers({"Dagster": 0}) as ([somebodys], _):
        failed, touched, left = watched(checkout, {"Dagster": somebodys.port}, [sys.executable, "-c", ""])
        assert (failed, touched) == (0, [])
        assert left == [f"Dagster ({somebodys.port}): somebody's server is there"]
        assert somebodys.callers == []


def test_a_checkout_that_another_program_works_in_is_not_judged(checkout: Path) -> None:
    with (checkout / ".dagster" / "runs.db").open("a"):
        code = TOUCHES["the checkout"][0].replace("r'ROOT'", repr(str(checkout)))
        failed, touched, left = watched(checkout, {}, [sys.executable, "-c", code])
    assert (failed, touched) == (0, [])
    assert len(left) == 1
    assert left[0].startswith(", ".join(CHECKOUT))


def test_a_command_that_fails_keeps_its_exit_code(checkout: Path) -> None:
    assert watched(checkout, {}, [sys.executable, "-c", "import sys; sys.exit(3)"])[:2] == (3, [])


def test_what_is_held_is_seen_to_change_even_where_size_and_time_stay(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    before = held([tmp_path])
    times = file.stat()
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert {path for path, digest in held([tmp_path]).items() if before[path] != digest} == {file}


SUITE = """
import subprocess
import sys
from pathlib import Path
import pytest
from steel_assets.bootstrap import catalog, platform

MARKETS = catalog().markets  # read at import, as definitions are

@pytest.fixture(scope="session")
def published(tmp_path_factory):
    from steel_assets.settings import Settings
    made = Settings(home=tmp_path_factory.mktemp("session"))
    Path(made.lake_address).mkdir(parents=True)
    return made

@pytest.mark.parametrize("number", range(2))
def test_writes(published, number):
    assert published.lake_path.is_relative_to(published.home)
    assert MARKETS
    (Path.home() / f"written-{number}").write_text("by a test")
    Path(".steel").mkdir(exist_ok=True)
    platform().store.put(f"x/{number}", b"invented")
    said = subprocess.run([sys.executable, "-c", "from steel_assets.settings import settings; print(settings().lake_address)"],
        capture_output=True, text=True, check=True)
    assert said.stdout == ".steel/lake\\n"
"""
FEW_PLUGINS = [f"PYTHONPATH={ROOT}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"]
CONFTEST = "from steel_assets_tests.conftest import *\n"


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [{}, {"STEEL_CATALOG_DIR": "/nonexistent", "HOME": "/dev/null"}])
def test_a_suite_among_decoys_with_two_workers_touches_none_of_them(
    tmp_path: Path, checkout: Path, hostile: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session fixtures, imports, workers, children, relative paths: the ways in which a user's things were met."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_sample.py").write_text(SUITE)
    (tmp_path / "suite" / "conftest.py").write_text(CONFTEST)
    monkeypatch.chdir(checkout)
    assigned = [f"{name}={value}" for name, value in hostile.items()]
    pytest_here = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "xdist.plugin",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
        "-q",
        str(tmp_path / "suite"),
    ]
    port = free_port()
    failed, touched, left = watched(checkout, {"Dagster": port}, ["env", *assigned, *FEW_PLUGINS, *pytest_here])
    assert (failed, touched, left) == (0, [], [])
    assert sorted(path.name for path in checkout.iterdir()) == [".dagster", "suite"]


def test_the_address_of_nobody_answers_nothing() -> None:
    with (
        pytest.raises(OSError, match="refused"),
        socket.create_connection(("127.0.0.1", int(NOBODY.rpartition(":")[2])), timeout=5),
    ):
        pass


def test_a_measurement_run_by_hand_is_as_far_from_the_users_things(tmp_path: Path) -> None:
    hostile = {name: value for name, value in os.environ.items() if name != INSIDE} | {"STEEL_LAKE": str(tmp_path / "lake")}
    code = "import steel_assets_tests.bench; from steel_assets.settings import settings; print(settings().lake)"
    said = subprocess.run([sys.executable, "-c", code], env=hostile, capture_output=True, text=True, check=True)
    assert said.stdout == "None\n"
