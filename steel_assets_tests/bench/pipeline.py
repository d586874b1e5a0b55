"""Where the time of the pipeline goes: ``python -m steel_assets_tests.bench.pipeline``.

The demo in a folder of its own, then a second daily run: the time of each stage, the share that is Dagster's own
rather than an asset's, and what importing the definitions costs beside ``import dagster, pandas``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg
import typer

from steel_assets_tests.bench.overhead import spent
from steel_assets_tests.steel import Steel


def main() -> None:
    """Measure and print one line for each."""
    with tempfile.TemporaryDirectory() as folder:
        steel = Steel(Path(folder))
        for name in ("first demo (trains)", "second demo (a daily run)"):
            started = time.perf_counter()
            done = steel("demo")
            wall = time.perf_counter() - started
            if done.returncode != 0:
                raise SystemExit(done.stdout + done.stderr)
            typer.echo(f"{name}: {wall:.1f} s wall")
        _stages(steel.folder)
    base, ours = (
        min(_cpu_seconds(code) for _ in range(3)) for code in ("import dagster, pandas", "import steel_assets.definitions")
    )
    typer.echo(f"importing the definitions: {ours / base:.2f} × the CPU time of `import dagster, pandas`")


def _stages(folder: Path) -> None:
    os.chdir(folder)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        for record in reversed(list(instance.get_run_records())):
            took = spent(instance, record.dagster_run.run_id)
            typer.echo(f"{record.dagster_run.job_name}: {took.run:.1f} s, {took.own_share:.0%} of it Dagster's own")
            for name, seconds in sorted(took.bodies.items(), key=lambda item: -item[1])[:8]:
                typer.echo(f"  {seconds:6.2f} s  {name}")


def _cpu_seconds(code: str) -> float:
    process = subprocess.Popen([sys.executable, "-c", code])
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
