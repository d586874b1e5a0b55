"""The ``steel`` program: it says of each command what the command says of itself, and imports for one what that one needs."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.cli.commands import COMMANDS
from steel_assets.cli.main import app
from steel_assets_tests.cli.published_home import published_home
from steel_assets_tests.isolation import outside
from steel_assets_tests.steel import Steel

WATCHED = frozenset({
    "dagster", "pandas", "numpy", "pyarrow", "duckdb", "sqlalchemy", "sklearn", "scipy", "statsforecast", "prophet",
    "exchange_calendars", "matplotlib", "openpyxl", "google.auth", "fastapi", "starlette", "uvicorn", "httpx", "jinja2", "redis",
    "yaml",
})  # fmt: skip
"""Libraries that are slow to import, or large. google.auth is what each of Google's clients begins with; the empty packages
google and google.cloud are there from the start where google-cloud-aiplatform is installed."""

FRAMES = frozenset({"yaml", "numpy", "pandas", "pyarrow"})
RUNS = FRAMES | {"dagster"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "demo": RUNS, "collect": RUNS, "doctor": RUNS, "dev": RUNS, "ui": RUNS, "sandbox": RUNS, "run": RUNS, "upgrade": RUNS,
    "import": FRAMES, "backtest": FRAMES, "compare": FRAMES, "drift": FRAMES, "rollback": FRAMES, "publish": FRAMES,
    "odds": FRAMES, "experiment": FRAMES, "plan": FRAMES, "parity": FRAMES, "analysis": FRAMES, "what-if": FRAMES,
    "report": FRAMES, "export": FRAMES, "automl": FRAMES,
    "sign": FRAMES, "alerts": FRAMES, "watch": FRAMES, "quarantine": FRAMES, "imports": FRAMES, "backup": FRAMES, "lake": FRAMES,
    "warehouse": FRAMES,
    "costs": frozenset({"yaml"}), "status": frozenset({"yaml"}), "forecast": frozenset({"yaml"}),
    "serve": frozenset(), "keys": frozenset(),
}  # fmt: skip
"""What each command may import before it knows what it was asked; what else it needs it imports where it needs it."""

MAY_IMPORT_TO_ANSWER: dict[tuple[str, ...], frozenset[str]] = {
    ("--help",): frozenset(),
    ("keys", "list"): frozenset(),
    ("forecast", "--help"): frozenset({"yaml"}),
    ("forecast", "--json"): frozenset({"yaml", "starlette"}),
    ("forecast",): frozenset({"yaml", "starlette", "numpy", "pyarrow"}),
    ("status",): frozenset({"yaml", "starlette", "jinja2"}),
}
"""What may be imported until the command has answered, where everything is published and nothing is in doubt."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    return published_home(tmp_path_factory.mktemp("published"))


def imported(code: str, folder: Path | None = None) -> set[str]:
    """Which of the libraries WATCHED a fresh interpreter holds after ``code``, in ``folder`` with an environment of its own."""
    asked = (
        f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {sorted(WATCHED)!r} if name in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=folder, env=outside())
    return set(said.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_each_command_what_it_says_of_itself(name: str) -> None:
    itself = inspect.cleandoc(COMMANDS[name].load(name).help or "").replace("\n", " ")
    assert itself.startswith(COMMANDS[name].help)


def test_help_names_every_command() -> None:
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    assert [name for name in COMMANDS if f" {name} " not in said.output] == []


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant() -> None:
    said = CliRunner().invoke(app, ["forcast"])
    assert said.exit_code == 2
    assert "'forecast'" in said.output


def test_every_command_says_what_it_may_import() -> None:
    assert set(MAY_IMPORT) == set(COMMANDS)


@pytest.fixture(scope="module")
def held_after() -> dict[str, set[str]]:
    """What a fresh interpreter holds of WATCHED after each command, where they are loaded one after the other.

    Those that may import least come first, and what a command may the following may too: none hides what another imports.
    """
    ranked = sorted(MAY_IMPORT, key=lambda name: len(MAY_IMPORT[name]))
    assert all(MAY_IMPORT[name] <= MAY_IMPORT[following] for name, following in pairwise(ranked))
    code = (
        "import json, sys; from steel_assets.cli.commands import COMMANDS\n"
        f"held = {{}}\nfor name in {ranked!r}:\n    COMMANDS[name].load(name)\n"
        f"    held[name] = [library for library in {sorted(WATCHED)!r} if library in sys.modules]\n"
        "print(json.dumps(held))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=outside())
    return {name: set(found) for name, found in json.loads(said.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_command_imports_only_what_it_needs(held_after: dict[str, set[str]], name: str) -> None:
    assert held_after[name] - MAY_IMPORT[name] == set()


@pytest.mark.parametrize("arguments", MAY_IMPORT_TO_ANSWER, ids=" ".join)
def test_an_answer_takes_only_the_libraries_that_it_needs(published: Steel, arguments: tuple[str, ...]) -> None:
    code = f"sys.argv[1:] = {arguments!r}; from steel_assets.cli import main; main()"
    assert imported(code, published.folder) - MAY_IMPORT_TO_ANSWER[arguments] == set()


def test_a_command_that_imports_more_is_found() -> None:
    assert imported("import pandas") >= {"pandas", "numpy"}
