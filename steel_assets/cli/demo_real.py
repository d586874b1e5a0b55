"""``steel demo --real FOLDER``: the river on real prices, imported from files into a lake of their own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from steel_assets.bootstrap import Platform
from steel_assets.cli.moments import issue_on, now
from steel_assets.cli.problem import Problem
from steel_assets.cli.river import River
from steel_assets.cli.summary import print_summary
from steel_assets.settings import settings
from steel_assets.sources.file_import import import_observations, read_file

LAST_DAY = pd.Timestamp("2023-12-29")

FILES: dict[str, tuple[str, str]] = {
    **{f"lme_rebar_m{month:02d}": ("lme_sr_curve.csv", f"m{month:02d}") for month in range(1, 7)},
    **{f"lme_scrap_m{month:02d}": ("lme_sc_curve.csv", f"m{month:02d}") for month in range(1, 7)},
    "shfe_rebar": ("shfe_rb.csv", "close"),
    "hrc_us_midwest": ("hrc_yahoo.csv", "value"),
    "iron_ore_62": ("tio_yahoo.csv", "value"),
    "copper_comex": ("hg_copper.csv", "close"),
    "crude_wti": ("cl_wti.csv", "close"),
    "usd_index": ("dxy.csv", "value"),
    "usdcny": ("usdcnh.csv", "value"),
    "usdmxn": ("usdmxn_fix.csv", "value"),
    "treasury_10y": ("us10y.csv", "value"),
    "share_nucor": ("eq_nue.csv", "value"),
    "share_arcelormittal": ("eq_mt.csv", "value"),
    "share_vale": ("eq_vale.csv", "value"),
    "fund_steel_slx": ("eq_slx.csv", "value"),
    "fund_metals_xme": ("eq_xme.csv", "value"),
    "ppi_iron_steel": ("fred_wpu101.csv", "value"),
    "ppi_steel_mill_products": ("fred_wpu1017.csv", "value"),
    "ppi_scrap": ("fred_wpu1012.csv", "value"),
    "industrial_production_us": ("fred_indpro.csv", "value"),
    "construction_spending_us": ("fred_ttlcons.csv", "value"),
    "cpi_us": ("fred_cpiaucsl.csv", "value"),
    "usd_broad": ("fred_dtwexbgs.csv", "value"),
}
"""Series of the shipped catalogue → file and column."""


def demo_real(folder: Path) -> None:
    """Import every file of ``folder`` and run the river as of the last trading day of 2023."""
    if settings().sources != "files":
        raise Problem(
            "--real needs a place of its own, so that real prices never meet simulated ones: `make demo-real`, or set "
            "STEEL_SOURCES=files and STEEL_HOME and DAGSTER_HOME to new folders"
        )
    absent = sorted({name for name, _ in FILES.values() if not (folder / name).is_file()})
    if absent:
        raise Problem(f"--real: {folder} has no {', '.join(absent)}; name the folder that holds the real price history")
    console = Console()
    console.print("[bold]REAL PRICES[/] · imported history up to 2023-12-29, nothing simulated", highlight=False)
    with River.open(console) as river:
        new = _import(river.platform, folder)
        console.print(f"{len(FILES)} series, {new:,} new rows", highlight=False)
        moment = issue_on(LAST_DAY + pd.Timedelta(days=1), river.platform.catalog.rules)
        report = river.run("files_river", moment)
        print_summary(console, river.platform, [report], moment)
    if not report.success:
        raise typer.Exit(1)


def _import(platform: Platform, folder: Path) -> int:
    moment, new = now(), 0
    for series, (name, column) in FILES.items():
        declared = platform.catalog.series[series]
        table = read_file((folder / name).read_bytes(), name, declared, moment, value_column=column)
        rows = import_observations(table, declared, platform.lake.observations([series]), moment)
        platform.lake.append_observations(rows, "file-import", "files")
        new += len(rows)
    return new
