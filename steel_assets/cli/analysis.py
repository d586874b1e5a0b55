"""``steel analysis``: what can be said of a market's past, what of it is more than chance, and what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from steel_assets.bootstrap import platform
from steel_assets.cli.ahead import known_market
from steel_assets.cli.dates import now
from steel_assets.cli.real_prices import real_histories
from steel_assets.operations import histories
from steel_assets.operations.analysis import analysis as analysis_of


def analysis(
    market: Annotated[str, typer.Argument(help="id of the market")],
    real: Annotated[Path | None, typer.Option(help="folder of the real price history, instead of the lake")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """What can be said of a market's past: trend, season, volatility, margins, leads, analogues, each with n and a test.

    From what is known now. Nothing is written.
    """
    parts = platform()
    known_market(parts.catalog, market)
    history = (
        real_histories(real, parts.catalog, [market])[market]
        if real
        else histories.build(parts.catalog, parts.lake, market, now())
    )
    said = analysis_of(parts.catalog, history)
    if as_json:
        typer.echo(json.dumps(said, indent=2))
    else:
        print_analysis(Console(highlight=False, soft_wrap=True), parts.catalog.markets[market].name, said)


def print_analysis(console: Console, name: str, analysis: Mapping[str, Any]) -> None:
    """What was said, for people: findings first, then what chance does as well, then what cannot be said."""
    if analysis["simulated"]:
        console.print("[bold yellow]SIMULATED DATA[/]")
    told = f"{name}: {analysis['sessions']:,} trading days from {analysis['from']} to {analysis['day']}"
    console.print(told, markup=False)
    findings = [statement for statement in analysis["statements"] if statement["finding"]]
    console.print(f"\n[bold]More than chance[/]: {len(findings)} of {len(analysis['statements'])} statements")
    for statement in findings:
        console.print(f"  {statement['sentence']}", markup=False)
    console.print("\n[bold]No more than chance[/]")
    for statement in analysis["statements"]:
        if not statement["finding"]:
            console.print(f"  {statement['sentence']}", style="dim", markup=False)
    if analysis["unsaid"]:
        console.print("\n[bold]Not said[/]")
    for unsaid in analysis["unsaid"]:
        console.print(f"  {unsaid['key']} {unsaid['about']}: {unsaid['why']}", style="dim", markup=False)
