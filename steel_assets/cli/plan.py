"""``steel plan``: the cost of a purchase bought now, on the day of need, in thirds or by the forecast, and a recommendation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.lake.damaged import UNREADABLE, why_not
from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.lake.parquet import from_parquet
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.bootstrap import platform
from steel_assets.cli.ahead import about, figure, known_market, published
from steel_assets.cli.dates import now, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core import averages
from steel_assets.core.averages import AverageError
from steel_assets.core.history import MarketHistory
from steel_assets.core.planning import plan as plan_of
from steel_assets.core.purchase_edge import NOTHING, Edge
from steel_assets.core.purchase_plan import NO_RECORD, ROLLS, described
from steel_assets.core.purchase_record import edge, outcomes
from steel_assets.core.purchase_terms import (
    FOLLOWED,
    MOST_HOLDING,
    MOST_TONNES,
    Appetite,
    Contract,
    PurchaseError,
    Terms,
    columns_needed,
    per_tonne,
)
from steel_assets.core.table_schema import TableError
from steel_assets.core.tables import BACKTEST
from steel_assets.operations import candidates, histories, outlooks
from steel_assets.operations.planning import ahead_of, record_of


def plan(
    market: Annotated[str, typer.Argument(help="id of the market")],
    tonnes: Annotated[str, typer.Option(help="amount needed, in tonnes of 1,000 kg")],
    by: Annotated[str, typer.Option(help="day of need, for example 2026-12-15")],
    holding: Annotated[str, typer.Option(help="cost of stock per tonne and month, in the market's currency")] = "0",
    capital: Annotated[str, typer.Option(help="yearly interest on the amount paid, for example 12%% or 0.12")] = "0",
    contract: Annotated[str, typer.Option(help="spot: the day's price; average: the average of its calendar month")] = "spot",
    risk: Annotated[str, typer.Option(help="appetite for risk: low, medium or high")] = "medium",
    record: Annotated[
        Path | None, typer.Option(help="file of steel backtest --output to use instead of the last validation")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the plan as JSON")] = False,
) -> None:
    """Compare the cost of ways to buy, and recommend one if the forecast's past errors justify following it.

    Costs are as of the day of need, with holding and capital. Nothing is written.
    """
    parts, moment = platform(), now()
    declared = known_market(parts.catalog, market)
    try:
        per_tonne(declared.target.unit)
    except PurchaseError as error:
        raise Problem(f"MARKET: {market}: {error}") from error
    amount = figure(tonnes, "--tonnes", "an amount in tonnes", "500", most=MOST_TONNES, above=True)
    day = parse_day(by, "--by")
    stock = figure(holding, "--holding", "a cost per tonne and month", "3.5", most=MOST_HOLDING)
    terms = Terms(stock, _rate(capital), cast(Contract, _word(contract, "--contract", ("spot", "average"))))
    appetite = cast(Appetite, _word(risk, "--risk", tuple(FOLLOWED)))

    rows = published(parts.warehouse, market, moment)
    history = histories.build(parts.catalog, parts.lake, market, pd.Timestamp(rows["as_of"].iloc[0]))
    outlook = outlooks.drawn({market: rows.sort_values("horizon")}, {market: history})[market]
    answer = about(parts.catalog, parts.store, outlook, rows, moment)
    try:
        need = averages.column_of(outlook, day)
        paths, ahead = ahead_of(outlook)
        found, reason = _edge(parts.lake, history, need, terms, len(outlook.days), record)
        made = plan_of(paths, ahead, need, terms, found, appetite)
    except (AverageError, PurchaseError) as error:
        raise Problem(f"--by: {error}") from error
    answer |= described(made, tonnes=amount, day=f"{day:%Y-%m-%d}", terms=terms, appetite=appetite, unit=outlook.unit)
    answer["notes"] = [note for note in (reason, ROLLS if declared.target.roll != "none" else None) if note]
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        _print(declared.name, answer)


def _rate(text: str) -> float:
    per_cent = text.endswith("%")
    value = figure(text.removesuffix("%"), "--capital", "a rate a year", "12% or 0.12", most=100 if per_cent else 1)
    return value / 100 if per_cent else value


def _word(text: str, option: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise Problem(f"{option}: {text!r} is not one of {', '.join(known)}")
    return text


def _edge(
    lake: Lake, history: MarketHistory, need: int, terms: Terms, reach: int, record: Path | None
) -> tuple[Edge, str | None]:
    """The gain of following the forecast in the market's walk-forward, and the reason if it cannot be computed."""
    try:
        rows = candidates.backtest(lake, history.market.id) if record is None else _rows(record, history.market.id)
    except ObjectNotFound:
        return NOTHING, f"{NO_RECORD}, or name one with --record"
    except DamagedFile as error:
        return NOTHING, f"{error}; the next training writes it again"
    try:
        past = record_of(rows, history, columns_needed(need, terms.contract, reach))
    except PurchaseError as error:
        return NOTHING, f"no past purchase can be told: {error}"
    return edge(outcomes(past, need, terms)), None


