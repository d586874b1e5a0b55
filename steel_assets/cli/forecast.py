"""``steel forecast``: what the platform says today, or would have said on an earlier day."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.assets import issuing
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.moments import issue_on, last_issue, now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core.history import HistoryError


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
    tables, without = [], {}
    for name in [market] if market else parts.catalog.markets:
        try:
            tables.append(issuing.issue_market(parts, name, moment).forecasts)
        except HistoryError as error:
            without[name] = str(error)
    for reason in without.values():
        Console(stderr=True).print("no forecast:", reason, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if not tables:
        raise Problem("no market can be forecast")
    rows = pd.concat(tables, ignore_index=True)
    if as_json:
        typer.echo(rows.to_json(orient="records", date_format="iso", indent=2))
        return
    console = Console()
    if bool(rows["simulated"].any()):
        console.print("[bold yellow]SIMULATED DATA[/]")
    print_forecasts(console, parts, rows)
    console.print(FOOTNOTE, style="dim", highlight=False)


def print_forecasts(console: Console, parts: Platform, rows: pd.DataFrame) -> None:
    """Forecasts as a buyer reads them, market by market, with how the champion did out of sample beside each.

    Args:
        rows: rows of tables.FORECASTS.
    """
    for market, group in rows.groupby("market", sort=False):
        first = group.iloc[0]
        console.print(
            f"\n[bold]{parts.catalog.markets[str(market)].name}[/]  {first['last_price']:,.1f} {first['unit']} "
            f"on {first['data_as_of']:%d %b %Y}",
            highlight=False,
        )
        console.print(_table(group, _scores(parts, str(market))))


def _table(rows: pd.DataFrame, scores: pd.DataFrame | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("  ahead", "for", "forecast", "change", "90 % interval", "error*", "held**", "model"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for row in rows.sort_values("horizon").itertuples():
        own = scores.loc[row.horizon] if scores is not None and row.horizon in scores.index else None
        table.add_row(
            f"{row.horizon} d",
            f"{row.target_date:%d %b %y}",
            f"{row.predicted_price:,.1f}",
            f"{row.predicted_price / row.last_price - 1:+.1%}",
            f"{row.q05:,.0f} – {row.q95:,.0f}",
            "–" if own is None else f"{own['mae_ratio']:.2f}",
            "–" if own is None else f"{own['coverage_90']:.0%}",
            row.model_family,
        )
    return table


def _scores(parts: Platform, market: str) -> pd.DataFrame | None:
    """The champion's out-of-sample scores by horizon; None before the first validation."""
    key = f"predictions/validation/scores/{market}.parquet"
    if key not in set(parts.store.list(key)):
        return None
    scores = parts.lake.read(key)
    return scores[scores["model"] == "champion"].set_index("h")


FOOTNOTE = (
    "*  the champion's error over the last 250 trading days, out of sample, ÷ the last price's error on the same days\n"
    "** share of prices that fell inside its 90 % interval"
)
