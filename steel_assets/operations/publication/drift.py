"""Drift of each market: the newest measurements, and those before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.core.tables import DRIFT
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records

SHOWN = 260
MEASURED_DAYS = 600
"""Calendar days that contain SHOWN trading days."""

TOGETHER = "all"
"""The subject whose drift is shown for the market as a whole."""


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → ``{"subjects": newest measurement of each, "rows": every measurement shown, oldest first}``.

    A score is the share of earlier measurements that a distance exceeds. ``since`` is the first day of the newest unbroken run of
    drift; None if the newest measurement found none.
    """
    rows = tables.newest(DRIFT, "date", MEASURED_DAYS, inputs.catalog.markets, _enough)
    frame = rows.sort_values(["date", "subject"])
    return {str(market): _drift(group) for market, group in frame.groupby("market")}


def _drift(rows: pd.DataFrame) -> dict[str, Any]:
    columns = ["date", "subject", "score", "drifted", "wasserstein", "psi"]
    subjects = []
    for subject, group in rows.groupby("subject"):
        newest = records(group[columns].tail(1))[0]
        subjects.append(newest | {"since": _since(group) if newest["drifted"] else None})
        if subject == TOGETHER:
            subjects.insert(0, subjects.pop())
    days = rows["date"].drop_duplicates().tail(SHOWN)
    return {"subjects": subjects, "rows": records(rows.loc[rows["date"].isin(days), ["date", "subject", "score", "drifted"]])}


def _since(measured: pd.DataFrame) -> str:
    """First day of the newest unbroken run of drift in one subject's measurements, oldest first."""
    calm = measured.loc[~measured["drifted"], "date"]
    run = measured["date"] if calm.empty else measured.loc[measured["date"] > calm.iloc[-1], "date"]
    return f"{run.iloc[0]:%Y-%m-%d}"


def _enough(rows: pd.DataFrame) -> bool:
    """Whether one market's rows contain all days shown, and the start of every run of drift."""
    begun = all((~group["drifted"]).any() for _, group in rows.groupby("subject"))
    return bool(rows["date"].nunique() >= SHOWN and begun)
