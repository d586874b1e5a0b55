"""``steel demo --real FOLDER``: the pipeline on real prices, imported from files into a separate lake."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.cli.dates import issue_on, now
from steel_assets.cli.imports import user_name
from steel_assets.cli.problem import Problem
from steel_assets.cli.real_prices import FILES, LAST_DAY, figures
from steel_assets.cli.session import Session
from steel_assets.cli.summary import print_summary
from steel_assets.operations.importing import FileToImport, import_table
from steel_assets.settings import settings


def demo_real(folder: Path) -> None:
    """Import every file of ``folder`` and run the pipeline as of the last trading day of 2023."""
    if settings().sources != "files":
        raise Problem(
            "--real needs a place of its own, so that real prices never meet simulated ones: `make demo-real`, or set "
            "STEEL_SOURCES=files and STEEL_HOME and DAGSTER_HOME to new folders"
        )
    console = Console()
    console.print("[bold]REAL PRICES[/] · imported history up to 2023-12-29, nothing simulated", highlight=False)
    with Session.open(console) as session:
        parts = session.platform
        new = _import(parts.catalog, parts.lake, parts.imports, parts.home, folder)
        console.print(f"{len(FILES)} series, {new:,} new rows", highlight=False)
        moment = issue_on(LAST_DAY + pd.Timedelta(days=1), parts.catalog.rules)
        report = session.run("stored_data_pipeline", moment)
        print_summary(console, parts.catalog, parts.warehouse, parts.store, [report], moment)
    if not report.success:
        raise typer.Exit(1)


def _import(catalog: Catalog, lake: Lake, imports: ImportLedger, home: Path, folder: Path) -> int:
    """Import all files; return how many rows were new or changed. No value is quarantined, however large its move."""
    moment, new = now(), 0
    for series, table in figures(folder, catalog, moment):
        digest = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
        offered = FileToImport(FILES[series][0], digest, {series: table}, user_name(), believe=True)
        new += import_table(catalog, lake, imports, home, offered, moment).rows_new
    return new
