"""What watches the platform: each sensor turns one kind of Dagster's facts into conditions, one sends what is to be told.

One sensor per file, found by its name; ``failed_checks`` is the exemplar. A sensor has no state of its own: how far a log was
read is in the alert state, changed in one step with what was found there, so that a restart, a lost cursor or a duplicate
tick neither loses nor doubles anything. What is an alert, how bad, and who is told is in the catalogue.
"""

import pkgutil
from importlib import import_module

import dagster as dg


def watchers() -> list[dg.SensorDefinition]:
    """Every sensor of this folder; files whose name starts with ``_`` are hidden."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [getattr(import_module(f"{__name__}.{name}"), name) for name in names]
