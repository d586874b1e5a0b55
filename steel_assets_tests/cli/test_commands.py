"""The ``steel`` program: it says of each command what the command says of itself, and imports for one what that one needs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from steel_assets.cli.commands import COMMANDS
from steel_assets.cli.main import app

SERVICE = "dagster pandas pyarrow duckdb sklearn scipy prophet exchange_calendars matplotlib google.cloud fastapi"
"""Nothing of this is needed to say what there is, to make a key, or before the service is asked to start."""

COMPUTING = "dagster sklearn scipy.stats prophet matplotlib google.cloud fastapi duckdb"
"""Nothing of this is needed before a command that only reads and computes knows what it was asked."""

RUN_NOTHING = [
    "import", "backtest", "compare", "drift", "forecast", "odds", "rollback", "publish", "sign",
    "alerts", "quarantine", "imports", "lake", "warehouse",
]  # fmt: skip

MAY_NOT_IMPORT = dict.fromkeys(("serve", "keys"), SERVICE) | dict.fromkeys(RUN_NOTHING, COMPUTING)


def imported(code: str, watched: str) -> set[str]:
    """Which of the libraries ``watched`` a fresh interpreter holds after ``code``."""
    asked = f"import sys\n{code}\nprint(*[name for name in {watched.split()!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(said.stdout.split())


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


def test_help_imports_nothing_that_computes() -> None:
    assert imported("import steel_assets.cli.main, steel_assets.cli.commands", SERVICE) == set()


@pytest.mark.parametrize("name", MAY_NOT_IMPORT)
def test_a_command_imports_only_what_it_needs(name: str) -> None:
    code = f"from steel_assets.cli.commands import COMMANDS\nCOMMANDS[{name!r}].load({name!r})"
    assert imported(code, MAY_NOT_IMPORT[name]) == set()
