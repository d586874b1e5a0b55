"""The wheel of a release, installed as a stranger would install it and started in an empty folder, without a checkout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from steel_assets import __version__
from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.serving.running import free_port

pytestmark = pytest.mark.slow

TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make release`` builds."""
    folder = tmp_path_factory.mktemp("dist")
    command = [str(TOOLS / "hatchling"), "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel; it sees the locked libraries, and not the checkout."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    install = [str(TOOLS / "uv"), "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(environment), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    packages = next((environment / "lib").glob("python3*")) / "site-packages"
    (packages / "locked.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return environment / "bin"


def variables(programs: Path) -> dict[str, str]:
    """The environment of a user of those programs; nothing in it leads to the checkout."""
    environment = {name: value for name, value in outside().items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return environment | {"PATH": f"{programs}:{environment['PATH']}", "COLUMNS": "160", "STEEL_HTTP_TIMEOUT_SECONDS": "300"}


def run(programs: Path, folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a program of that environment does in ``folder``, with ``settings``."""
    started = [str(programs / command[0]), *command[1:]]
    environment = variables(programs) | settings
    return subprocess.run(started, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_carries_every_file_of_the_package_and_the_instance_of_one_machine(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path for path in (ROOT / "steel_assets").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in files} - names == set()
    assert zipfile.ZipFile(wheel).read("steel_assets/dagster.yaml") == (ROOT / "dagster.yaml").read_bytes()
    assert {name.split("/")[0] for name in names} == {"steel_assets", f"steel_assets-{__version__}.dist-info"}


def test_it_is_the_wheel_that_answers_and_it_says_its_release(programs: Path, tmp_path: Path) -> None:
    where = run(programs, tmp_path, "python", "-c", "import steel_assets; print(steel_assets.__file__)")
    assert where.stdout.startswith(str(programs.parent)), where.stdout + where.stderr
    said = run(programs, tmp_path, "steel", "--version")
    assert (said.returncode, said.stdout) == (0, f"steel-assets {__version__}\n"), said.stderr
    assert "Run the whole pipeline, from raw prices to published forecasts" in run(programs, tmp_path, "steel", "--help").stdout
    assert list(tmp_path.iterdir()) == []


def test_its_status_says_what_to_do_first(programs: Path, tmp_path: Path) -> None:
    said = run(programs, tmp_path, "steel", "status")
    assert (said.returncode, said.stderr) == (2, ""), "nothing is published: red"
    assert "nothing was collected yet: run `steel demo`" in said.stdout
    assert not (tmp_path / "dagster.yaml").exists()


def test_a_command_that_needs_an_instance_says_which_ones_begin_one(programs: Path, tmp_path: Path) -> None:
    said = run(programs, tmp_path, "steel", "collect")
    assert said.returncode == 2
    assert "no dagster.yaml in this folder" in said.stderr
    assert "`steel demo`" in said.stderr
    assert not (tmp_path / "dagster.yaml").exists()


def test_a_demo_begins_an_instance_in_an_empty_folder_and_prices_are_collected_into_it(programs: Path, tmp_path: Path) -> None:
    code = "from rich.console import Console; from steel_assets.cli.session import Session\n"
    code += "with Session.open(Console(), begin=True) as session: print(session.platform.catalog.markets.keys())"
    begun = run(programs, tmp_path, "python", "-c", code)
    assert begun.returncode == 0, begun.stderr
    assert "rebar_fob_turkey" in begun.stdout
    assert (tmp_path / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    collected = run(programs, tmp_path, "steel", "collect", "--source", "yahoo_finance", STEEL_HISTORY_YEARS="1")
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert {path.name for path in tmp_path.iterdir()} == {".dagster", ".steel", "dagster.yaml"}
    checked = json.loads(run(programs, tmp_path, "steel", "doctor", "--json").stdout)
    assert [entry["detail"] for entry in checked if not entry["ok"]] == []


def test_its_dagster_ui_finds_the_code_without_a_workspace_in_the_folder(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    port = free_port()
    question = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"}
    with (tmp_path / "log").open("wb") as log:
        command = [str(programs / "steel"), "ui", "--port", str(port)]
        settings = variables(programs) | {"DAGSTER_HOME": str(tmp_path)}
        process = subprocess.Popen(command, cwd=tmp_path, env=settings, stdout=log, stderr=log)
        try:
            jobs = until_answered(f"http://127.0.0.1:{port}/graphql", question, process)
        finally:
            process.terminate()
            process.wait(60)
    assert "daily_data_update" in jobs, (tmp_path / "log").read_text()[-2000:]


def until_answered(url: str, question: dict[str, str], process: subprocess.Popen[bytes]) -> str:
    """What a server that is starting answers; an empty text where it ends before."""
    while process.poll() is None:
        try:
            return httpx.post(url, json=question, timeout=300, trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.2)
    return ""


def test_a_release_has_its_heading_in_the_change_log_and_what_is_on_its_way_stands_under_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    number, _, on_its_way = __version__.partition(".dev")
    assert re.fullmatch(r"\d+\.\d+\.\d+", number)
    if on_its_way:
        assert headings[0] == ("Unreleased", "")
        assert number not in dict(headings), "this number was released; __version__ is to name the next one"
    else:
        assert dict(headings).get(number), f"CHANGELOG.md has no heading ## [{number}] - YYYY-MM-DD"
    assert all(day for name, day in headings if name != "Unreleased")


@pytest.mark.chaos  # a retraining of five markets and a daily run: minutes on a busy machine
def test_the_whole_demo_runs_from_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    done = run(programs, tmp_path, "steel", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every asset materialised, every check passed" in done.stdout