def _rows(path: Path, market: str) -> pd.DataFrame:
    """The rows of ``market`` in the Parquet file ``path``.

    Raises:
        Problem: it cannot be read, is no backtest, or has no rows of the market.
    """
    try:
        rows = BACKTEST.enforce(from_parquet(path.read_bytes()))
    except OSError as error:
        raise Problem(f"--record: {path} cannot be read: {error.strerror}") from error
    except (TableError, *UNREADABLE) as error:
        raise Problem(f"--record: {path} is no output of steel backtest: {why_not(error)}") from error
    mine = rows[rows["market"] == market]
    if mine.empty:
        raise Problem(f"--record: {path} has no rows of {market}; make it with steel backtest {market} --output {path}")
    return mine


def _print(name: str, shown: Mapping[str, Any]) -> None:
    console, question, currency = Console(), shown["question"], shown["currency"]

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    if shown["simulated"]:
        say("SIMULATED DATA", "bold yellow")
    say(f"{name}: {shown['last_price']:,.1f} {shown['unit']} on {shown['price_date']}, forecast of {shown['issued_date']}")
    if shown["stale"]:
        say(f"▲ {shown['stale_reason']}", "yellow")
    price = "monthly average" if question["contract"] == "average" else "spot"
    stock, capital = question["holding_per_tonne_and_month"], question["capital_a_year"]
    say(
        f"{question['tonnes']:,g} t by {question['by']}, {price}; stock {stock:,g} {currency} per tonne and month, "
        f"capital {capital:.1%} a year, risk {question['risk']}"
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in (f"{currency} per tonne", "mean", "median", "5 – 95 %", "at risk", "in all"):
        table.add_column(column, justify="left" if column.endswith("tonne") else "right", no_wrap=True)
    fixings = shown["fixings"]
    days = {
        "now": fixings["now"]["day"],
        "late": fixings["late"]["day"],
        "thirds": " ".join(fixing["day"][5:] for fixing in fixings.values()),
        "forecast": fixings[shown["forecast_buys"]]["day"],
        "advised": " ".join(f"{fixing['share_advised']:.0%}" for fixing in fixings.values()),
    }
    for strategy, cost in shown["costs"].items():
        spread = f"{cost['q05_per_tonne']:,.0f} – {cost['q95_per_tonne']:,.0f}"
        figures = (f"{cost[f'{name}_per_tonne']:,.1f}" for name in ("mean", "q50"))
        table.add_row(
            f"{strategy} ({days[strategy]})",
            *figures,
            spread,
            f"{cost['at_risk_per_tonne']:,.1f}",
            f"{cost['mean_total']:,.0f}",
            style="bold" if strategy == "advised" else None,
        )
    console.print(table)
    say(shown["advice"], "bold")
    say(shown["edge"]["text"], "dim")
    for note in shown["notes"]:
        say(note, "yellow")
