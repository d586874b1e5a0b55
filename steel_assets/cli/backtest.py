"""``steel backtest``: what each model would have forecast on each past day, from only what was known on that day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake.parquet import to_parquet
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.cli.progress import progress_bar
from steel_assets.core.backtest import MOST_WITHHELD, BacktestError, families_of, without_price
from steel_assets.core.backtest import backtest as walk_forward
from steel_assets.core.periods import UNITS
from steel_assets.core.scoring import scores
from steel_assets.core.tables import BACKTEST
from steel_assets.operations import histories, panel

DEFAULT_YEARS = {"daily": 2, "weekly": 3, "monthly": 8}
"""Years to backtest when --start is not given, by the market's frequency: about 500, 150 and 100 prices."""


def backtest(
    market: Annotated[str, typer.Argument(help="id of the market")],
    start: Annotated[
        str | None,
        typer.Option(help="first origin, for example 2022-01-03; default 2 years before the end, weekly 3, monthly 8"),
    ] = None,
    end: Annotated[str | None, typer.Option(help="last origin; default the last day with a price")] = None,
    step: Annotated[int, typer.Option(help="trading days (weeks, months) from one origin to the next", min=1, max=250)] = 1,
    withhold: Annotated[
        int,
        typer.Option(
            help="hide this many last prices of the target at every origin, as if its feed had stopped", min=0, max=MOST_WITHHELD
        ),
    ] = 0,
    models: Annotated[str | None, typer.Option(help="model families, comma-separated; default all and champion")] = None,
    output: Annotated[Path | None, typer.Option(help="Parquet file for one row per model, origin and horizon")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the scores as JSON")] = False,
) -> None:
    """Backtest every model on a market's history by walk-forward, and compare it with the last price on the same dates.

    The origins of a weekly or monthly market are its weeks or months. Trading days without a price of their own are left out.
    With --withhold N each forecast starts from a price that is N trading days old; drivers stay known.
    """
    parts = platform()
    if market not in parts.catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    if output is not None and not output.absolute().parent.is_dir():
        raise Problem(f"--output: the folder {output.absolute().parent} does not exist")
    history = panel.with_others(parts.catalog, parts.lake, histories.build(parts.catalog, parts.lake, market, now()))
    available = families_of(history.market)
    chosen = None if models is None else [name.strip() for name in models.split(",") if name.strip()]
    if chosen is not None and (not chosen or set(chosen) - {*available, "champion"}):
        raise Problem(f"--models: {models!r}; this market has {', '.join(available)} and champion")
    newest = history.prices["period"].max()
    last = parse_day(end, "--end") if end else newest
    years = DEFAULT_YEARS[history.market.frequency]
    first = parse_day(start, "--start") if start else max(last - pd.DateOffset(years=years), history.origins[0])
    if first > last:
        raise Problem(f"--start {first:%Y-%m-%d} is after --end {last:%Y-%m-%d}")
    if first > newest or last < history.origins[0]:
        raise Problem(f"{market} has prices from {history.origins[0]:%Y-%m-%d} to {newest:%Y-%m-%d} only")

    console = Console(stderr=as_json)
    with progress_bar(console) as bar:
        task = bar.add_task(f"backtest · {market}", total=None)
        try:
            rows = walk_forward(
                history,
                first,
                last,
                step=step,
                families=chosen,
                withhold=withhold,
                progress=lambda done, total, what: bar.update(
                    task, completed=done, total=total, description=f"{market} · {what}"
                ),
            )
        except BacktestError as error:
            raise Problem(str(error)) from error
    left_out = without_price(history, first, last, step, withhold)
    rows = BACKTEST.enforce(rows)
    table = scores(rows)
    if chosen is not None:  # the last price was walked too, to score the others beside it
        rows, table = rows[rows["model"].isin(chosen)], table[table["model"].isin(chosen)]
    if output is not None:
        written = output.with_name(output.name + ".part")
        written.write_bytes(to_parquet(rows))
        written.replace(output)
    if as_json:
        facts = {"market": market, "withhold": withhold, "rows": len(rows), "left_out": left_out}
        typer.echo(json.dumps({**facts, "scores": json.loads(table.to_json(orient="records"))}))
        return
    if history.simulated:
        console.print("[yellow]SIMULATED DATA[/]")
    unit = "trading days" if history.market.frequency == "daily" else UNITS[history.market.frequency][1]
    title = f"{parts.catalog.markets[market].name}, {first:%Y-%m-%d} to {last:%Y-%m-%d}, every {step}"
    console.print(score_table(table, title + (f", last price {withhold} {unit} old" if withhold else "")))
    console.print(f"{left_out:,} {unit} without a price of their own were left out", highlight=False)
    if output is not None:
        console.print(f"{len(rows):,} rows in {output}", highlight=False)


def score_table(table: pd.DataFrame, title: str) -> Table:
    """Scores as a table: one row per model and horizon, with the last price's score beside each."""
    caption = "error*, pinball*: divided by the last price's on the same dates, below 1 is better"
    shown = Table(title=title, title_justify="left", caption=caption, caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for name in ("h", "model", "n", "MAPE", "MAE", "error*", "pinball*", "in 90 %", "R²"):
        shown.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    previous = None
    for row in table.sort_values(["h", "mae_ratio"], kind="stable").itertuples():
        if previous not in (None, row.h):
            shown.add_section()
        previous = row.h
        style = "bold" if row.model == "champion" else None
        shown.add_row(
            str(row.h),
            row.model,
            f"{row.n:,}",
            f"{row.mape:.2%}",
            f"{row.mae:,.2f}",
            f"{row.mae_ratio:.3f}",
            f"{row.pinball_ratio:.3f}",
            f"{row.coverage_90:.1%}",
            f"{row.r2:.3f}",
            style=style,
        )
    return shown
