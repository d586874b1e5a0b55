"""``steel status``: what is green, yellow, red, and why, on one screen.

Said from what is published and noted, without pandas, DuckDB or Dagster, where these have nothing to add: what is doubtful is
looked at with them, and so are the tables of ``--json`` and ``--details`` (``cli/standings.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steel_assets.bootstrap import Platform, platform
from steel_assets.cli import health
from steel_assets.cli.clock import now
from steel_assets.core.health import STATUSES, Finding, Status, worst
from steel_assets.operations.fresh import doubtful

if TYPE_CHECKING:
    from steel_assets.serving.snapshot import Snapshot

SIGNS: dict[Status, str] = {"green": "[green]●[/]", "yellow": "[yellow]▲[/]", "red": "[red]■[/]"}
"""A shape each, for those who cannot tell the colours."""

UNKNOWN = "[dim]○[/]"
"""Nothing is wrong, because nothing is known: no measurement, no assessment."""


def status(
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
    details: Annotated[bool, typer.Option(help="tables of every source and market too")] = False,
    sizes: Annotated[bool, typer.Option("--sizes", help="what is stored too, how much of it, and by what it grows")] = False,
) -> None:
    """What is green, yellow or red in this installation, and why. Exit code: 0 green, 1 yellow, 2 red."""
    parts, moment = platform(), now()
    sources = _sources(parts, moment, whole=as_json or details)
    snapshot, use = health.published(parts, moment), health.service_use(parts, moment)
    asked = {source.id for source in parts.catalog.sources.values() if parts.providers.not_configured(source) is None}
    status_tables = {source["source"]: source["state"] for source in sources if source["state"] and source["source"] in asked}
    found = [*health.findings(parts, snapshot, moment), *health.sources(status_tables), *health.dropped(parts)]
    found += health.damaged(parts, snapshot, moment)
    state = worst(finding.status for finding in found)
    if as_json:
        areas = _areas(found, health.facts(parts, snapshot, use, moment))
        answer = {"state": state, "checked_at": moment.isoformat(), "simulated": parts.simulated, "areas": areas}
        stored = {"sizes": _stored(parts)} if sizes else {}
        typer.echo(json.dumps(answer | {"sources": sources, "markets": _markets(parts, snapshot, moment)} | stored))
    else:
        _print(parts, found, health.facts(parts, snapshot, use, moment), moment)
        for title, rows in (("Sources", sources), ("Markets", _markets(parts, snapshot, moment))) if details else ():
            Console().print(table(title, rows))
        if sizes:
            from steel_assets.cli.sizes import shown

            Console().print(table("Sizes", shown(_stored(parts))))
    raise typer.Exit(STATUSES.index(state))


def _areas(found: list[Finding], facts: dict[str, str]) -> list[dict[str, Any]]:
    """Every area with its colour, what is wrong in it, and what else there is to say."""
    return [
        {
            "area": area,
            "state": worst(finding.status for finding in found if finding.area == area),
            "facts": facts[area],
            "why": [{"state": finding.status, "text": finding.text} for finding in found if finding.area == area],
        }
        for area in health.AREAS
    ]


def _print(parts: Platform, found: list[Finding], facts: dict[str, str], moment: datetime) -> None:
    console = Console(highlight=False)
    simulated = parts.simulated
    if simulated is None:
        console.print("nothing was collected yet: `steel demo` for a simulated market, `steel import` for files of your own")
    else:
        nature = "[bold yellow]SIMULATED DATA[/]" if simulated else "[bold]real data[/]"
        console.print(f"{nature} · {moment:%Y-%m-%d %H:%M} UTC")
    shown = Table(box=None, show_header=False, padding=(0, 1))
    for style in ("", "bold", ""):
        shown.add_column(style=style, overflow="fold")
    for area in _areas(found, facts):
        sign = SIGNS[area["state"]] if area["facts"] or area["why"] else UNKNOWN
        shown.add_row(sign, area["area"], area["facts"] or "nothing was measured")
        for why in area["why"]:
            shown.add_row("", "", f"{SIGNS[why['state']]} {escape(why['text'])}")
    console.print(shown)


def _sources(parts: Platform, moment: datetime, *, whole: bool) -> list[dict[str, Any]]:
    """Every source and its state; none where nothing is doubtful and not the ``whole`` table is asked for."""
    if not whole and not any(_in_doubt(parts, moment)):
        return []
    from steel_assets.cli import status_tables

    return status_tables.sources(parts, moment)


def _stored(parts: Platform) -> list[dict[str, Any]]:
    from steel_assets.cli.sizes import sizes

    return sizes(parts)


def _in_doubt(parts: Platform, moment: datetime) -> Iterator[bool]:
    """Of each provider that is asked, whether it may not be fresh."""
    for source in parts.catalog.sources.values():
        if source.kind == "api" and parts.providers.not_configured(source) is None:
            yield doubtful(parts.catalog, parts.store, source, moment)


def _markets(parts: Platform, snapshot: Snapshot, moment: datetime) -> list[dict[str, Any]]:
    from steel_assets.cli import status_tables

    return status_tables.markets(parts, snapshot, moment)


def table(title: str, rows: list[dict[str, Any]]) -> Table:
    """Rows as a table for people, with a column for each name."""
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
