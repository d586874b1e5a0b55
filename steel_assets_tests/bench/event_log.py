"""What writing a run's events costs: ``python -m steel_assets_tests.bench.event_log [--kept .dagster/history]``.

The events of a run of fifty steps, or the most that a kept run has left, written by our storage and by Dagster's own, in turns:
processor time, the bytes of the run's own file as it is written and as it is kept (ours is packed an hour after the run ended),
and by how much such a run makes the index larger.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME

from steel_assets.assets.dagster_storage import EventLog
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.bench.service import say

STEPS = 50
TURNS = 2
RUNS = 3
"""Runs that are written into one index in the first turn: of its pages, the first run fills some that were there."""


@dataclass
class Spent:
    """What a run's events have taken.

    Attributes:
        seconds: processor time to write them.
        own: bytes of the run's file when it has ended, and ``kept`` after it was packed in ``packing`` seconds of processor time.
        index: bytes by which the index grew.
    """

    seconds: float = 0
    own: int = 0
    kept: int = 0
    packing: float = 0
    index: float = 0

    def both(self) -> float:
        return self.kept + self.index


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, help="folder of runs and events of an instance, whose longest run is written again")
    chosen, _ = parser.parse_known_args()
    events = _events() if chosen.kept is None else _kept(chosen.kept)
    spent = {"ours": Spent(), "Dagster's own": Spent()}
    kinds: dict[str, Callable[[str], SqliteEventLogStorage]] = {"ours": EventLog, "Dagster's own": SqliteEventLogStorage}
    for turn in range(TURNS):
        for name, kind in kinds.items():
            written = _written(kind, events, 1 if turn else RUNS)
            spent[name] = replace(spent[name] if turn else written, seconds=spent[name].seconds + written.seconds)
    ours, theirs = spent["ours"].seconds / TURNS, spent["Dagster's own"].seconds / TURNS
    say(f"{len(events)} events, CPU", f"{ours:.2f} s ÷ {theirs:.2f} s of Dagster's own storage = {ours / theirs:.2f}")
    for name, size in spent.items():
        packed = f", {size.kept / 1000:.0f} kB packed in {size.packing:.2f} s of CPU" if size.kept != size.own else ""
        say(
            f"{len(events)} events, {name}",
            f"{size.own / 1000:.0f} kB of its own{packed}, {size.index / 1000:.0f} kB in the index",
        )
    small, large = spent["ours"].both(), spent["Dagster's own"].both()
    say(f"{len(events)} events, bytes", f"{small / 1000:.0f} kB ÷ {large / 1000:.0f} kB = {small / large:.2f}")
    record("event log: writing a run", "Dagster's own storage", ours / theirs, f"CPU, {len(events)} events, {TURNS} turns")
    record("event log: bytes of a run", "Dagster's own storage", small / large, f"{len(events)} events, both files")


def _kept(history: Path) -> list[dg.EventLogEntry]:
    """What the run with most events in the index left; the files of the others are not opened."""
    with closing(sqlite3.connect(history / "runs" / f"{INDEX_SHARD_NAME}.db")) as index:
        [run] = index.execute("SELECT run_id FROM event_logs GROUP BY run_id ORDER BY count(*) DESC LIMIT 1").fetchone()
    return list(EventLog(str(history / "runs")).get_logs_for_run(run))


def _events() -> list[dg.EventLogEntry]:
    """What a run of STEPS assets with a check each leaves."""

    def step(number: int) -> dg.AssetsDefinition:
        key = dg.AssetKey(["market", f"figures_{number}"])

        @dg.asset(key=key, check_specs=[dg.AssetCheckSpec("whole", asset=key)])
        def figures() -> dg.MaterializeResult:
            return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="whole", asset_key=key)])

        return figures

    defined = dg.Definitions(
        [step(number) for number in range(STEPS)], jobs=[dg.define_asset_job("all", dg.AssetSelection.all())]
    )
    with dg.DagsterInstance.ephemeral() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        run = defined.resolve_job_def("all").execute_in_process(instance=instance, run_config=quiet)
        return list(instance.all_logs(run.run_id))


def _written(kind: Callable[[str], SqliteEventLogStorage], events: list[dg.EventLogEntry], count: int) -> Spent:
    """What ``count`` runs with these events take, each; with one run, nothing is said of the index."""
    with tempfile.TemporaryDirectory() as folder:
        storage, runs = kind(folder), [str(uuid4()) for _ in range(count)]
        took, packing, index = 0.0, 0.0, []
        for run in runs:
            began = time.process_time()
            for event in events:
                storage.store_event(event._replace(run_id=run))
            took += time.process_time() - began
            own = _bytes(folder, run)
            began = time.process_time()
            if isinstance(storage, EventLog):
                storage.pack([run], lambda: True)
            packing += time.process_time() - began
            index.append(_used(folder, INDEX_SHARD_NAME))
        kept = _bytes(folder, runs[0])
        storage.dispose()
        return Spent(took / count, own, kept, packing / count, (index[-1] - index[0]) / max(count - 1, 1))


def _used(folder: str, shard: str) -> int:
    """Bytes of the pages of a file that hold something: free ones are filled before it grows."""
    whole = _bytes(folder, shard)
    with closing(sqlite3.connect(Path(folder) / f"{shard}.db")) as file:
        free, page = (file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
    return whole - int(free) * int(page)


def _bytes(folder: str, shard: str) -> int:
    """Of a file, without what is still in the log beside it, which is moved into it first."""
    path = Path(folder) / f"{shard}.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


if __name__ == "__main__":
    main()
