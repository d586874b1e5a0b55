"""Upgrades the data of an earlier release to this one: first a list of the changes, then the changes, part by part.

Databases come first, since the other parts read them. Every part can be applied twice; the second time it adds nothing. Changes
that would also happen over time by themselves (compacted files, columns added at the first write) are included, so that they do
not wait for a run.
"""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

import dagster as dg
import pandas as pd

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.stored_state import FORMER_KEY, STATE_KEY, has_former_name, rename_former
from steel_assets.adapters.lake.snapshots import SnapshotDamaged, SnapshotStore
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.dagster_internals import databases_behind
from steel_assets.assets.declare import Installation
from steel_assets.assets.migration import migrate
from steel_assets.core.problem import Problem
from steel_assets.core.tables import FORECASTS, WAREHOUSE_TABLES
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publishing import publish


class NotUpgraded(Problem):
    """A part could not be upgraded; the message names it."""


@dataclass(frozen=True)
class UpgradeStep:
    """One part of an installation.

    Attributes:
        name: shown to people.
        changes: the changes it needs, one sentence each; empty if it is up to date.
        apply: makes the changes.
    """

    name: str
    changes: Callable[[], list[str]]
    apply: Callable[[], None]


def parts_of(
    instance: dg.DagsterInstance,
    inputs: Inputs,
    outbox: Outbox,
    snapshots: SnapshotStore,
    here: Installation,
    now: datetime,
) -> list[UpgradeStep]:
    """The parts of the installation, in the order in which they are upgraded.

    Args:
        inputs: what the publication reads, the tables among them.
    """
    warehouse = inputs.warehouse
    return [
        UpgradeStep("Dagster's databases", lambda: _databases(instance), lambda: upgrade_databases(instance)),
        UpgradeStep("tables", lambda: _tables(warehouse), lambda: _add_columns(warehouse)),
        UpgradeStep("alert state", lambda: _alert_state(outbox.store), lambda: rename_former(outbox.store)),
        UpgradeStep(
            "assets",
            lambda: _assets(instance, warehouse, outbox, here, now),
            lambda: _show(instance, warehouse, outbox, here, now),
        ),
        UpgradeStep("what is served", lambda: _served(warehouse, snapshots), lambda: _publish(inputs, snapshots, now)),
    ]


def plan(parts: list[UpgradeStep]) -> dict[str, list[str]]:
    """The changes that an upgrade would make, by the part's name; nothing is changed. Parts that are up to date are left out."""
    found = {part.name: part.changes() for part in parts}
    return {name: changes for name, changes in found.items() if changes}


def upgrade(parts: list[UpgradeStep]) -> dict[str, list[str]]:
    """Make all changes, and return them by the part's name.

    Raises:
        NotUpgraded: a part still needs changes afterwards.
    """
    done = {}
    for part in parts:
        changes = part.changes()
        if changes:
            part.apply()
            done[part.name] = changes
            if left := part.changes():
                raise NotUpgraded(f"{part.name}: not upgraded completely; still to be changed: {'; '.join(left)}")
    return done


def upgrade_databases(instance: dg.DagsterInstance) -> None:
    """Bring the instance's databases to this version of Dagster. Prints its progress, as ``dagster instance migrate`` does."""
    if databases_behind(instance):
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            instance.upgrade()


def _databases(instance: dg.DagsterInstance) -> list[str]:
    return [f"the database of {name}: {revisions}" for name, revisions in databases_behind(instance).items()]


def _tables(warehouse: Warehouse) -> list[str]:
    lacking = {table.name: warehouse.lacking(table) for table in WAREHOUSE_TABLES}
    return [f"table {name}: column {', '.join(columns)} is added, empty" for name, columns in lacking.items() if columns]


def _add_columns(warehouse: Warehouse) -> None:
    for table in WAREHOUSE_TABLES:
        warehouse.count(table)  # whoever asks an older table gives it the columns it lacks


def _alert_state(store: ObjectStore) -> list[str]:
    return [f"{FORMER_KEY} is renamed to {STATE_KEY}"] if has_former_name(store) else []


def _assets(instance: dg.DagsterInstance, warehouse: Warehouse, outbox: Outbox, here: Installation, now: datetime) -> list[str]:
    if databases_behind(instance):
        return []  # they cannot be asked before they are of this release
    found = migrate(instance, warehouse, outbox, here, now, only_count=True)
    counts = {
        f"{found.newest} assets are shown under the markets' own keys": found.newest,
        f"{found.days} days of issue are shown as partitions": found.days,
        f"{found.closed} incidents about former keys are closed": found.closed,
    }
    return [text for text, count in counts.items() if count]


def _show(instance: dg.DagsterInstance, warehouse: Warehouse, outbox: Outbox, here: Installation, now: datetime) -> None:
    migrate(instance, warehouse, outbox, here, now)


def _served(warehouse: Warehouse, snapshots: SnapshotStore) -> list[str]:
    try:
        pointer = snapshots.pointer()
        if pointer is not None:
            snapshots.content(pointer)
            return []
    except SnapshotDamaged as error:
        return [f"it is published anew: {error}"]
    return ["a snapshot is published, from which the service of this release answers"] if warehouse.count(FORECASTS) else []


def _publish(inputs: Inputs, snapshots: SnapshotStore, now: datetime) -> None:
    in_force = publish(inputs, snapshots, pd.Timestamp(now).floor("s"))
    if in_force.failed:
        raise NotUpgraded(f"some parts of the published snapshot could not be renewed: {in_force.failed}")
