"""``steel watch``: set, list and remove price watches. Those set here belong to the user ``local``."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.core.watches.reading import Published, WatchReading
from steel_assets.core.watches.watch import NEEDS, Watch
from steel_assets.operations.watching import in_force

OWNER = "local"

app = typer.Typer(
    help="Price watches: a level, the day's move, odds, a margin. Each sends one message when it becomes true.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@app.command("add")
def add(
    kind: Annotated[str, typer.Argument(help=f"what is watched: {', '.join(NEEDS)}")],
    market: Annotated[str, typer.Argument(help="id of the market")],
    above: Annotated[str | None, typer.Option(help="a price, or a margin, in the market's unit")] = None,
    below: Annotated[str | None, typer.Option(help="a price, or a margin, in the market's unit, to be below")] = None,
    less: Annotated[
        str | None, typer.Option(help="margin: the market whose price is subtracted, for example scrap_turkey")
    ] = None,
    by: Annotated[str | None, typer.Option(help="odds: that any close up to this day is above or below")] = None,
    on: Annotated[str | None, typer.Option(help="odds: that the price on this day is above or below")] = None,
    average: Annotated[str | None, typer.Option(help="odds: of the average of a month or quarter, 2026-12 or 2026-Q4")] = None,
    chance: Annotated[str | None, typer.Option(help="odds: send when the probability exceeds this, for example 0.6")] = None,
    quiet: Annotated[str | None, typer.Option(help="hours without messages, for example 22:00-07:00")] = None,
    as_json: AsJson = False,
) -> None:
    """Set a watch. Each time it becomes true from now on, one message is sent over the channels of alerts."""
    parts = platform()
    asked: dict[str, Any] = {"kind": kind, "market": market, "less": less, "by": by, "on": on, "average": average, "quiet": quiet}
    figures = {"above": above, "below": below, "chance": chance}
    asked |= {name: None if text is None else _figure(text, f"--{name}") for name, text in figures.items()}
    _, published = in_force(parts.snapshots)
    watch = WatchStore(parts.store).add(OWNER, asked, published, now().to_pydatetime())
    _print([watch], published, as_json)


@app.command("list")
def list_watches(as_json: AsJson = False) -> None:
    """List everybody's watches and their present state."""
    parts = platform()
    _, published = in_force(parts.snapshots)
    _print(WatchStore(parts.store).all(), published, as_json)


@app.command("remove")
def remove(watch: Annotated[str, typer.Argument(help="id of the watch, as steel watch list shows it")]) -> None:
    """Remove a watch, whoever set it. Its messages that wait to be sent are dropped."""
    watches = WatchStore(platform().store)
    if not any(watches.remove(declared.owner, declared.id) for declared in watches.all() if declared.id == watch):
        raise Problem(f"WATCH: there is no watch {watch!r}; steel watch list shows all")
    typer.echo(f"{watch} is removed")


def _figure(text: str, option: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise Problem(f"{option}: {text!r} is not a figure; write it as 640 or 0.6") from error
    if not math.isfinite(value):
        raise Problem(f"{option}: {text!r} is not a figure; it must be finite")
    return value


def _print(watches: list[Watch], published: Published, as_json: bool) -> None:
    looks = [(watch, published.read(watch)) for watch in watches]
    if as_json:
        content = [
            watch.model_dump(mode="json", exclude={"seen"}, exclude_none=True)
            | {"holds": look.holds, "value": look.value, "problem": look.problem or None}
            for watch, look in looks
        ]
        typer.echo(json.dumps({"simulated": published.simulated, "watches": content}))
        return
    console = Console(highlight=False)
    if published.simulated:
        console.print("[bold yellow]SIMULATED DATA[/]")
    if not looks:
        console.print("No watch is set: steel watch add level MARKET --above 640")
        return
    table = Table("id", "of", "watch", "now", "quiet")
    for watch, look in looks:
        table.add_row(watch.id, watch.owner, _asked(watch), _now(look), watch.quiet or "")
    console.print(table)


def _asked(watch: Watch) -> str:
    about = f"{watch.market} less {watch.less}" if watch.less else watch.market
    level = "" if watch.level is None else f" {watch.side} {watch.level:,g}"
    when = next((f" {name} {value}" for name in ("by", "on", "average") if (value := getattr(watch, name)) is not None), "")
    return f"{watch.kind}: {about}{level}{when}" + (f", chance above {watch.chance:g}" if watch.chance is not None else "")


def _now(reading: WatchReading) -> str:
    return reading.problem if reading.holds is None else f"{reading.value:,.4g}, {'so' if reading.holds else 'not so'}"
