"""``steel doctor``: is everything in place? Each finding says what is wrong and what to do."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.adapters.machine.disk import make_folder
from steel_assets.assets.runs import instance_here
from steel_assets.bootstrap import Platform, platform
from steel_assets.catalog import Catalog, Source
from steel_assets.cli.symbols import ask_live
from steel_assets.core.open_sets import opened
from steel_assets.core.tables import FORECASTS
from steel_assets.settings import origins, unknown


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="print the findings as JSON")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="ask each provider once for each symbol instead, within its quota")
    ] = False,
) -> None:
    """Look at settings, catalogue, storage, keys and the Dagster instance, and say what is missing."""
    if live:
        ask_live(as_json=as_json)
        return
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
    declared = parts.declared_settings()
    yield Finding("settings", True, _settings(declared))
    for name, meant in unknown(declared).items():
        yield Finding("settings", False, f"{name} is no setting" + (f"; {meant} is" if meant else "; see deploy/env.example"))
    yield _tried("sources and channels", lambda: _checked(parts))
    yield Finding("symbols", True, _symbols(catalog))
    yield _tried("state folder", lambda: _writable(parts))
    yield _tried("lake", lambda: _lake(parts))
    yield _tried("warehouse", lambda: f"{parts.warehouse.uri_of_database}: {parts.warehouse.count(FORECASTS):,} forecasts")
    yield _tried("cache", lambda: str(parts.cache.stats()))
    yield _tried("dagster instance", _instance)
    for market in catalog.markets:
        if unfed := parts.providers.unfed(market):
            yield Finding(f"market {market}", True, unfed)
    if chosen.sources == "live":
        for source in catalog.sources.values():
            if source.takes_key:
                yield Finding(f"key of {source.name}", True, _key(parts, source))


def _checked(parts: Platform) -> str:
    """What was added to the shipped ones and what is set up; raises what is wrong with their settings."""
    parts.check_settings()
    own = ", ".join(map(str, opened()))
    return f"channels: {', '.join(parts.notifiers)}" + (f"; Python of your own from {own}" if own else "")


def _settings(declared: Collection[str]) -> str:
    """Where each value came from; never the values, some of which are secret."""
    places: dict[str, list[str]] = {}
    for name, place in origins(declared).items():
        places.setdefault(place, []).append(name)
    said = [f"from {place}: {', '.join(names)}" for place, names in places.items()]
    return "; ".join([*said, "the rest are the defaults"] if said else ["all are the defaults"])


def _symbols(catalog: Catalog) -> str:
    """How sure it is that the providers know the symbols; the unconfirmed ones by name."""
    asked = [declared for declared in catalog.series.values() if catalog.sources[declared.source].kind == "api"]
    sure = Counter(declared.verified.sure if declared.verified else "not said how sure" for declared in asked)
    doubtful = [
        str(declared.symbol) for declared in asked if declared.verified is None or declared.verified.sure == "unconfirmed"
    ]
    told = ", ".join(f"{count} {how}" for how, count in sorted(sure.items()))
    return told + (f" ({', '.join(doubtful)}); `steel doctor --live` asks" if doubtful else "")


def _key(parts: Platform, source: Source) -> str:
    """A source without a key is skipped, or asked without one: that is a choice, and no fault."""
    if parts.providers.key_of(source) is not None:
        return "set"
    return parts.providers.not_configured(source) or "not set: it is asked without one, which brings no revisions of the past"


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
        return Finding(what, False, f"{type(error).__name__}: {error}")


def _writable(parts: Platform) -> str:
    make_folder(parts.settings.home)
    with tempfile.NamedTemporaryFile(dir=parts.settings.home):
        return f"{parts.settings.home.absolute()} is writable"


def _lake(parts: Platform) -> str:
    nature = {True: "simulated data", False: "real data", None: "empty"}[parts.lake.simulated]
    return f"{parts.store.uri('raw-data')}: {nature}"


def _instance() -> str:
    with instance_here() as instance:
        return f"{instance.get_runs_count()} runs recorded in {instance.root_directory}"
