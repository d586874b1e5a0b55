"""``steel analysis``: statistics of a market's past, each with its test, those that are significant first."""

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
    """Describe a market's past: trend, season, volatility, margins, leads, similar periods, each with n and a test.

    Uses what is known now. Nothing is written.
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
    """Print the statements: significant ones first, then those that chance explains, then what could not be computed."""
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
