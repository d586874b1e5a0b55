"""``steel rollback``: put the former model back in production, and record when and why in the ledger."""

from __future__ import annotations

import json
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console

from steel_assets.adapters.models.store import ModelDamaged, ModelNotFound, ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.publish import publish_again
from steel_assets.core.periods import UNITS
from steel_assets.core.tables import PROMOTIONS


def rollback(
    market: Annotated[str, typer.Argument(help="id of the market")],
    horizon: Annotated[
        int | None, typer.Option(help="in business days, weeks or months; default every horizon that has an earlier model")
    ] = None,
    version: Annotated[str | None, typer.Option(help="version to return to; default the one before the present one")] = None,
    why: Annotated[str, typer.Option(help="reason for the ledger")] = "by hand",
    as_json: Annotated[bool, typer.Option("--json", help="print the ledger rows as JSON")] = False,
) -> None:
    """Put an earlier production model with its calibration back in force, from the next issue on."""
    parts = platform()
    rows = roll_back(parts.catalog, parts.models, parts.warehouse, market, horizon, version, why, now())
    publish_again(parts, parts.snapshots)
    if as_json:
        typer.echo(json.dumps(json.loads(rows.to_json(orient="records", date_format="iso"))))
        return
    unit = UNITS[parts.catalog.markets[market].frequency][1]
    for row in rows.itertuples():
        Console().print(
            f"{row.market}, {row.horizon} {unit}: {row.candidate_version} is in force again, {row.champion_version} was",
            highlight=False,
            soft_wrap=True,
        )


def roll_back(
    catalog: Catalog,
    models: ModelStore,
    warehouse: Warehouse,
    market: str,
    horizon: int | None,
    version: str | None,
    why: str,
    moment: pd.Timestamp,
) -> pd.DataFrame:
    """Switch the models and write the ledger; return its new rows.

    Raises:
        Problem: no such market or horizon exists, or there is no earlier model.
        Conflict: another process switched at the same time.
    """
    declared = catalog.markets.get(market)
    if declared is None:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(catalog.markets)}")
    if horizon is not None and horizon not in declared.horizons:
        unit = "business days" if declared.frequency == "daily" else UNITS[declared.frequency][1]
        raise Problem(f"--horizon: {market} is forecast {', '.join(map(str, declared.horizons))} {unit} ahead")
    if version is not None and horizon is None:
        raise Problem("--version: a version belongs to one horizon; add --horizon")
    rows, reasons = [], []
    for ahead in declared.horizons if horizon is None else (horizon,):
        try:
            rows.append(_switch(models, market, ahead, version, why, moment))
        except ModelNotFound as error:
            reasons.append(str(error))
    if not rows:
        raise Problem("; ".join(reasons))
    ledger = PROMOTIONS.enforce(pd.DataFrame(rows))
    warehouse.upsert(PROMOTIONS, ledger)
    return ledger


def _switch(
    models: ModelStore, market: str, horizon: int, version: str | None, why: str, moment: pd.Timestamp
) -> dict[str, object]:
    """Switch one horizon; return its row of ``tables.PROMOTIONS``."""
    before = models.production(market, horizon)
    if before is None:
        raise ModelNotFound(f"market {market}, horizon {horizon}: no model is in production")
    after = models.rollback(market, horizon, before, moment.to_pydatetime(), version)
    return {
        "decided_at": moment,
        "market": market,
        "horizon": horizon,
        "candidate_version": after.version,
        "candidate_family": _family(models, market, horizon, after.version),
        "champion_version": before.version,
        "champion_family": _family(models, market, horizon, before.version),
        "decision": "rolled_back",
        "reason": why,
        "candidate_mae": None,
        "champion_mae": None,
        "naive_mae": None,
        "created_at": moment,
    }


def _family(models: ModelStore, market: str, horizon: int, version: str) -> str:
    """The model family of a version; ``damaged`` if its file cannot be read, which may be the reason for the rollback."""
    try:
        manifest, _ = models.load("production", market, horizon, version)
    except (ModelDamaged, ModelNotFound):
        return "damaged"
    return str(manifest["family"])
