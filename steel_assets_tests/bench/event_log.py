"""What writing a run's events costs: ``python -m steel_assets_tests.bench.event_log``.

The events of a run of fifty steps, written by our storage and by Dagster's own, in turns: processor time, and their bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster_shared.serdes import serialize_value

from steel_assets.assets.dagster_storage import EventLog, brief
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.bench.service import say

STEPS = 50
TURNS = 2


def main() -> None:
    """Measure and print one line each."""
    events = _events()
    spent = {"ours": 0.0, "Dagster's own": 0.0}
    kinds: dict[str, Callable[[str], SqliteEventLogStorage]] = {"ours": EventLog, "Dagster's own": SqliteEventLogStorage}
    for _ in range(TURNS):
        for name, kind in kinds.items():
            spent[name] += _written(kind, events)
    ours, theirs = spent["ours"] / TURNS, spent["Dagster's own"] / TURNS
    say(f"{len(events)} events, CPU", f"{ours:.2f} s ÷ {theirs:.2f} s of Dagster's own storage = {ours / theirs:.2f}")
    small, large = (sum(len(serialize_value(event)) for event in some) for some in (map(brief, events), events))
    say(f"{len(events)} events, bytes", f"{small / 1000:.0f} kB ÷ {large / 1000:.0f} kB = {small / large:.2f}")
    record("event log: writing a run", "Dagster's own storage", ours / theirs, f"CPU, {len(events)} events, {TURNS} turns")
    record("event log: bytes of a run", "Dagster's own storage", small / large, f"{len(events)} events, without what assets say")


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


def _written(kind: Callable[[str], SqliteEventLogStorage], events: list[dg.EventLogEntry]) -> float:
    """Seconds of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        storage = kind(str(Path(folder)))
        before = sum(os.times()[:2])
        for event in events:
            storage.store_event(event)
        took = sum(os.times()[:2]) - before
        storage.dispose()
        return took


if __name__ == "__main__":
    main()
