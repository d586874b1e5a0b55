"""``steel experiment``: list the variants that are tried beside the champions, report on one, stop or restart it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.publish import publish_again
from steel_assets.core.experiments import FINAL, Experiment
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS
from steel_assets.operations import experiment_switch, experimenting

app = typer.Typer(help="Experiments that try a variant beside the champions: list, report, stop, start.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="id of the experiment, as `steel experiment list` shows it")]
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@app.command("list")
def list_experiments(as_json: AsJson = False) -> None:
    """Show every experiment of the catalogue and its state."""
    parts = platform()
    found = [_about(parts.lake, parts.warehouse, experiment) for experiment in parts.catalog.experiments.values()]
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console(highlight=False)
    if not found:
        console.print("no experiment is declared (docs/experiments.md)")
        return
    table = Table()
    for column in ("id", "state", "family", "markets", "days ahead", "start", "end", "pairs"):
        table.add_column(column, overflow="fold")  # ids are wrapped, not truncated, because people type them
    for about in found:
        row = (about["family"], ", ".join(about["markets"]), ", ".join(map(str, about["horizons"])), about["start"], about["end"])
        table.add_row(about["id"], about["state"], *row, str(about["n"]))
    console.print(table)


@app.command("report")
def report(experiment: Id, as_json: AsJson = False) -> None:
    """Show the state of an experiment: its evidence for and against, its mean gain, and its days."""
    parts = platform()
    declared = _declared(parts.catalog, experiment)
    about = _about(parts.lake, parts.warehouse, declared)
    rows = parts.warehouse.read(EXPERIMENT_VERDICTS, {"experiment": experiment}).sort_values("date")
    about["days"] = json.loads(rows[["date", "state", "n", "evidence_better", "evidence_worse"]].to_json(**_RECORDS))
    about["forecasts"] = len(parts.warehouse.read(EXPERIMENT_FORECASTS, {"experiment": experiment}))
    if as_json:
        typer.echo(json.dumps(about))
        return
    console = Console(highlight=False, soft_wrap=True)
    if about["simulated"]:
        console.print("[bold yellow]SIMULATED DATA[/]")
    console.print(f"{declared.name} ({experiment}), {about['start']} to {about['end']}, {declared.metric}", markup=False)
    console.print(experimenting.described(rows.iloc[-1]) if len(rows) else f"{about['state']}: not evaluated yet", markup=False)
    console.print(f"{about['forecasts']} shadow forecasts; evaluated on {len(rows)} days", markup=False)


@app.command("stop")
def stop(experiment: Id) -> None:
    """Stop the forecasts of an experiment until it is started again. Its evidence is kept."""
    parts = platform()
    _undecided(parts.warehouse, _declared(parts.catalog, experiment))
    if not experiment_switch.stop(parts.store, experiment, now()):
        raise Problem(f"ID: {experiment} is stopped already; `steel experiment start {experiment}` continues it")
    publish_again(parts, parts.snapshots)
    typer.echo(json.dumps({"stopped": experiment}))


@app.command("start")
def start(experiment: Id) -> None:
    """Continue an experiment that was stopped."""
    parts = platform()
    _undecided(parts.warehouse, _declared(parts.catalog, experiment))
    if not experiment_switch.start(parts.store, experiment):
        raise Problem(f"ID: {experiment} is not stopped; it starts by itself on the start day of its declaration")
    publish_again(parts, parts.snapshots)
    typer.echo(json.dumps({"started": experiment}))


_RECORDS: dict[str, Any] = {"orient": "records", "date_format": "iso"}


def _declared(catalog: Catalog, experiment: str) -> Experiment:
    known = catalog.experiments
    if experiment not in known:
        there = f"there are {', '.join(known)}" if known else "none is declared (docs/experiments.md)"
        raise Problem(f"ID: {experiment!r} is not an experiment of the catalogue; {there}")
    return known[experiment]


def _undecided(warehouse: Warehouse, experiment: Experiment) -> None:
    newest = experimenting.last_verdict(warehouse, experiment.id)
    if len(newest) and newest["state"].iloc[0] in FINAL:
        raise Problem(
            f"ID: {experiment.id} is over, {newest['state'].iloc[0]} on {newest['date'].iloc[0]:%Y-%m-%d}; a verdict is final. "
            "Declare another experiment under another id"
        )


def _about(lake: Lake, warehouse: Warehouse, experiment: Experiment) -> dict[str, Any]:
    """The declaration and the newest result as JSON values."""
    newest = experimenting.last_verdict(warehouse, experiment.id)
    row = newest.iloc[0].to_dict() if len(newest) else {}
    state = experiment_switch.state_now(lake.store, experiment.id, row.get("state"))
    figures = ("mean_gain", "gain_share", "evidence_better", "evidence_worse")
    return {
        **experiment.model_dump(mode="json"),
        "end": experiment.end.isoformat(),
        "state": state,
        "looked": f"{row['date']:%Y-%m-%d}" if row else None,
        "n": int(row.get("n", 0)),
        **{name: float(row[name]) if row and pd.notna(row[name]) else None for name in figures},
        "threshold": experiment.threshold,
        "simulated": bool(row["simulated"]) if row else lake.simulated,
    }
