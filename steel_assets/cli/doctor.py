"""``steel doctor``: checks the installation; each finding says what is wrong and what to do."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.machine.disk import make_folder
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.runs import instance_here
from steel_assets.bootstrap import platform
from steel_assets.catalog import Catalog, Source
from steel_assets.cli.symbols import ask_live
from steel_assets.core.open_sets import opened
from steel_assets.core.tables import FORECASTS
from steel_assets.providers import Providers
from steel_assets.settings import Settings, origins, unknown


@dataclass(frozen=True)
class Diagnostic:
    """The result of one check."""

    what: str
    ok: bool
    detail: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="print the findings as JSON")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="instead, ask each provider once for each symbol, within its quota")
    ] = False,
) -> None:
    """Check settings, catalogue, storage, keys and the Dagster instance, and list what is missing."""
    if live:
        ask_live(as_json=as_json)
        return
    parts = platform()

    def channels() -> str:
        parts.check_settings()
        parts.check_plugins()
        return _channels(parts.notifiers)

    findings = [
        *_declared(parts.catalog, parts.settings, parts.declared_settings()),
        _tried("sources and channels", channels),
        Diagnostic("symbols", True, _symbols(parts.catalog)),
        _tried("state folder", lambda: _writable(parts.home)),
        _tried("lake", lambda: _lake(parts.lake)),
        _tried("warehouse", lambda: _warehouse(parts.warehouse)),
        _tried("cache", lambda: str(parts.cache.stats())),
        _tried("dagster instance", _instance),
        *_providers(parts.catalog, parts.providers, live=parts.settings.sources == "live"),
    ]
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


def _declared(catalog: Catalog, chosen: Settings, declared: Collection[str]) -> Iterator[Diagnostic]:
    """Findings about catalogue and settings.

    Args:
        declared: environment variables that sources and channels declare.
    """
    series = len(catalog.series)
    yield Diagnostic("catalogue", True, f"{series} series, markets {', '.join(catalog.markets)}")
    yield Diagnostic(
        "prices",
        True,
        {"sandbox": "SIMULATED, from the sandbox", "live": "live providers", "files": "imported files only"}[chosen.sources],
    )
    yield Diagnostic("settings", True, _settings(declared))
    for name, meant in unknown(declared).items():
        yield Diagnostic("settings", False, f"{name} is no setting" + (f"; {meant} is" if meant else "; see deploy/env.example"))


def _providers(catalog: Catalog, providers: Providers, *, live: bool) -> Iterator[Diagnostic]:
    """Findings about markets without a provider, and, with ``live``, about the providers' keys."""
    for market in catalog.markets:
        if unfed := providers.unfed(market):
            yield Diagnostic(f"market {market}", True, unfed)
    for source in catalog.sources.values() if live else ():
        if source.takes_key:
            yield Diagnostic(f"key of {source.name}", True, _key(providers, source))


def _channels(notifiers: Mapping[str, Notifier]) -> str:
    """The configured channels, and those added by plugins."""
    own = ", ".join(map(str, opened()))
    return f"channels: {', '.join(notifiers)}" + (f"; Python of your own from {own}" if own else "")


def _settings(declared: Collection[str]) -> str:
    """Where each setting's value comes from; never the value, which can be secret."""
    places: dict[str, list[str]] = {}
    for name, place in origins(declared).items():
        places.setdefault(place, []).append(name)
    sentences = [f"from {place}: {', '.join(names)}" for place, names in places.items()]
    return "; ".join([*sentences, "the rest are the defaults"] if sentences else ["all are the defaults"])


def _symbols(catalog: Catalog) -> str:
    """How many symbols were confirmed by their provider; the others by name."""
    asked = [declared for declared in catalog.series.values() if catalog.sources[declared.source].kind == "api"]
    sure = Counter(declared.verified.status if declared.verified else "not said how sure" for declared in asked)
    doubtful = [
        str(declared.symbol) for declared in asked if declared.verified is None or declared.verified.status == "unconfirmed"
    ]
    counts = ", ".join(f"{count} {how}" for how, count in sorted(sure.items()))
    return counts + (f" ({', '.join(doubtful)}); `steel doctor --live` asks" if doubtful else "")


def _key(providers: Providers, source: Source) -> str:
    """Whether a source has its key. Without one it is skipped, or asked without a key; neither is an error."""
    if providers.key_of(source) is not None:
        return "set"
    return providers.not_configured(source) or "not set: it is asked without one, which brings no revisions of the past"


def _tried(what: str, check: Callable[[], str]) -> Diagnostic:
    try:
        return Diagnostic(what, True, check())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
        return Diagnostic(what, False, f"{type(error).__name__}: {error}")


def _writable(home: Path) -> str:
    make_folder(home)
    with tempfile.NamedTemporaryFile(dir=home):
        return f"{home.absolute()} is writable"


def _warehouse(warehouse: Warehouse) -> str:
    return f"{warehouse.uri_of_database}: {warehouse.count(FORECASTS):,} forecasts"


def _lake(lake: Lake) -> str:
    nature = {True: "simulated data", False: "real data", None: "empty"}[lake.simulated]
    return f"{lake.store.uri('raw-data')}: {nature}"


def _instance() -> str:
    with instance_here() as instance:
        return f"{instance.get_runs_count()} runs recorded in {instance.root_directory}"
