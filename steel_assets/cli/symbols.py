"""``steel doctor --live``: ask each provider once for each symbol of the catalogue, and store nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Literal

import pandas as pd
import typer
from pydantic import SecretStr
from rich.console import Console

from steel_assets.adapters.http.quota import BudgetSpent
from steel_assets.bootstrap import Platform, platform
from steel_assets.catalog import Catalog, Source
from steel_assets.cli.dates import now
from steel_assets.cli.problem import Problem
from steel_assets.core.responses import Http, HttpError, Response
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets.providers import Providers
from steel_assets.sources import Collection, connector

YEARS = 1
"""Years of history to request: one call per symbol is enough for any provider."""

SILENCE = 2
"""After this many calls in a row without an answer a provider counts as down, and its other symbols are not asked for."""

MARKS = {"answered": "[green]✓[/]", "refused": "[red]✗[/]", "not asked": "[yellow]–[/]"}


@dataclass(frozen=True)
class SymbolCheck:
    """A provider's answer about one symbol: ``first`` and ``last`` day of the ``figures`` that it sent for the last year."""

    source: str
    series: str
    symbol: str
    unit: str
    outcome: Literal["answered", "refused", "not asked"]
    sure: str
    figures: int = 0
    first: str | None = None
    last: str | None = None
    last_value: float | None = None
    detail: str = ""


class _CountingHttp:
    """An HTTP client that counts calls in a row without an answer, and records whether the quota allowed the last one."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.silences = 0
        self.spent = False

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, SecretStr] | None = None,
    ) -> Response:
        try:
            answer = self._http.get(url, params, headers, secret_params)
        except HttpError as error:
            self.spent = error.kind == "budget"
            self.silences += not self.spent
            raise
        self.silences = 0
        return answer


def ask_live(*, as_json: bool) -> None:
    """Ask, and print each answer with unit and period, or the refusal and its remedy.

    Exit code 1 if a provider refused a symbol or did not answer. Symbols that were not asked for, because a key or calls of the
    quota are missing, are listed and are no error.
    """
    console = Console(stderr=as_json)
    with _parts(console) as parts:
        if parts.settings.sources == "files":
            raise Problem("--live: STEEL_SOURCES=files asks no provider; set it to live")
        found = []
        for source in parts.catalog.sources.values():
            if source.kind != "api":
                continue
            console.print(f"[bold]{source.name}[/] {_budget(parts.providers, source)}", highlight=False)
            for entry in _asked(parts.catalog, parts.providers, source, now()):
                found.append(entry)
                console.print(f"  {MARKS[entry.outcome]} ", end="")
                console.print(_line(entry), markup=False, highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps([asdict(symbol) for symbol in found]))
    counts = {outcome: sum(symbol.outcome == outcome for symbol in found) for outcome in MARKS}
    console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), highlight=False)
    if counts["refused"]:
        raise typer.Exit(1)


@contextmanager
def _parts(console: Console) -> Iterator[Platform]:
    """The platform; for simulated prices with a sandbox of its own."""
    parts = platform()
    if not parts.settings.simulated:
        yield parts
        return
    from steel_assets.sandbox.server import Sandbox

    with Sandbox(parts.catalog) as sandbox:
        console.print("[bold yellow]SIMULATED[/] providers: STEEL_SOURCES=live asks the real ones")
        yield platform(parts.settings.model_copy(update={"sandbox_url": sandbox.url}))


def _budget(providers: Providers, source: Source) -> str:
    quota = providers.quotas.get(source.id)
    if quota is None:
        return ""
    try:
        return f"({quota.used()} of {source.calls_per_day} calls of 24 hours are used)"
    except BudgetSpent as spent:
        return f"({spent})"


def _asked(catalog: Catalog, providers: Providers, source: Source, moment: pd.Timestamp) -> Iterator[SymbolCheck]:
    """One answer for each series of ``source``, asked one after the other."""
    series = [declared for group in source.groups for declared in catalog.series_of(source.id, group)]
    reason = providers.not_configured(source)
    http = _CountingHttp(providers.http[source.id].once())
    access = replace(providers.access(source, http), history_years=YEARS)
    for declared_series in series:
        if reason is None:
            collection = connector(source.id).collect([declared_series], OBSERVATIONS.empty(), moment, access)
            if not http.spent:
                yield _outcome(declared_series, collection)
            reason = _why_no_more(declared_series, collection, http)
            if not http.spent:
                continue
        yield _check_of(declared_series, "not asked", detail=(reason or "").removeprefix("not asked: "))


def _why_no_more(series: Series, collection: Collection, http: _CountingHttp) -> str | None:
    """The reason why the provider is not asked for its other symbols; None to continue."""
    if http.spent:
        return collection.problems.get(series.id, "").removeprefix(f"{series.symbol}: ")
    if collection.silent or http.silences >= SILENCE:
        return f"it gave no answer {http.silences} times in a row"
    return None


def _outcome(series: Series, collection: Collection) -> SymbolCheck:
    problem = collection.problems.get(series.id)
    if problem is not None:
        return _check_of(series, "refused", detail=problem.removeprefix(f"{series.symbol}: "))
    rows = pd.concat([collection.observations, collection.suspects]).sort_values(["period", "published_at"])
    odd = [str(reason) for reason in collection.suspects["reason"].unique()]
    if collection.observations.empty:
        return _check_of(series, "refused", detail="; ".join(odd) or f"no figure of the last {YEARS} years; check the symbol")
    detail = "; ".join([*(f"{count} × {note}" if count else note for note, count in collection.notes.items()), *odd])
    return _check_of(series, "answered", rows, detail)


def _check_of(
    series: Series, outcome: Literal["answered", "refused", "not asked"], rows: pd.DataFrame | None = None, detail: str = ""
) -> SymbolCheck:
    sure = f"{series.verified.status}: {series.verified.from_} ({series.verified.checked})" if series.verified else "not said"
    asked = SymbolCheck(series.source, series.id, str(series.symbol), series.unit, outcome, sure, detail=detail)
    if rows is None:
        return asked
    first, last = (f"{day:%Y-%m-%d}" for day in (rows["period"].iloc[0], rows["period"].iloc[-1]))
    return replace(asked, figures=int(rows["period"].nunique()), first=first, last=last, last_value=float(rows["value"].iloc[-1]))


def _line(symbol: SymbolCheck) -> str:
    name = f"{symbol.symbol} ({symbol.series})"
    if symbol.outcome == "answered":
        figures = f"{symbol.figures} figures, {symbol.first} to {symbol.last}, at last {symbol.last_value:,.6g} {symbol.unit}"
        return f"{name}: {figures}" + (f" · {symbol.detail}" if symbol.detail else "")
    return f"{name}: {symbol.outcome}: {symbol.detail}" + (f" · symbol {symbol.sure}" if symbol.outcome == "refused" else "")
