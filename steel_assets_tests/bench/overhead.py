"""What of a run is Dagster's own: everything that is not the body of an asset."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

ENDS = frozenset({"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "STEP_OUTPUT", "STEP_FAILURE"})
"""The first of these after a step's start is written when the body of its asset has returned."""


@dataclass(frozen=True)
class Spent:
    """Seconds of one run.

    Attributes:
        bodies: step to the time its asset's own code took.
        run: from the start of the run to its end.
    """

    bodies: dict[str, float]
    run: float

    @property
    def own_share(self) -> float:
        """Dagster's share of the run."""
        return 1 - sum(self.bodies.values()) / self.run


def spent(instance: dg.DagsterInstance, run_id: str) -> Spent:
    """Read from the run's events."""
    begun: dict[str, float] = {}
    bodies: dict[str, float] = {}
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        if event is None or entry.step_key is None:
            continue
        if event.event_type_value == "STEP_START":
            begun[entry.step_key] = entry.timestamp
        elif event.event_type_value in ENDS and entry.step_key in begun:
            bodies.setdefault(entry.step_key, entry.timestamp - begun[entry.step_key])
    record = instance.get_run_record_by_id(run_id)
    return Spent(bodies, (record.end_time or 0.0) - (record.start_time or 0.0) if record else 0.0)
