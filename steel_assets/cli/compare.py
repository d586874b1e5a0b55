"""``steel compare``: every model against the last price over years: by year and in its worst windows, as table and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.bootstrap import platform
from steel_assets.cli.accuracy import measured_markdown, replace_measured
from steel_assets.cli.backtest import score_table
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.pictures import draw
from steel_assets.cli.problem import Problem
from steel_assets.cli.progress import progress_bar
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import backtest
from steel_assets.core.evaluation import Evaluation
from steel_assets.core.scorecard import by_year, worst_window
from steel_assets.core.scoring import scores
from steel_assets.operations import histories, panel


def compare(
    markets: Annotated[list[str] | None, typer.Argument(help="ids of markets; default all")] = None,
    start: Annotated[str, typer.Option(help="first origin")] = "2017-01-02",
    end: Annotated[str | None, typer.Option(help="last origin; default the last day with a price")] = None,
    step: Annotated[int, typer.Option(help="trading days from one origin to the next", min=1, max=250)] = 1,
    real: Annotated[Path | None, typer.Option(help="folder of the real price history, instead of the lake")] = None,
    output: Annotated[Path | None, typer.Option(help="folder for the pictures")] = None,
    document: Annotated[Path | None, typer.Option(help="Markdown file whose measured part is replaced")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print scores, overall and by year, and weights of experts as JSON")
    ] = False,
) -> None:
    """Compare all models over years: scores, scores by calendar year, worst windows, and pictures of the champion."""
    parts = platform()
    chosen = markets or list(parts.catalog.markets)
    unknown = [market for market in chosen if market not in parts.catalog.markets]
    if unknown:
        raise Problem(f"MARKETS: {', '.join(unknown)} not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    for option, path in (("--output", output), ("--document", document and document.absolute().parent)):
        if path is not None and not path.is_dir():
            raise Problem(f"{option}: the folder {path} does not exist")
    first = parse_day(start, "--start")
    last = parse_day(end, "--end") if end else None
    if real is not None:
        found = real_histories(real, parts.catalog, chosen)
    else:
        found = {market: histories.build(parts.catalog, parts.lake, market, now()) for market in chosen}
        found = {market: panel.with_others(parts.catalog, parts.lake, history) for market, history in found.items()}

    console = Console(stderr=as_json)
    tables: list[pd.DataFrame] = []
    believed: list[pd.DataFrame] = []
    with progress_bar(console) as bar:
        task = bar.add_task("compare", total=len(found))
        for market, history in found.items():
            bar.update(task, description=f"compare · {market}")
            newest = history.prices["period"].max()
            until = min(last, newest) if last is not None else newest
            if first > until or until < history.origins[0]:
                raise Problem(f"--start, --end: {market} has prices from {history.origins[0]:%Y-%m-%d} to {newest:%Y-%m-%d} only")
            begin = max(first, history.origins[0])
            walked: list[Evaluation] = []
            rows = backtest(history, begin, until, step=step, evaluated=walked.append)
            believed += [made.weights_by_year(max(made.start, int(history.origins.searchsorted(begin)))) for made in walked]
            tables.append(rows)
            if output is not None:
                for path in draw(rows, history.market.name, history.market.target.unit, output):
                    console.print(str(path), highlight=False)
            bar.advance(task)
    rows = pd.concat(tables, ignore_index=True)
    weights = pd.concat(believed, ignore_index=True)
    overall, yearly = scores(rows).merge(worst_window(rows), on=["market", "model", "h"]), by_year(rows)
    if document is not None:
        replace_measured(document, measured_markdown(rows, overall, yearly))
        console.print(f"written: {document}", highlight=False)
    if as_json:
        told = {"scores": overall, "by_year": yearly, "weights": weights}
        typer.echo(json.dumps({name: json.loads(table.to_json(orient="records")) for name, table in told.items()}))
        return
    for market in found:
        title = f"{parts.catalog.markets[market].name}, {first:%Y-%m-%d} to {rows['origin'].max():%Y-%m-%d}, every {step}"
        console.print(score_table(overall[overall["market"] == market], title))
        console.print(weight_table(weights[weights["market"] == market]))


def weight_table(weights: pd.DataFrame) -> Table:
    """Weights of the model ``experts``: a line per horizon and member, a column per year."""
    wide = weights.pivot_table(index=["h", "member"], columns="year", values="share", sort=False).sort_index(
        level="h", sort_remaining=False
    )
    table = Table(title="what experts believed of each member's move, mean of the year")
    for column in ("h", "member", *map(str, wide.columns)):
        table.add_column(column, justify="left" if column == "member" else "right")
    for (h, member), shares in wide.iterrows():
        table.add_row(str(h), str(member), *(f"{share:.2f}" for share in shares))
    return table
