"""``steel quarantine``: figures that came and were not believed; look at them, let them in, or drop them."""

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

app = typer.Typer(help="Figures that were not believed: list, release, drop.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="ids, as `steel quarantine list` shows them")]
OfSeries = Annotated[str | None, typer.Option("--series", help="every waiting figure of this series")]


@app.command("list")
def list_held(
    everything: Annotated[bool, typer.Option("--all", help="also what was released, dropped or superseded")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """Show what is held, and why."""
    parts = platform()
    figures = quarantine(parts.catalog, parts.lake, parts.lake.observations())
    shown = figures if everything else figures[figures["state"] == "waiting"]
    shown = shown.sort_values(["series", "period"])
    if as_json:
        typer.echo(shown.to_json(orient="records", date_format="iso"))
        return
    console = Console(highlight=False)
    if shown.empty:
        console.print("nothing is held")
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
    """Let figures in: they are true. They count as known from now on; what was forecast before stays as it was.

    A restated history is asked for again, whole, by the next collection; closes before a split are brought to the new basis.
    """
    _decide(ids, series, RELEASED)


@app.command("drop")
def drop(ids: Ids = None, series: OfSeries = None) -> None:
    """Leave figures out for good: they are wrong. A provider that repeats them is not asked about them again.

    A suspected split that is dropped was none: its figures are judged one by one.
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
    """The waiting figures that are meant."""
    if bool(ids) == bool(series):
        raise Problem("name either ids (`steel quarantine list`) or one --series")
    figures = quarantine(catalog, lake, lake.observations())
    waiting = figures[figures["state"] == "waiting"].drop(columns="state")
    chosen = waiting[waiting["id"].isin(ids) | (waiting["series"] == (series or ""))]
    unknown = sorted(set(ids) - set(chosen["id"]))
    if unknown:
        states = figures.set_index("id")["state"]
        named = ", ".join(f"{figure_id} ({states.get(figure_id, 'no such figure')})" for figure_id in unknown)
        raise Problem(f"these do not wait for a decision: {named}")
    if chosen.empty:
        raise Problem(f"nothing of {series} waits for a decision")
    return chosen
