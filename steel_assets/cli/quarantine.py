"""``steel quarantine``: show doubtful values that were held back, and release or drop them."""

from __future__ import annotations

import json
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake.lake import Lake
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.core.quarantine import DROPPED, RELEASED, Decision
from steel_assets.operations.collecting import decide, quarantine

SHOWN = 200

app = typer.Typer(help="Doubtful values that were held back: list, release, drop.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="ids, as `steel quarantine list` shows them")]
OfSeries = Annotated[str | None, typer.Option("--series", help="every waiting value of this series")]


@app.command("list")
def list_held(
    everything: Annotated[bool, typer.Option("--all", help="also what was released, dropped or superseded")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """Show the values that are held back, and why."""
    parts = platform()
    figures = quarantine(parts.catalog, parts.lake, parts.lake.observations())
    shown = figures if everything else figures[figures["state"] == "waiting"]
    shown = shown.sort_values(["series", "period"])
    if as_json:
        typer.echo(shown.to_json(orient="records", date_format="iso"))
        return
    console = Console(highlight=False)
    if shown.empty:
        console.print("no value is held back")
        return
    columns = ("id", "state", "series", "period", "value", "reason")
    table = Table(*columns)
    for row in shown.head(SHOWN).itertuples():
        table.add_row(row.id, row.state, row.series, f"{row.period:%Y-%m-%d}", f"{row.value:,.6g}", row.reason)
    console.print(table)
    if len(shown) > SHOWN:
        console.print(f"… and {len(shown) - SHOWN:,} more (--json shows all)")


@app.command("release")
def release(ids: Ids = None, series: OfSeries = None) -> None:
    """Accept values as true. They count as known from now on; earlier forecasts stay as they were.

    A restated history is requested again as a whole by the next collection; closes before a split are converted to the new basis.
    """
    _decide(ids, series, RELEASED)


@app.command("drop")
def drop(ids: Ids = None, series: OfSeries = None) -> None:
    """Reject values as wrong, for good. If the provider repeats them, they stay rejected.

    Dropping a suspected split means that there was none: its values are judged one by one.
    """
    _decide(ids, series, DROPPED)


def _decide(ids: list[str] | None, series: str | None, decision: Decision) -> None:
    parts = platform()
    figures = _chosen(parts.catalog, parts.lake, ids or [], series)
    try:
        decide(parts.catalog, parts.lake, figures, decision, now())
    except ValueError as error:
        raise Problem(str(error)) from error
    typer.echo(json.dumps({decision: figures["id"].tolist()}))


def _chosen(catalog: Catalog, lake: Lake, ids: list[str], series: str | None) -> pd.DataFrame:
    """The waiting values that ``ids`` or ``series`` select.

    Raises:
        Problem: both or neither are given, or nothing that they select is waiting.
    """
    if bool(ids) == bool(series):
        raise Problem("IDS: name either ids (`steel quarantine list` shows them) or one --series")
    figures = quarantine(catalog, lake, lake.observations())
    waiting = figures[figures["state"] == "waiting"].drop(columns="state")
    chosen = waiting[waiting["id"].isin(ids) | (waiting["series"] == (series or ""))]
    unknown = sorted(set(ids) - set(chosen["id"]))
    if unknown:
        states = figures.set_index("id")["state"]
        named = ", ".join(f"{figure_id} ({states.get(figure_id, 'no such figure')})" for figure_id in unknown)
        raise Problem(f"IDS: these are not waiting for a decision: {named}; `steel quarantine list` shows those that are")
    if chosen.empty:
        raise Problem(f"--series: no value of {series} is waiting for a decision; `steel quarantine list` shows those that are")
    return chosen
