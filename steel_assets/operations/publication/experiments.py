"""The state of every experiment of the catalogue, by day, and its variant's forecasts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.core.experiments import Experiment
from steel_assets.core.published import forecast_rows
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS, FORECASTS
from steel_assets.operations.experiment_switch import state_now
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records

LOOKS = 400
"""Days of evaluations that are published, the newest."""

DECLARED = ("id", "name", "family", "markets", "horizons", "metric", "start", "planned_days", "keys_share")
LOOKED = ("mean_gain", "gain_share", "evidence_better", "evidence_worse")
"""Columns of the newest evaluation; None before the first."""


def read(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """The declared experiments, each with its state, newest figures, ``days`` (evaluations, oldest first) and ``shadows``.

    ``shadows`` is market → the variant's rows of the issue in force, as plain rows of tables.FORECASTS. There are some only while
    the experiment collects evidence, and only if a share of API keys gets them.

    Raises:
        LookupError: the forecasts in force could not be read.
        NotAForecast: the variant's rows are not a valid forecast.
    """
    declared = inputs.catalog.experiments
    if not declared:
        return []
    looks = tables.where(EXPERIMENT_VERDICTS, {"experiment": list(declared)}).sort_values("date")
    return [
        _experiment(inputs, tables, experiment, looks[looks["experiment"] == experiment.id]) for experiment in declared.values()
    ]


def _experiment(inputs: Inputs, tables: Tables, experiment: Experiment, verdicts: pd.DataFrame) -> dict[str, Any]:
    days = records(verdicts.tail(LOOKS))
    newest = days[-1] if days else {}
    state = state_now(inputs.lake.store, experiment.id, newest.get("state"))
    told = ("date", "state", "n", "gain_share", "evidence_better", "evidence_worse")
    return {
        **experiment.model_dump(mode="json", include=set(DECLARED)),
        "end": experiment.end.isoformat(),
        "state": state,
        "looked": newest.get("date"),
        "n": newest.get("n", 0),
        **{name: newest.get(name) for name in LOOKED},
        "threshold": experiment.threshold,
        "simulated": newest.get("simulated", bool(inputs.lake.simulated)),
        "days": [{name: day[name] for name in told} for day in days],
        "shadows": _shadows(tables, experiment) if state == "collecting" and experiment.keys_share > 0 else {},
    }


def _shadows(tables: Tables, experiment: Experiment) -> dict[str, list[dict[str, Any]]]:
    """Market → the variant's rows of the issue in force."""
    if tables.latest is None:
        raise LookupError("the forecasts in force could not be read")
    found = {}
    for market in experiment.markets:
        in_force = (tables.latest.get(market) or {}).get("rows")
        if not in_force:
            continue
        asked = {"experiment": experiment.id, "market": market, "issued_date": pd.Timestamp(in_force[0]["issued_date"])}
        made = tables.where(EXPERIMENT_FORECASTS, asked)
        same = (made["as_of"].dt.floor("s") == pd.Timestamp(in_force[0]["as_of"])) & made["horizon"].isin(experiment.horizons)
        if same.any():
            found[market] = forecast_rows(FORECASTS.enforce(made[same].drop(columns="experiment")))
    return found
