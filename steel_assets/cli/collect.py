"""``steel collect``: ask every provider for what is new, as a recorded Dagster run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer
from rich.console import Console

from steel_assets.adapters.http.quota import Quota
from steel_assets.adapters.lake.lake import Lake
from steel_assets.assets.raw import key_of_group
from steel_assets.bootstrap import catalog
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import parse_day
from steel_assets.cli.problem import Problem
from steel_assets.cli.session import Session
from steel_assets.cli.status import table
from steel_assets.cli.status_tables import calls_used
from steel_assets.operations.collecting import group_standing, waiting

if TYPE_CHECKING:
    import dagster as dg


def collect(
    since: Annotated[str | None, typer.Option(help="ask again for everything from this day on (a backfill)")] = None,
    source: Annotated[list[str] | None, typer.Option(help="only this source; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False,
) -> None:
    """Collect new data from every provider. If one fails, its error is printed and the others go on."""
    first = parse_day(since, "--since") if since else None
    only = _assets_of(source) if source else None
    console = Console(stderr=as_json)
    with Session.open(console) as session:
        moment = session.now()
        if first is not None and first > moment.tz_localize(None):
            raise Problem(f"--since: {first:%Y-%m-%d} is in the future; name a past day")
        report = session.run("data_collection", moment, only=only, since=first)
        parts = session.platform
        groups = _groups(parts.catalog, parts.lake, parts.providers.quotas, source, moment)
        asked = {name: parts.providers.not_configured(parts.catalog.sources[name]) for name in source or ()}
    if as_json:
        answer = {"run_id": report.run_id, "success": report.success, "failed": report.failed_checks, "groups": groups}
        typer.echo(json.dumps(answer))
    else:
        console.print(table("Collected", groups))
    for name, unasked in asked.items():
        if unasked is not None:
            console.print(f"[yellow]○[/] {name}: {unasked}", highlight=False)
    for name, reason in (report.failed_steps | report.failed_checks).items():
        console.print(f"[red]✗[/] {name}: {reason}", highlight=False)
    if not report.success or report.failed_checks:
        raise typer.Exit(1)
    console.print(f"[green]✓[/] collected in {report.seconds:.1f} s", highlight=False)


def _assets_of(sources: list[str]) -> list[dg.AssetKey]:
    """The asset keys of ``sources``.

    Raises:
        Problem: a source does not exist.
    """
    there = {source.id: source.groups for source in catalog().sources.values() if source.kind == "api"}
    unknown = [name for name in sources if name not in there]
    if unknown:
        raise Problem(f"--source: {unknown[0]!r} is not one of {', '.join(sorted(there))}")
    return [key_of_group(name, group) for name in dict.fromkeys(sources) for group in there[name]]


def _groups(
    catalog: Catalog, lake: Lake, quotas: Mapping[str, Quota], sources: list[str] | None, moment: pd.Timestamp
) -> list[dict[str, Any]]:
    """What the collection at ``moment`` did, one dict per endpoint group."""
    observations = lake.observations()
    held = waiting(catalog, lake, observations)
    again = observations.duplicated(["series", "period"], keep=False)
    rows = []
    for source in catalog.sources.values():
        for group in source.groups if source.kind == "api" and source.id in (sources or [source.id]) else ():
            ids = [declared.id for declared in catalog.series_of(source.id, group)]
            new = observations["series"].isin(ids) & (observations["collected_at"] == moment)
            rows.append(
                {
                    "source": source.id,
                    "group": group,
                    "state": str(group_standing(catalog, lake, source, group, observations, moment)),
                    "new": int((new & ~again).sum()),
                    "changed": int((new & again).sum()),
                    "quarantined": int(held["series"].isin(ids).sum()),
                    "calls_of_budget": calls_used(quotas, source.id),
                }
            )
    return rows
