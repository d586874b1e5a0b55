"""A daily run of day one against one of year ten: ``python -m steel_assets_tests.bench.years [--keep FOLDER]``.

Homes on the simulated market: one that began yesterday with ten years of history, one that has lived ten more years: raw files
of every day (compacted, as the daemon would have), tables, forecasts, messages and measurements of every day, made from those of
one real day. Printed are time, processor time, memory and requests to the object store of the next daily run in both.

On day one nothing was published or scored yet, while every window of days that is listed, scored or published is full from day
FULL on. A third home that has lived so many days stands between the two: what it takes more than the first is a window that
fills, once; what the last takes more than it is growth with the years.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import typer

from steel_assets.sandbox import Sandbox, economy, simulated_history
from steel_assets_tests.bench.aged_home import lived
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.bench.year_run import early
from steel_assets_tests.steel import ROOT

EVE_OF_DAY_ONE, DAY_ONE = pd.Timestamp("2016-11-16T08:00:00Z"), pd.Timestamp("2016-11-17T08:00:00Z")
EVE_OF_YEAR_TEN, YEAR_TEN = pd.Timestamp("2026-11-17T08:00:00Z"), pd.Timestamp("2026-11-18T08:00:00Z")
FULL = pd.Timedelta(days=801)
"""Older than the longest window: alerts are kept 800 days, scores look 600 back."""

EVE_OF_FULL, DAY_FULL = EVE_OF_DAY_ONE + FULL, DAY_ONE + FULL
TURNS = 3
MOST = {"seconds": 1.15, "cpu": 1.15, "requests": 1.15, "memory": 1.2}


@dataclass(frozen=True)
class Home:
    """A folder with a lake, a warehouse and an instance, and the sandbox that it asks."""

    folder: Path
    sandbox: Sandbox
    history_years: int

    def copied(self, folder: Path) -> Home:
        """The same home in another folder."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def run(self, moment: pd.Timestamp) -> dict[str, Any]:
        """One daily run in a process of its own, and what it cost. Raises SystemExit when it fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "dagster.yaml", self.folder)
        self.sandbox.set_clock(moment.to_pydatetime())
        environment = os.environ | {
            "DAGSTER_HOME": str(self.folder),
            "STEEL_HOME": str(self.folder / "home"),
            "STEEL_SANDBOX_URL": self.sandbox.url,
            "STEEL_HISTORY_YEARS": str(self.history_years),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "steel_assets_tests.bench.year_run", moment.isoformat()]
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=said, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            said.seek(0)
            errors.seek(0)
            lines = said.read().splitlines()
            if status or not lines:
                raise SystemExit(errors.read()[-4000:])
        found: dict[str, Any] = json.loads(lines[-1])
        if not found["success"]:
            raise SystemExit(f"{self.folder} at {moment}: {found['failed']}")
        return found | {"memory": usage.ru_maxrss / 1024}


@contextmanager
def older_market() -> Iterator[None]:
    """Inside, the simulated market begins ten years earlier, so that day one has ten years behind it."""
    before = economy.BEGINNING, economy.WARMING_UP, simulated_history.BEGINNING
    earlier = before[0] - pd.DateOffset(years=10)
    economy.BEGINNING, economy.WARMING_UP, simulated_history.BEGINNING = earlier, earlier - pd.DateOffset(years=1), earlier
    try:
        yield
    finally:
        economy.BEGINNING, economy.WARMING_UP, simulated_history.BEGINNING = before


def main() -> None:
    """Build the homes, run each, print the table; what the largest growth is made of comes after it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="build the homes here and leave them as they are: each run is made in a copy")
    parser.add_argument("--markets", help="how many of the shipped markets; all by default")
    chosen, _ = parser.parse_known_args()
    if chosen.markets:
        os.environ["BENCH_MARKETS"] = chosen.markets
    with tempfile.TemporaryDirectory() as temporary, older_market(), Sandbox(early()) as sandbox:
        root = chosen.keep or Path(temporary)
        young, old = Home(root / "young", sandbox, 10), Home(root / "old", sandbox, 20)
        if not young.folder.exists():
            young.run(EVE_OF_DAY_ONE)
        full = Home(root / "full", sandbox, 12)
        for home, eve in ((full, EVE_OF_FULL), (old, EVE_OF_YEAR_TEN)):
            if not home.folder.exists():
                home.run(eve)
                started = time.perf_counter()
                lived(home.folder / "home", EVE_OF_DAY_ONE, eve)
                typer.echo(f"{(eve - EVE_OF_DAY_ONE).days} days were made in {time.perf_counter() - started:.0f} s")
        tries = ((young, DAY_ONE), (full, DAY_FULL), (old, YEAR_TEN))
        copies = Path(temporary) / "copies"
        turns = [
            [home.copied(copies / f"{turn}" / home.folder.name).run(moment) for home, moment in tries] for turn in range(TURNS)
        ]
        table(*(least(runs) for runs in zip(*turns, strict=True)))


def least(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The least of each figure of the same run made several times."""
    figures = {name: min(run[name] for run in runs) for name in ("seconds", "cpu", "memory")}
    steps = {name: min(run["steps"][name] for run in runs) for name in runs[0]["steps"]}
    return runs[0] | figures | {"steps": steps}


def table(first: dict[str, Any], full: dict[str, Any], last: dict[str, Any]) -> None:
    """Print the runs, the ratio of the last to the first, and that to the one from which on windows are full."""
    for found in (first, full, last):
        found["by_kind"], found["requests"] = found["requests"], sum(found["requests"].values())
    for name, unit in (("seconds", "s"), ("cpu", "s of CPU"), ("requests", "requests"), ("memory", "MB")):
        ratio, grown = last[name] / first[name], last[name] / full[name]
        how = f"the least of {TURNS} daily runs each, in turns, of as many markets as were asked for"
        record(f"a day of year ten: {name}", "a day of year one", ratio, how)
        record(f"a day of year ten: {name}", f"day {FULL.days}, from which on windows are full", grown, how)
        told = "" if ratio <= MOST[name] else f" (wanted: {MOST[name]})"
        typer.echo(
            f"day one {first[name]:8.1f}   day {FULL.days} {full[name]:8.1f}   year ten {last[name]:8.1f} {unit}: {ratio:.2f} × "
            f"day one{told}, {grown:.2f} × day {FULL.days}"
        )
    for title, mine in (("requests", "by_kind"), ("seconds", "steps")):
        more = {key: last[mine].get(key, 0) - first[mine].get(key, 0) for key in {*first[mine], *last[mine]}}
        for key, by in sorted(more.items(), key=lambda one: -abs(one[1]))[:12]:
            days = " → ".join(f"{day[mine].get(key, 0):.2f}" for day in (first, full, last))
            typer.echo(f"  {by:+8.2f} {title}  {key}  ({days})")


if __name__ == "__main__":
    main()
