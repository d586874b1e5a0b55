"""``steel forecast``: what the platform says today, or would have said on an earlier day."""

from __future__ import annotations

import json
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.assets import issuing
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.moments import issue_on, last_issue, now, parse_day
from steel_assets.cli.problem import Problem


def forecast(
    market: Annotated[str | None, typer.Argument(help="id of the market; default all of them")] = None,
    as_of: Annotated[str | None, typer.Option(help="day of issue, for example 2026-11-20; default the latest")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the forecasts as JSON")] = False,
) -> None:
    """Forecast from what was known at a day's issue, with the models of that day. Nothing is written or published."""
    parts = platform()
    if market is not None and market not in parts.catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    rules = parts.catalog.rules
    moment = issue_on(parse_day(as_of, "--as-of"), rules) if as_of else last_issue(now(), rules)
    if moment > now():
        raise Problem(f"--as-of: {as_of} has not come yet")
    markets = [market] if market else list(parts.catalog.markets)
    rows = pd.concat([issuing.issue_market(parts, name, moment) for name in markets], ignore_index=True)
    if as_json:
        typer.echo(rows.to_json(orient="records", date_format="iso", indent=2))
        return
    console = Console()
    if bool(rows["simulated"].any()):
        console.print("[bold yellow]SIMULATED[/]")
    console.print(forecast_table(parts, rows))


def forecast_table(parts: Platform, rows: pd.DataFrame) -> Table:
    """Forecasts as a buyer reads them.

    Args:
        rows: rows of tables.FORECASTS.
    """
    table = Table(title="Forecasts", title_justify="left")
    for name in ("market", "last", "on", "ahead", "for", "forecast", "change", "90 % interval", "confidence", "model"):
        table.add_column(name, justify="left" if name in ("market", "model") else "right")
    for market, group in rows.groupby("market", sort=False):
        table.add_section()
        for place, row in enumerate(group.sort_values("horizon").itertuples()):
            first = place == 0
            change = row.predicted_price / row.last_price - 1
            table.add_row(
                parts.catalog.markets[str(market)].name if first else "",
                f"{row.last_price:,.1f} {row.unit}" if first else "",
                f"{row.data_as_of:%d %b %Y}" if first else "",
                f"{row.horizon} d",
                f"{row.target_date:%d %b %Y}",
                f"{row.predicted_price:,.1f}",
                f"{change:+.1%}",
                f"{row.q05:,.0f} – {row.q95:,.0f}",
                f"{row.model_confidence:.2f}",
                row.model_family,
            )
    return table


def to_json(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as plain JSON objects."""
    return json.loads(rows.to_json(orient="records", date_format="iso"))
