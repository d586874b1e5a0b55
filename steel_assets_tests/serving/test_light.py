"""The service stays small: what it imports, and what its package carries."""

from __future__ import annotations

import subprocess
import sys

HEAVY = "dagster pandas numpy pyarrow duckdb sklearn prophet exchange_calendars matplotlib google.auth openpyxl"


def imported(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter holds after ``code``."""
    asked = f"import sys\n{code}\nprint(*[name for name in {HEAVY.split()!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(said.stdout.split())


def test_the_service_and_its_commands_import_nothing_that_computes() -> None:
    assert (
        imported("import steel_assets.cli.main, steel_assets.cli.serve, steel_assets.cli.keys, steel_assets.serving.run") == set()
    )


def test_publishing_needs_neither_dagster_nor_a_model_library() -> None:
    assert not imported("import steel_assets.operations.publishing") & {"dagster", "sklearn", "prophet", "matplotlib"}


def test_steel_serve_and_keys_start_where_dagster_is_not_installed() -> None:
    without = "import sys\nsys.modules['dagster'] = None\nsys.argv = ['steel', 'keys', '--help']\n"
    code = f"{without}from steel_assets.cli import main\nmain()"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "revoke" in said.stdout
