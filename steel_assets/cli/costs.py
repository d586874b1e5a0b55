"""``steel costs``: estimated monthly cost on Google Cloud, line by line; ``docs/costs.md`` is its output with ``--document``."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.bootstrap import catalog
from steel_assets.catalog import Catalog
from steel_assets.cli.problem import Problem
from steel_assets.core.month_costs import CostLine, month

HEADER = """\
# What it costs

What a month on Google Cloud is expected to cost: what is used, times list prices of {place} on {as_of}. An estimate, not a bill;
without tax, and with each service's free tier taken off once, as if nothing else were on the billing account.

{basis}

`steel costs --profile lean` prints it. `prices.yaml` and `profiles.yaml` in a folder of your own (`STEEL_CATALOG_DIR`) put your
figures in their place. What a day cost (`metrics_daily.cost_usd`, the alerts) is measured run time and bytes at the same prices,
no free tier taken off.

This page is made: `steel costs --document > docs/costs.md`.
"""


def costs(
    profile: Annotated[
        str, typer.Option(help="lean: no machine runs idle; standard: a machine, Postgres and Redis all month")
    ] = "lean",
    document: Annotated[bool, typer.Option("--document", help="print docs/costs.md: all profiles, as Markdown")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the lines as JSON")] = False,
) -> None:
    """Estimate a month's cost on Google Cloud, line by line, with assumptions and free tiers shown separately."""
    known = catalog()
    if document:
        typer.echo(page(known), nl=False)
        return
    if profile not in known.profiles.profiles:
        raise Problem(f"--profile: {profile!r} is not one of {', '.join(known.profiles.profiles)}")
    lines = month(known.profiles.profiles[profile], known.prices.items)
    if as_json:
        rows = [
            {"item": line.item, "quantity": line.quantity, "unit": line.price.unit, "list_usd": line.list_usd, "usd": line.usd}
            for line in lines
        ]
        typer.echo(
            json.dumps(
                {"profile": profile, "as_of": f"{known.prices.as_of}", "usd": sum(line.usd for line in lines), "lines": rows}
            )
        )
        return
    _show(profile, lines, known)


def page(known: Catalog) -> str:
    """The whole text of ``docs/costs.md``."""
    parts = [HEADER.format(basis=known.profiles.basis, place=known.prices.place, as_of=known.prices.as_of)]
    for name, use in known.profiles.profiles.items():
        lines = month(use, known.prices.items)
        rows = [
            f"\n## {name}: {_total(lines):.2f} USD a month\n",
            "| | used | free a month | at list price | charged | because |",
        ]
        rows.append("|---|---:|---:|---:|---:|---|")
        rows += [
            f"| {line.price.name} | {line.quantity:,.4g} {line.price.unit} | {line.price.free:,.10g} | {line.list_usd:.2f} "
            f"| {line.usd:.2f} | {line.because} |"
            for line in lines
        ]
        rows.append(f"| **together** | | | {sum(line.list_usd for line in lines):.2f} | **{_total(lines):.2f}** | |")
        parts.append("\n".join(rows) + "\n")
    return "".join(parts)


def _show(profile: str, lines: list[CostLine], known: Catalog) -> None:
    console = Console(highlight=False)
    table = Table(title=f"{profile}: a month in {known.prices.place}, list prices of {known.prices.as_of}, USD")
    for name in ("", "used", "at list price", "charged"):
        table.add_column(name, justify="right" if name else "left")
    table.add_column("because")
    for line in lines:
        used = f"{line.quantity:,.4g} {line.price.unit}"
        table.add_row(line.price.name, used, f"{line.list_usd:.2f}", f"{line.usd:.2f}", line.because)
    console.print(table)
    budget = known.rules.costs.monthly_budget_usd
    console.print(f"total {_total(lines):.2f} USD a month after free tiers; the budget is {budget:.2f} USD")
    console.print(known.profiles.basis)


def _total(lines: list[CostLine]) -> float:
    return sum(line.usd for line in lines)
