"""The summary after a run: what a buyer wants to read, and what a data engineer has to know."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.table import Table

from steel_assets.assets.runs import RunReport
from steel_assets.bootstrap import Platform
from steel_assets.cli.forecast import forecast_table
from steel_assets.core.tables import DATA_QUALITY, FORECASTS, PROMOTIONS


def print_summary(console: Console, platform: Platform, reports: Sequence[RunReport], moment: pd.Timestamp) -> None:
    """Forecasts, how the champions did out of sample, what was decided, and every trouble."""
    published = platform.warehouse.read(FORECASTS)
    latest = published[published["as_of"] == published["as_of"].max()] if len(published) else published
    if len(latest):
        console.print(forecast_table(platform, latest))
        console.print(_skill_table(platform))
    decisions = platform.warehouse.read(PROMOTIONS)
    quality = platform.warehouse.read(DATA_QUALITY)
    today = quality[(quality["date"] == quality["date"].max()) & quality["critical"]] if len(quality) else quality
    console.print(
        f"{sum(report.seconds for report in reports):.0f} s in {len(reports)} Dagster runs · as of {moment:%Y-%m-%d %H:%M} UTC · "
        f"data quality {today['quality_score'].min():.2f} or better · "
        f"{int((decisions['decision'] == 'promoted').sum())} promotions, {int((decisions['decision'] == 'rejected').sum())} rejections",
        highlight=False,
    )
    for report in reports:
        for name, reason in (report.failed_steps | report.failed_checks).items():
            console.print(f"[red]✗ {report.job} · {name}[/]: ", end="", highlight=False)
            console.print(reason, markup=False, highlight=False)
    if all(report.success and not report.failed_checks for report in reports):
        console.print("[green]✓ every asset materialised, every check passed[/] · `make dev` shows it all", highlight=False)


def _skill_table(platform: Platform) -> Table:
    """How each champion did in walk-forward validation, beside the last price."""
    table = Table(title="Out of sample, last 250 trading days (ratio: error ÷ the last price's)", title_justify="left")
    for name in ("market", "ahead", "MAPE", "last price's MAPE", "ratio", "90 % interval held"):
        table.add_column(name, justify="left" if name == "market" else "right")
    for market in platform.catalog.markets:
        key = f"predictions/validation/scores/{market}.parquet"
        if key not in set(platform.store.list(key)):
            continue
        scores = platform.lake.read(key).set_index(["model", "h"])
        table.add_section()
        for place, h in enumerate(platform.catalog.markets[market].horizons):
            if ("champion", h) in scores.index:
                own, naive = scores.loc[("champion", h)], scores.loc[("naive", h)]
                table.add_row(
                    platform.catalog.markets[market].name if place == 0 else "",
                    f"{h} d",
                    f"{own['mape']:.2%}",
                    f"{naive['mape']:.2%}",
                    f"{own['mae_ratio']:.3f}",
                    f"{own['coverage_90']:.0%}",
                )
    return table
