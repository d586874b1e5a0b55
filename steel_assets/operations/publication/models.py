"""Models in force, decisions with their reasons, daily metrics, and daily costs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from steel_assets.adapters.models.files import ModelStoreError
from steel_assets.core.costs import month_projection_usd
from steel_assets.core.tables import METRICS_DAILY, PROMOTIONS
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records

DECISIONS = 1000
DAYS = 400
MEASURED_DAYS = 460


def champions(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """One row per market and horizon with a model in force: version, since when, and every earlier switch."""
    found: list[dict[str, Any]] = []
    for market in inputs.catalog.markets.values():
        for horizon in market.horizons:
            row: dict[str, Any] = {"market": market.id, "horizon": horizon}
            try:
                pointer = inputs.models.production(market.id, horizon)
            except ModelStoreError as error:
                found.append(row | {"version": None, "since": None, "problem": str(error), "switches": []})
                continue
            if pointer is not None:
                switches = [
                    {"version": switch.version, "since": f"{switch.since:%Y-%m-%dT%H:%M:%SZ}", "action": switch.action}
                    for switch in pointer.switches
                ]
                row |= {"version": pointer.version, "since": switches[-1]["since"], "problem": None, "switches": switches}
                found.append(row)
    return found


def ledger(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """The newest decisions about candidates, newest first."""
    frame = tables.rows(PROMOTIONS).sort_values(["decided_at", "market", "horizon"], ascending=[False, True, True])
    return records(frame.head(DECISIONS).drop(columns="created_at"))


def metrics_daily(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """The newest rows of ``metrics_daily``, oldest first."""
    frame = _measured(inputs, tables)
    if frame.empty:
        return []
    recent = frame[frame["date"] > frame["date"].max() - pd.Timedelta(days=DAYS)]
    return records(recent.sort_values(["date", "market", "horizon"]))


def costs(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Estimated cost by day, this month so far, and the projected month compared with the budget."""
    frame = _measured(inputs, tables).dropna(subset=["cost_usd"])
    days = frame.groupby("date")["cost_usd"].sum()  # a day's cost is shared by the rows of its markets and horizons
    budget = inputs.catalog.rules.costs.monthly_budget_usd
    month = days[days.index >= days.index.max().replace(day=1)] if len(days) else days
    return {
        "days": [{"date": f"{day:%Y-%m-%d}", "cost_usd": round(float(cost), 6)} for day, cost in days.tail(90).items()],
        "month_to_date_usd": float(month.sum()) if len(month) else None,
        "projection_usd": month_projection_usd(days.tail(30)),
        "budget_usd": budget,
    }


def _measured(inputs: Inputs, tables: Tables) -> pd.DataFrame:
    """The rows of ``metrics_daily`` to publish; all rows if some market was not measured lately."""
    now = pd.Timestamp(tables.moment, unit="s") if math.isfinite(tables.moment) else None

    def enough(rows: pd.DataFrame) -> bool:
        return bool(len(rows) and now is not None and rows["date"].max() >= now - pd.Timedelta(days=MEASURED_DAYS - DAYS - 5))

    return tables.newest(METRICS_DAILY, "date", MEASURED_DAYS, inputs.catalog.markets, enough)
