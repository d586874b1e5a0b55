"""What a market more costs: ``python -m steel_assets_tests.bench.markets [--in-process 1 10 50] [--multiprocess 1 10]``.

A full daily run on the simulated market, started as a process of its own, as the daemon does, with copies of the shipped
markets, for each executor. A number of markets that was not run with the multiprocess executor is estimated and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pandas as pd
import typer

from steel_assets.assets.moment import DAY_TAG
from steel_assets.catalog import load_catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.bench.overhead import Spent, spent
from steel_assets_tests.steel import ROOT

EVE, TODAY = pd.Timestamp("2026-03-17T08:00:00Z"), pd.Timestamp("2026-03-18T08:00:00Z")


@dataclass(frozen=True)
class Bench:
    """A folder with a lake and an instance, and the sandbox that it asks."""

    folder: Path
    sandbox: Sandbox

    def run(self, markets: int, executor: str, moment: pd.Timestamp) -> tuple[float, Spent]:
        """One daily run: seconds from starting the process to its end, and what was spent inside."""
        self.sandbox.set_clock(moment.to_pydatetime())
        environment = os.environ | {
            "DAGSTER_HOME": str(self.folder),
            "STEEL_HOME": str(self.folder / "home"),
            "STEEL_SANDBOX_URL": self.sandbox.url,
            "BENCH_MARKETS": str(markets),
            "BENCH_EXECUTOR": executor,
            "BENCH_MOMENT": moment.isoformat(),
            "PYTHONPATH": str(ROOT),
        }
        module = "steel_assets_tests.bench.market_definitions"
        tags = {DAY_TAG: f"{moment:%Y-%m-%d}"}
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", module, "-j", "daily_data_update"]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, "--tags", json.dumps(tags)], env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with dg.DagsterInstance.from_config(str(self.folder)) as instance:
                return wall, spent(instance, instance.get_runs(limit=1)[0].run_id)
        finally:
            os.chdir(before)


def main() -> None:
    """Measure and print one line for each, then the default that follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-process", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--multiprocess", type=int, nargs="+", default=[1, 10])
    chosen, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, Sandbox(load_catalog()) as sandbox:
        shutil.copy(ROOT / "dagster.yaml", folder)
        bench = Bench(Path(folder), sandbox)
        bench.run(1, "in_process", EVE)
        turns = [("in_process", count) for count in chosen.in_process] + [
            ("multiprocess", count) for count in chosen.multiprocess
        ]
        measured: dict[str, dict[int, float]] = {"in_process": {}, "multiprocess": {}}
        for turn, (executor, count) in enumerate(turns):
            wall, inside = bench.run(count, executor, TODAY + pd.Timedelta(minutes=turn))
            measured[executor][count] = wall
            own = 1 - sum(inside.bodies.values()) / wall
            said = f", {own:.0%} of it not in assets ({wall - inside.run:.1f} s before and after the run)"
            typer.echo(f"daily run, {executor}, {count} markets: {wall:.1f} s{said if executor == 'in_process' else ''}")
        for executor, walls in measured.items():
            if len(walls) > 1:
                (few, first), (many, last) = min(walls.items()), max(walls.items())
                each = (last - first) / (many - few)
                typer.echo(f"a market more, {executor}: {each:.2f} s")
                for count in sorted(set(measured["in_process"]) - set(walls)):
                    typer.echo(f"daily run, {executor}, {count} markets: about {first + each * (count - few):.0f} s (estimated)")


if __name__ == "__main__":
    main()
