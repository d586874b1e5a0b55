"""``steel imports``: list imported files, and withdraw or restore one."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steel_assets.adapters.lake.lake import Lake
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.cli.publish import publish_again
from steel_assets.core.imports import Import, Kind, in_effect
from steel_assets.operations.importing import turn
from steel_assets.operations.rewriting import find, set_aside

SHOWN = 200

app = typer.Typer(
    help="Files that `steel import` or the drop folder imported: list, show, withdraw, restore. Every backtest, history "
    "and forecast as of an earlier day leaves a withdrawn import out. Its raw file and what was published are kept, and "
    "forecasts that were issued from it are marked.",
    no_args_is_help=True,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="id of the import or its first characters, as `steel imports list` shows it")
]
Reason = Annotated[str, typer.Option(help="the reason, which is kept in the ledger")]
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@app.command("list")
def list_imports(
    series: Annotated[str | None, typer.Option(help="only imports of this series")] = None, as_json: AsJson = False
) -> None:
    """List every import, the newest first: file, hash, time, rows, user, and whether it was withdrawn."""
    parts = platform()
    states = _states(parts.lake)
    found = [imported for imported in parts.imports.imports().values() if series is None or series in imported.series][::-1]
    if as_json:
        typer.echo(json.dumps([_plain(parts.lake, imported, states) for imported in found]))
        return
    console = Console(highlight=False)
    if not found:
        console.print("nothing was imported yet: `steel import FILE --series ID`" if series is None else f"no import of {series}")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id\nfile", "when (UTC)\nby", "series\nperiods", "read\nnew", "state"):
        whole = name.startswith("id")
        table.add_column(
            name,
            no_wrap=whole,
            min_width=22 if whole else None,
            overflow="fold",
            justify="right" if name.startswith("read") else "left",
        )
    for known_import in found[:SHOWN]:
        table.add_row(
            f"{known_import.id}\n{escape(known_import.file or '–')}",
            f"{known_import.at:%Y-%m-%d %H:%M}\n{escape(known_import.by or '–')}",
            f"{known_import.parts[0].series if len(known_import.parts) == 1 else f'{len(known_import.parts)} series'}\n"
            f"{min(part.first for part in known_import.parts)} – {max(part.last for part in known_import.parts)}",
            f"{sum(part.rows_read for part in known_import.parts):,}\n{sum(part.rows_new for part in known_import.parts):,}",
            _state(known_import, states),
        )
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"… and {len(found) - SHOWN:,} more (--json shows all)")


@app.command("show")
def show(name: Id, as_json: AsJson = False) -> None:
    """Show one import: its series, the options it was read with, where its rows are, and its history."""
    parts = platform()
    plain = _plain(parts.lake, find(parts.imports, name), _states(parts.lake))
    if as_json:
        typer.echo(json.dumps(plain))
        return
    console = Console(highlight=False)
    for key, value in plain.items():
        if key not in ("parts", "history"):
            console.print(f"{key:>10}  {value if value not in (None, {}) else '–'}", markup=False, soft_wrap=True)
    for part in plain["parts"]:
        sentence = f"{part['rows_read']:,} rows read, {part['rows_new']:,} new or changed, {part['first']} – {part['last']}"
        console.print(f"{'series':>10}  {part['series']}: {sentence}", soft_wrap=True)
    for event in plain["history"]:
        sentence = f"{event['at']} {event['kind']} by {event['by']}: {event['reason']}"
        console.print(f"{'then':>10}  {sentence}", markup=False, soft_wrap=True)


@app.command("withdraw")
def withdraw(name: Id, reason: Reason, as_json: AsJson = False) -> None:
    """Undo an import for all times. Later imports of its series count as if it had never been made."""
    _set_aside(name, "withdrawal", reason, as_json=as_json)


@app.command("restore")
def restore(name: Id, reason: Reason, as_json: AsJson = False) -> None:
    """Undo a withdrawal: the import counts again, from its original time on."""
    _set_aside(name, "restoration", reason, as_json=as_json)


def user_name() -> str:
    """The name of the user who runs this command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


def _set_aside(name: str, kind: Kind, reason: str, *, as_json: bool) -> None:
    if not reason.strip():
        raise Problem("--reason: it is empty; give the reason, which is kept with the import")
    parts = platform()
    with turn(parts.home):
        done = set_aside(
            parts.catalog, parts.lake, parts.imports, find(parts.imports, name), kind, reason.strip(), user_name(), now()
        )
    publish_again(parts, parts.snapshots)
    word = "withdrawn" if kind == "withdrawal" else "restored"
    if as_json:
        typer.echo(json.dumps({word: done.entry.id, "again": done.again, "markets": list(done.markets)}))
        return
    console = Console(highlight=False)
    label = f"{done.entry.file or 'import'} ({done.entry.id})"
    if done.again:
        console.print(f"{label} was {word} already; nothing was written", markup=False, soft_wrap=True)
        return
    console.print(f"{label} is {word}: {', '.join(done.entry.series)}", markup=False, soft_wrap=True)
    if done.markets:
        console.print(
            f"{', '.join(done.markets)}: forecasts issued meanwhile stay as they are and are marked. The next daily run "
            f"forecasts {'without' if kind == 'withdrawal' else 'with'} it; the next retraining (job weekly_retraining) replaces "
            "models that learned from it",
            markup=False,
            soft_wrap=True,
        )


def _states(lake: Lake) -> dict[str, str]:
    """Import id → ``withdrawn`` or ``corrected``; other imports are left out."""
    rewritings = lake.rewritings()
    _, withdrawn = in_effect(rewritings)
    corrections = [rewriting for rewriting in rewritings if rewriting.kind == "correction" and rewriting.subject not in withdrawn]
    return {name: "corrected" for rewriting in corrections for name in rewriting.overridden} | dict.fromkeys(
        withdrawn, "withdrawn"
    )


def _state(imported: Import, states: Mapping[str, str]) -> str:
    return states.get(imported.id) or imported.overlap or "in effect"


def _plain(lake: Lake, imported: Import, states: Mapping[str, str]) -> dict[str, Any]:
    events = [event for event in lake.rewritings() if imported.id in (event.subject, *event.overridden)]
    return {
        "id": imported.id,
        "state": _state(imported, states),
        "file": imported.file,
        "sha256": imported.sha256,
        "at": imported.at.isoformat(),
        "by": imported.by,
        "series": list(imported.series),
        "rows_read": sum(part.rows_read for part in imported.parts),
        "rows_new": sum(part.rows_new for part in imported.parts),
        "first": min(part.first for part in imported.parts),
        "last": max(part.last for part in imported.parts),
        "options": dict(imported.options),
        "overlap": imported.overlap,
        "believed": imported.believed,
        "stored": lake.store.uri(imported.raw_file) if imported.raw_file else None,
        "parts": [part.model_dump() for part in imported.parts],
        "history": [{"kind": event.kind, "at": event.at.isoformat(), "by": event.by, "reason": event.reason} for event in events],
    }
