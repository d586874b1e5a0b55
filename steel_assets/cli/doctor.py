"""``steel doctor``: is everything in place? Each finding says what is wrong and what to do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.assets.runs import instance_here
from steel_assets.bootstrap import Platform, platform
from steel_assets.catalog import Source
from steel_assets.core.tables import FORECASTS
from steel_assets.settings import Settings


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="print the findings as JSON")] = False) -> None:
    """Look at settings, catalogue, storage, keys and the Dagster instance, and say what is missing."""
    parts = platform()
    findings = list(_findings(parts))
    if as_json:
        typer.echo(json.dumps([finding.__dict__ for finding in findings]))
    else:
        console = Console()
        for finding in findings:
            mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
            console.print(f"{mark} {finding.what}: ", end="", highlight=False)
            console.print(finding.detail, markup=False, highlight=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _findings(parts: Platform) -> Iterator[Finding]:
    catalog, chosen = parts.catalog, parts.settings
    series = len(catalog.series)
    yield Finding("catalogue", True, f"{series} series, markets {', '.join(catalog.markets)}")
    yield Finding(
        "prices",
        True,
        {"sandbox": "SIMULATED, from the sandbox", "live": "live providers", "files": "imported files only"}[chosen.sources],
    )
    yield _tried("state folder", lambda: _writable(parts))
    yield _tried("lake", lambda: _lake(parts))
    yield _tried("warehouse", lambda: f"{parts.warehouse.uri_of_database}: {parts.warehouse.count(FORECASTS):,} forecasts")
    yield _tried("cache", lambda: str(parts.cache.stats()))
    yield _tried("dagster instance", _instance)
    if chosen.sources == "live":
        for source in catalog.sources.values():
            if f"{source.id}_api_key" in Settings.model_fields:
                yield Finding(f"key of {source.name}", True, _key(parts, source))


def _key(parts: Platform, source: Source) -> str:
    """A source without a key is skipped, or asked without one: that is a choice, and no fault."""
    if parts.settings.api_key(source.id) is not None:
        return "set"
    return parts.not_configured(source) or "not set: it is asked without one, which brings no revisions of the past"


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
        return Finding(what, False, f"{type(error).__name__}: {error}")


def _writable(parts: Platform) -> str:
    parts.settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=parts.settings.home):
        return f"{parts.settings.home.absolute()} is writable"


def _lake(parts: Platform) -> str:
    nature = {True: "simulated data", False: "real data", None: "empty"}[parts.lake.simulated]
    return f"{parts.store.uri('raw-data')}: {nature}"


def _instance() -> str:
    with instance_here() as instance:
        return f"{instance.get_runs_count()} runs recorded in {instance.root_directory}"
