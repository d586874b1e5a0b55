"""What a market more costs: ``python -m steel_assets_tests.bench.markets [--in-process 1 10 50] [--multiprocess 1 10]``.

A full daily run (``--job weekly_retraining``: that) on the simulated market, the day after all markets were run for the first
time, started as a process of its own, as the daemon does, with copies of the shipped markets, for each executor. What it took is
said in seconds and in processor time, of its processes too; only the latter means the same on a busy machine. What a market more
costs is told by asset, too. A number of markets that was not run with the multiprocess executor is estimated and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pandas as pd
import typer

from steel_assets.assets.moment import DAY_TAG
from steel_assets.catalog import load_catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.bench.overhead import Spent, spent
from steel_assets_tests.bench.step_log import RUN_CONFIG, bodies, by_asset
from steel_assets_tests.steel import ROOT

EVE, TODAY = pd.Timestamp("2026-03-17T08:00:00Z"), pd.Timestamp("2026-03-18T08:00:00Z")


@dataclass(frozen=True)
class Took:
    """What one run took.

    Attributes:
        seconds: from starting its process to the end of it.
        processor: seconds of processor time, of its children too.
        inside: what the run says.
        bodies: step to the seconds of processor time that its asset's own code took.
    """

    seconds: float
    processor: float
    inside: Spent
    bodies: dict[str, float]


@dataclass(frozen=True)
class Bench:
    """A folder with a lake and an instance, and the sandbox that it asks."""

    folder: Path
    sandbox: Sandbox
    job: str = "daily_data_update"

    def run(self, markets: int, executor: str, moment: pd.Timestamp) -> Took:
        """One run."""
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
        logged = self.folder / "run_config.yaml"
        logged.write_text(json.dumps(RUN_CONFIG))
        module = "steel_assets_tests.bench.market_definitions"
        tags = {DAY_TAG: f"{moment:%Y-%m-%d}"}
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", module, "-j", self.job]
        started, before = time.perf_counter(), _processor_time()
        done = subprocess.run(
            [*command, "--tags", json.dumps(tags), "--config", str(logged)],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        wall, processor = time.perf_counter() - started, _processor_time() - before
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            with dg.DagsterInstance.from_config(str(self.folder)) as instance:
                inside = spent(instance, instance.get_runs(limit=1)[0].run_id)
                return Took(wall, processor, inside, bodies(self.folder))
        finally:
            os.chdir(here)


def _processor_time() -> float:
    """Of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _by_asset(few: Took, many: Took, more: int, cpu: float) -> str:
    """What each asset of a market more costs in seconds of processor time, the most expensive first, and what the rest costs."""
    first, last = (by_asset(took.bodies) for took in (few, many))
    each = {name: (last[name] - first[name]) / more for name in last}
    told = [f"{name} {seconds:.2f}" for name, seconds in sorted(each.items(), key=lambda item: -item[1])]
    return ", ".join([*told, f"Dagster's own and processes that train {cpu - sum(each.values()):.2f}"])


def main() -> None:
    """Measure and print one line for each, then the default that follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-process", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--multiprocess", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--job", default="daily_data_update")
    chosen, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, Sandbox(load_catalog()) as sandbox:
        shutil.copy(ROOT / "dagster.yaml", folder)
        bench = Bench(Path(folder), sandbox, chosen.job)
        for job in dict.fromkeys(("daily_data_update", chosen.job)):  # a retraining is measured the day after another
            replace(bench, job=job).run(max(chosen.in_process + chosen.multiprocess), "in_process", EVE)
        turns = [("in_process", count) for count in chosen.in_process] + [
            ("multiprocess", count) for count in chosen.multiprocess
        ]
        measured: dict[str, dict[int, Took]] = {"in_process": {}, "multiprocess": {}}
        for turn, (executor, count) in enumerate(turns):
            took = bench.run(count, executor, TODAY + pd.Timedelta(minutes=turn))
            measured[executor][count] = took
            own, around = 1 - sum(took.inside.bodies.values()) / took.seconds, took.seconds - took.inside.run
            said = f"{took.seconds:.1f} s, {took.processor:.1f} s of CPU"
            if executor == "in_process":
                said += f", {own:.0%} of it not in assets ({around:.1f} s before and after the run)"
            typer.echo(f"{chosen.job}, {executor}, {count} markets: {said}")
        for executor, runs in measured.items():
            if len(runs) > 1:
                few, many = min(runs), max(runs)
                each, cpu = (
                    (last - first) / (many - few)
                    for first, last in (
                        (runs[few].seconds, runs[many].seconds),
                        (runs[few].processor, runs[many].processor),
                    )
                )
                typer.echo(f"a market more, {executor}: {each:.2f} s, {cpu:.2f} s of CPU")
                typer.echo(f"  of it by asset: {_by_asset(runs[few], runs[many], many - few, cpu)}")
                for count in sorted(set(measured["in_process"]) - set(runs)):
                    about = runs[few].seconds + each * (count - few)
                    typer.echo(f"{chosen.job}, {executor}, {count} markets: about {about:.0f} s (estimated)")


if __name__ == "__main__":
    main()
