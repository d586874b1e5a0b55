"""``steel forecast``: what the platform says today, or would have said on an earlier day."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake import DamagedFile
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.in_force import aged, in_force
from steel_assets.cli.moments import issue_on, last_issue, now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core.history import HistoryError
from steel_assets.core.imports import trained_at
from steel_assets.core.price_age import aged_drivers, sessions_old
from steel_assets.core.tables import FORECASTS
from steel_assets.operations import histories, issuing


def forecast(
    market: Annotated[str | None, typer.Argument(help="id of the market; default all of them")] = None,
    as_of: Annotated[str | None, typer.Option(help="day of issue, for example 2026-11-20; default the latest")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the forecasts as JSON")] = False,
) -> None:
    """Forecast from what was known at a day's issue, with the models of that day. Nothing is written or published.

    From a price that is too old nothing new is issued: the forecast in force is shown, marked. Exit code: 0 issued, 1 in a market
    nothing new was issued, 2 there is nothing to show.
    """
    parts = platform()
    if market is not None and market not in parts.catalog.markets:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    rules = parts.catalog.rules
    moment = issue_on(parse_day(as_of, "--as-of"), rules) if as_of else last_issue(now(), rules)
    if moment > now():
        raise Problem(f"--as-of: {as_of} has not come yet")
    tables: list[pd.DataFrame] = []
    without: dict[str, str] = {}
    too_old = False
    for name in [market] if market else parts.catalog.markets:
        try:
            history = histories.build(parts.catalog, parts.lake, name, moment)
            rows = issuing.issue_as_of(parts.catalog, parts.models, history).forecasts
        except HistoryError as error:
            unfed = parts.providers.unfed(name)
            without[name] = f"no forecast: {error}; {unfed}" if unfed else f"no forecast: {error}"
        except issuing.PriceTooOld as error:
            too_old = True
            without[name] = f"no new forecast of {name}: {error}"
            standing = in_force(parts.warehouse.read(FORECASTS, {"market": name}), name, moment)
            if len(standing):
                tables.append(aged(parts, standing, moment, error.looked))
        else:
            if found := issuing.absurd(parts.catalog, parts.warehouse, history, rows):
                without[name] = f"no forecast: {name}: absurd, and would not be published: {'; '.join(found)}"
            else:
                tables.append(aged(parts, rows, moment))
    if not tables:
        raise Problem("\n".join([*without.values(), "no market can be forecast"]))
    for reason in without.values():
        Console(stderr=True).print(reason, style="yellow", markup=False, highlight=False, soft_wrap=True)
    rows = pd.concat(tables, ignore_index=True)
    default = rules.default_market
    if market is None and default in without and default not in set(rows["market"]):
        stands_in = f"the default market {default} has none; {rows['market'].iloc[0]} stands in for it"
        Console(stderr=True).print(stands_in, style="yellow", markup=False, highlight=False, soft_wrap=True)
    marks = _marks(parts, rows)
    if as_json:
        rows["withdrawn_import"] = [marks.get(name) for name in rows["market"]]
        typer.echo(rows.to_json(orient="records", date_format="iso", indent=2))
    else:
        console = Console()
        if bool(rows["simulated"].any()):
            console.print("[bold yellow]SIMULATED DATA[/]")
        print_forecasts(console, parts, rows)
        for name, told in marks.items():
            console.print(f"{name}: {told}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        console.print(FOOTNOTE, style="dim", highlight=False)
    raise typer.Exit(1 if too_old else 0)


def _marks(parts: Platform, rows: pd.DataFrame) -> dict[str, str]:
    """Market → what withdrawn imports had to do with the forecast published at this issue, or with the models behind this one."""
    found: dict[str, str] = {}
    withdrawn = parts.imports.taints()
    for name, group in rows.groupby("market") if withdrawn else ():
        series, issued = parts.catalog.markets[str(name)].series_ids, group["as_of"].iloc[0]
        for one in withdrawn:
            if one.touches(series, issued):
                found[str(name)] = f"what was published at this issue came from {one.words}. This is computed without it"
            elif any(one.touches(series, trained) for trained in map(trained_at, group["model_version"]) if trained is not None):
                found.setdefault(str(name), f"a model behind this learned from {one.words}. The next retraining replaces it")
    return found


def print_forecasts(console: Console, parts: Platform, rows: pd.DataFrame) -> None:
    """Forecasts as a buyer reads them, market by market, with how the champion did out of sample beside each.

    Args:
        rows: rows of tables.FORECASTS, as ``in_force.aged`` gives them.
    """
    for market, group in rows.groupby("market", sort=False):
        first = group.iloc[0]
        console.print(
            f"\n[bold]{parts.catalog.markets[str(market)].name}[/]  {first['last_price']:,.1f} {first['unit']} "
            f"on {first['data_as_of']:%d %b %Y}, {sessions_old(first['price_age_sessions'])}",
            highlight=False,
        )
        if first["stale"]:
            limit = parts.catalog.rules.freshness.price_sessions
            tone = "bold red" if first["price_age_sessions"] > limit else "yellow"
            console.print(f"▲ {first['stale_reason']}", style=tone, markup=False, highlight=False)
        for series, day in aged_drivers(first.get("aged_drivers")).items():
            console.print(f"▲ leans on {series}, whose newest figure is of {day}", style="yellow", markup=False, highlight=False)
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
    try:
        return parts.lake.read(key, _of_champions)
    except DamagedFile as error:
        Console(stderr=True).print(f"{error}; the next validation writes it again", style="yellow", markup=False, soft_wrap=True)
        return None


def _of_champions(scores: pd.DataFrame) -> pd.DataFrame:
    """The champion's scores by horizon. Raises KeyError, TypeError, ValueError for a frame that holds none."""
    mine = scores[scores["model"] == "champion"].set_index("h")[["mae_ratio", "coverage_90"]].astype(float)
    mine.index = mine.index.astype(int)
    if mine.empty:
        raise ValueError("it holds no score of the champion")
    return mine[~mine.index.duplicated()]


FOOTNOTE = (
    "*  the champion's error over the last 250 trading days, out of sample, ÷ the last price's error on the same days\n"
    "** share of prices that fell inside its 90 % interval"
)
