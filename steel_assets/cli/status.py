"""``steel status``: what is green, yellow or red, and why, on one screen.

It is read from the published snapshot and notes, without pandas, DuckDB or Dagster. These are imported only to look up something
doubtful, and for the tables of ``--json`` and ``--details`` (``cli/status_tables.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog
from steel_assets.cli import health
from steel_assets.cli.clock import now
from steel_assets.core.health import STATUSES, Finding, Status, worst
from steel_assets.operations.fresh import may_be_stale

if TYPE_CHECKING:
    from steel_assets.adapters.objects.object_store import ObjectStore
    from steel_assets.providers import Providers

SIGNS: dict[Status, str] = {"green": "[green]●[/]", "yellow": "[yellow]▲[/]", "red": "[red]■[/]"}
"""A sign with its own shape for each colour, for people who cannot tell the colours apart."""

UNKNOWN = "[dim]○[/]"
"""Sign of an area of which nothing is known: no measurement, no assessment."""


def status(
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
    details: Annotated[bool, typer.Option(help="also show tables of every source and market")] = False,
    sizes: Annotated[bool, typer.Option("--sizes", help="also show what is stored, how much, and what makes it grow")] = False,
) -> None:
    """Show what is green, yellow or red in this installation, and why. Exit code: 0 green, 1 yellow, 2 red."""
    parts, moment, whole = platform(), now(), as_json or details
    sources, markets, stored = [], [], []
    if whole or any(_in_doubt(parts.catalog, parts.store, parts.providers, moment)):
        from steel_assets.cli import status_tables

        sources = status_tables.sources(parts.catalog, parts.lake, parts.providers.quotas, moment)
    snapshot, use = health.published(parts.store, parts.signing_key, moment), health.service_use(parts.store, moment)
    if whole:
        markets = status_tables.markets(parts.catalog, parts.warehouse, parts.models, snapshot, moment)
    if sizes:
        from steel_assets.cli import status_sizes

        duckdb = parts.settings.warehouse_kind == "duckdb"
        warehouse = Path(parts.settings.warehouse_address) if duckdb else parts.warehouse
        stored = status_sizes.sizes(parts.store, warehouse, parts.home)
    asked = {source.id for source in parts.catalog.sources.values() if parts.providers.not_configured(source) is None}
    states = {source["source"]: source["state"] for source in sources if source["state"] and source["source"] in asked}
    found = [*health.findings(parts.catalog, snapshot, moment), *health.sources(states)]
    found += health.dropped(parts.store, parts.drop_box)
    found += health.damaged(parts.store, parts.warehouse_lost, snapshot, moment)
    state, facts = worst(finding.status for finding in found), health.facts(parts.home, snapshot, use, moment)
    if as_json:
        areas = _areas(found, facts)
        answer = {"state": state, "checked_at": moment.isoformat(), "simulated": parts.simulated, "areas": areas}
        answer |= {"sources": sources, "markets": markets}
        typer.echo(json.dumps(answer | ({"sizes": stored} if sizes else {})))
    else:
        _print(parts.simulated, found, facts, moment)
        for title, rows in (("Sources", sources), ("Markets", markets)) if details else ():
            Console().print(table(title, rows))
        if sizes:
            Console().print(table("Sizes", status_sizes.sizes_shown(stored)))
    raise typer.Exit(STATUSES.index(state))


def _areas(findings: list[Finding], facts: dict[str, str]) -> list[dict[str, Any]]:
    """Every area with its colour, its findings, and its other facts."""
    return [
        {
            "area": area,
            "state": worst(finding.status for finding in findings if finding.area == area),
            "facts": facts[area],
            "why": [{"state": finding.status, "text": finding.text} for finding in findings if finding.area == area],
        }
        for area in health.AREAS
    ]


def _print(simulated: bool | None, findings: list[Finding], facts: dict[str, str], moment: datetime) -> None:
    console = Console(highlight=False)
    if simulated is None:
        console.print("nothing was collected yet: run `steel demo` for a simulated market, or `steel import` for your own files")
    else:
        nature = "[bold yellow]SIMULATED DATA[/]" if simulated else "[bold]real data[/]"
        console.print(f"{nature} · {moment:%Y-%m-%d %H:%M} UTC")
    shown = Table(box=None, show_header=False, padding=(0, 1))
    for style in ("", "bold", ""):
        shown.add_column(style=style, overflow="fold")
    for area in _areas(findings, facts):
        sign = SIGNS[area["state"]] if area["facts"] or area["why"] else UNKNOWN
        shown.add_row(sign, area["area"], area["facts"] or "nothing was measured")
        for why in area["why"]:
            shown.add_row("", "", f"{SIGNS[why['state']]} {escape(why['text'])}")
    console.print(shown)


def _in_doubt(catalog: Catalog, store: ObjectStore, providers: Providers, moment: datetime) -> Iterator[bool]:
    """For each provider that is asked, whether it may not be fresh."""
    for source in catalog.sources.values():
        if source.kind == "api" and providers.not_configured(source) is None:
            yield may_be_stale(catalog, store, source, moment)


def table(title: str, rows: list[dict[str, Any]]) -> Table:
    """Rows as a printable table with one column per key."""
    shown = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        shown.add_column(name.replace("_", " "))
    for row in rows:
        shown.add_row(*(_cell(value) for value in row.values()))
    return shown


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key} d: {item}" if key.isdigit() else f"{key}: {item}" for key, item in value.items())
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
