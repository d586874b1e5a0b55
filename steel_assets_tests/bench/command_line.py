"""What a command costs against its imports: ``python -m steel_assets_tests.bench.command_line``.

Processor time (user and system) and memory of a process from its start to its end, the median of RUNS, in turns, so that a busy
machine is busy for all. What Python and Jinja compile is compiled before, as on any machine but a new one. Beside each command:
an interpreter that does nothing, and one that imports the parser of arguments.
This process stays small: the system counts a child's memory from the moment at which it is still a copy of its parent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import typer

from steel_assets_tests.bench.ratios import record
from steel_assets_tests.isolation import outside

RUNS = 5
PASS, PARSER = ("-c", "pass"), ("-c", "import typer")
COMMANDS = (("--help",), ("status",), ("status", "--sizes"), ("forecast",), ("forecast", "--json"), ("keys", "list"))
MOST = {("--help",): 0.35, ("status",): 0.8, ("forecast",): 0.8}
"""Seconds of processor time that are wanted."""

MOST_MB = 80.0
"""Of ``steel --help``."""


def main() -> None:
    """Measure and print one table in Markdown."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        subprocess.run([sys.executable, "-m", "steel_assets_tests.cli.published_home", temporary], check=True, env=os.environ)
        program = f"{sys.prefix}/bin/steel"
        asked = {entry: [sys.executable, *entry] for entry in (PASS, PARSER)} | {
            command: [program, *command] for command in COMMANDS
        }
        found: dict[tuple[str, ...], list[tuple[float, float]]] = {series_id: [] for series_id in asked}
        for turn in range(RUNS + 1):
            for name, command in asked.items():
                spent = _spent(command, home)
                if turn:  # the first one compiles
                    found[name].append(spent)
    seconds = {name: median(figure[0] for figure in measured) for name, measured in found.items()}
    memory = {name: median(figure[1] for figure in measured) for name, measured in found.items()}
    typer.echo(
        f"| command | s of CPU | ÷ `python -c pass` ({seconds[PASS]:.2f} s) | ÷ `import typer` ({seconds[PARSER]:.2f} s) | MB |"
    )
    typer.echo("|---|---:|---:|---:|---:|")
    for name in COMMANDS:
        told = f" (wanted: {MOST[name]})" if seconds[name] > MOST.get(name, float("inf")) else ""
        large = f" (wanted: {MOST_MB:.0f})" if name == ("--help",) and memory[name] > MOST_MB else ""
        ratios = f"{seconds[name] / seconds[PASS]:.0f} | {seconds[name] / seconds[PARSER]:.1f}"
        record(f"command: steel {' '.join(name)}", "`import typer`", seconds[name] / seconds[PARSER], f"CPU, median of {RUNS}")
        typer.echo(f"| `steel {' '.join(name)}` | {seconds[name]:.2f}{told} | {ratios} | {memory[name]:.0f}{large} |")


def _spent(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of processor time and MB of one process. Raises SystemExit for one that could not do what it was asked."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, env=_compiled(folder), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # 1: status is yellow
            said.seek(0)
            raise SystemExit(said.read().decode()[-4000:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _compiled(folder: Path) -> dict[str, str]:
    """A user's environment, in which Python keeps what it compiled; here in ``folder``, wherever this process keeps it."""
    kept = {name: value for name, value in outside().items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}


if __name__ == "__main__":
    main()
