"""The summary after a run: forecasts for a buyer, problems for a data engineer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Console

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.runs import RunReport
from steel_assets.catalog import Catalog
from steel_assets.cli.computed import plain_values
from steel_assets.cli.forecast import FOOTNOTE, print_forecasts
from steel_assets.core.tables import DATA_QUALITY, PROMOTIONS
from steel_assets.operations.in_force import newest


def print_summary(
    console: Console,
    catalog: Catalog,
    warehouse: Warehouse,
    store: ObjectStore,
    reports: Sequence[RunReport],
    moment: pd.Timestamp,
) -> None:
    """Print the forecasts, the champions' out-of-sample scores, the promotions, and every problem."""
    latest = newest(catalog, warehouse, store, moment)
    if len(latest):
        print_forecasts(console, catalog, store, plain_values(latest))
        console.print(FOOTNOTE, style="dim", highlight=False)
    decisions = warehouse.read(PROMOTIONS)
    quality = warehouse.read(DATA_QUALITY)
    today = quality[(quality["date"] == quality["date"].max()) & quality["critical"]] if len(quality) else quality
    decided = decisions["decision"].value_counts()
    facts = (
        f"as of {moment:%Y-%m-%d %H:%M} UTC",
        f"{len(reports)} Dagster runs, {sum(report.seconds for report in reports):.0f} s",
        f"data quality at least {today['quality_score'].min():.2f}",
        f"{decided.get('promoted', 0)} promotions, {decided.get('rejected', 0)} rejections so far",
    )
    console.print("\n" + " · ".join(facts), highlight=False)
    for report in reports:
        for name, reason in (report.failed_steps | report.failed_checks).items():
            console.print(f"[red]✗ {report.job} · {name}[/]: ", end="", highlight=False)
            console.print(reason, markup=False, highlight=False)
    if all(report.success and not report.failed_checks for report in reports):
        console.print(
            "[green]✓ every asset materialised, every check passed[/] · `steel dev` (`make dev`) shows it all", highlight=False
        )
