"""``steel alerts rehearse``: simulates trouble and shows the messages that people would receive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.bootstrap import catalog
from steel_assets.cli.problem import Problem
from steel_assets.core.words import LANGUAGES
from steel_assets.settings import settings

ALL = "all"
MOST = 3
"""Messages about one incident over one channel in a week; with more the exit code is 1."""


def rehearse(
    scenario: Annotated[str, typer.Argument(help="name of a scenario, or all")],
    output: Annotated[Path, typer.Option(help="the page to write, one per language")] = Path("alerts-rehearsal.html"),
    document: Annotated[Path | None, typer.Option(help="Markdown file to write as well")] = None,
) -> None:
    """Simulate trouble over simulated time, with local receivers, and write a page with every message that arrived.

    Nothing is sent to anybody and nothing is stored. Exit code 1: too many messages were sent, or one was missing.
    """
    from steel_assets.rehearsal.document import document as written
    from steel_assets.rehearsal.page import page
    from steel_assets.rehearsal.play import CHANNELS, play
    from steel_assets.rehearsal.scenarios import scenarios

    rulebook = catalog().rulebook
    known = scenarios(rulebook.subjects)
    if scenario not in (ALL, *known):
        raise Problem(f"there is no scenario {scenario!r}; known are {ALL}, {', '.join(known)}")
    chosen = list(known.values()) if scenario == ALL else [known[scenario]]
    found = {language: [play(scenario, rulebook, language) for scenario in chosen] for language in LANGUAGES}
    for language, played in found.items():
        place = output if language == settings().language else output.with_name(f"{output.stem}.{language}{output.suffix}")
        place.write_text(page(played, rulebook), "utf-8")
        typer.echo(f"{place}: {sum(len(rehearsal.arrived) for rehearsal in played)} messages")
    both = [rehearsal for pair in zip(*found.values(), strict=True) for rehearsal in pair]
    if document is not None:
        document.write_text(written(both, rulebook), "utf-8")
    table = Table("scenario", *CHANNELS, "missing", title="messages about one incident, at most in a week")
    for entry in found["en"]:
        counts = entry.busiest_week
        table.add_row(entry.scenario.id, *(str(counts[channel]) for channel in CHANNELS), str(len(entry.missing)))
    Console().print(table)
    if any(rehearsal.missing or max(rehearsal.busiest_week.values()) > MOST for rehearsal in both):
        raise typer.Exit(1)
