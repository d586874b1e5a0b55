"""Sensors that watch the platform: each turns one kind of Dagster's records into alert conditions; one sends notifications.

One sensor per file, found by its name; copy ``failed_checks`` to write one. A sensor has no state of its own. How far it read a
log is stored in the alert state, in the same transaction as what it found, so that a restart, a lost cursor or a duplicate tick
neither loses nor doubles an alert. Which conditions are alerts, their severity and their recipients are in the catalogue.
"""

import pkgutil
from importlib import import_module

import dagster as dg


def watchers() -> list[dg.SensorDefinition]:
    """Every sensor of this folder; files whose name starts with ``_`` are hidden."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [getattr(import_module(f"{__name__}.{name}"), name) for name in names]
