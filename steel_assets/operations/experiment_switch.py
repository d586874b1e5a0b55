"""Whether a person stopped an experiment: a note in the lake, ``state/experiments/<experiment>.json``, removed on restart.

A damaged note is moved to quarantine and the experiment continues, which is harmless because its forecasts are not published.
"""

import json
from typing import Any

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.experiments import FINAL, State


def stopped_since(store: ObjectStore, experiment: str) -> pd.Timestamp | None:
    """The time (UTC) at which ``experiment`` was stopped; None if it is not stopped."""
    return read_kept(store, _key(experiment), _moment)


def state_now(store: ObjectStore, experiment: str, last: State | None) -> State:
    """The present state of ``experiment``, whose last evaluation found ``last`` (None: none); it may be stopped since."""
    if last in FINAL:
        return last
    return "collecting" if stopped_since(store, experiment) is None else "stopped"


def stop(store: ObjectStore, experiment: str, moment: pd.Timestamp) -> bool:
    """Stop the forecasts of ``experiment`` from ``moment`` (UTC) on. False if it was stopped already."""
    if stopped_since(store, experiment) is not None:
        return False
    store.put(_key(experiment), json.dumps({"stopped_at": moment.isoformat()}).encode())
    return True


def start(store: ObjectStore, experiment: str) -> bool:
    """Continue ``experiment``. False if it was not stopped."""
    if stopped_since(store, experiment) is None:
        return False
    store.delete(_key(experiment))
    return True


def _moment(text: Any) -> pd.Timestamp:
    found = pd.Timestamp(text["stopped_at"])
    if found.tz is None:
        raise ValueError("it says no moment")
    return found


def _key(experiment: str) -> str:
    return f"state/experiments/{experiment}.json"
