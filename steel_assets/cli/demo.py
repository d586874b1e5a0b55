"""``steel demo``: the whole pipeline for one or more days, on the simulated market or on real prices from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.progress import Progress

from steel_assets.assets.runs import RunReport
from steel_assets.cli.dates import issue_on, last_issue, now
from steel_assets.cli.problem import Problem
from steel_assets.cli.progress import progress_bar
from steel_assets.cli.session import Session
from steel_assets.cli.summary import print_summary
from steel_assets.core.calendars import local_day
from steel_assets.operations.training import warm_up
from steel_assets.settings import settings

MONDAY = 0
FIRST = "first every market is trained on years of prices, then forecasts are made: about a minute on two idle processors"


def demo(
    days: Annotated[int, typer.Option(help="days of operation to replay, ending today", min=1, max=370)] = 1,
    real: Annotated[
        Path | None,
        typer.Option(help="folder of real price history: import it into a separate lake and run the pipeline on it"),
    ] = None,
) -> None:
    """Run the whole pipeline, from raw prices to published forecasts, and print a summary."""
    if real is not None:
        from steel_assets.cli.demo_real import demo_real

        demo_real(real)
        return
    if not settings().simulated:
        raise Problem(f"the demo simulates its market, but STEEL_SOURCES is {settings().sources}; unset it, or use `steel dev`")
    console = Console()
    console.print("[bold yellow]SIMULATED MARKET[/] · every price comes from the sandbox", highlight=False)
    with Session.open(console, begin=True) as session:
        rules = session.platform.catalog.rules
        newest = last_issue(now(), rules)
        local = local_day(newest, rules.schedules.tzinfo)
        issues = [issue_on(local - pd.Timedelta(days=back), rules) for back in range(days - 1, -1, -1)]
        if not session.platform.models.has_production():
            console.print(FIRST, style="dim", highlight=False)
        reports: list[RunReport] = []
        with progress_bar(console) as bar:
            for place, issue in enumerate(issues):
                reports += _day(session, issue, first=place == 0, bar=bar)
        parts = session.platform
        print_summary(console, parts.catalog, parts.warehouse, parts.store, reports, issues[-1])
    if any(not report.success or report.failed_checks for report in reports):
        raise typer.Exit(1)


def _day(session: Session, issue: pd.Timestamp, *, first: bool, bar: Progress) -> list[RunReport]:
    """The runs of one day. Without any model it trains first; after that it retrains on Mondays, an hour after the issue."""
    reports = []
    if first and not session.platform.models.has_production():
        warm_up(session.platform.catalog)
        reports.append(session.run("weekly_retraining", issue, bar))
    reports.append(session.run("daily_data_update", issue, bar))
    weekday = issue.tz_convert(session.platform.catalog.rules.schedules.tzinfo).dayofweek
    if not first and weekday == MONDAY:
        reports.append(session.run("weekly_retraining", issue + pd.Timedelta(hours=1), bar))
    return reports
