"""Purchases by the planner against purchases without one, over years: ``python -m steel_assets_tests.bench.planner [MARKET …]``.

At every origin from 2017 on tonnes are needed 5, 21 and 63 trading days later on spot, and 21 days later on the monthly average.
The champion's forecasts are those of the walk-forward, out of sample; a purchase *by the forecast* is all at the fixing whose
expected cost is lowest, one *as advised* follows it only where an edge was proven by purchases that were settled at the origin,
and is in thirds elsewhere. One *by the last price* is all at the fixing that would be cheapest if the price stood still: on the
monthly average that knows the days that are over, and no forecast is needed for it. Stock and capital cost nothing here: what is
compared are prices. Figures are USD per tonne saved against thirds; below zero is a loss.

``--rows FOLDER`` keeps the walk-forwards there, which take minutes. ``--document docs/accuracy.md`` writes the tables anew. Reads
../shared/data; where that is absent a simulated market is walked, and marked.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import CHAMPION, backtest
from steel_assets.core.history import MarketHistory
from steel_assets.core.purchase_record import Outcomes, edge, outcomes, proven_then
from steel_assets.core.purchase_terms import Contract, Terms, columns_needed
from steel_assets.operations.planning import record_of
from steel_assets_tests.core.synthetic import synthetic

DATA = Path(__file__).parents[3] / "shared" / "data"
FIRST = np.datetime64("2017-01-02")
BEFORE = pd.Timestamp("2016-01-04")
"""Where walk-forwards begin: a year of purchases is known at the first origin."""
STORED = 250
"""Origins of the walk-forward that a validation stores."""
CASES: tuple[tuple[int, Contract], ...] = ((5, "spot"), (21, "spot"), (63, "spot"), (21, "average"))
"""Trading days to the need, and the contract."""
SHOWN = ("now", "late", "last price", "forecast", "advised, a year", "advised, all")


@dataclass(frozen=True, eq=False)
class Walk:
    """Purchases of one market and case.

    Attributes:
        found: by origin, from ``FIRST`` on.
        proven: the share of origins at which an edge was proven, by what advised so.
        costs: per tonne, by way of buying and origin.
    """

    market: str
    days: int
    contract: Contract
    found: Outcomes
    proven: Mapping[str, float]
    costs: Mapping[str, np.ndarray]

    def saved(self, way: str) -> np.ndarray:
        """USD per tonne by which ``way`` was cheaper than thirds, by origin."""
        return self.costs["thirds"] - self.costs[way]

    @property
    def years(self) -> np.ndarray:
        """The calendar year of each origin."""
        return self.found.origins.astype("datetime64[Y]").astype(int) + 1970


def walks(market: str, history: MarketHistory, rows: pd.DataFrame, first: np.datetime64) -> Iterator[Walk]:
    """Every case of one market that it is forecast far enough ahead for.

    Args:
        rows: the champion's walk-forward, ``tables.BACKTEST``.
    """
    reach = history.market.horizons[-1]
    for days, contract in CASES:
        if days > reach:
            continue
        record = record_of(rows, history, columns_needed(days - 1, contract, reach))
        every = outcomes(record, days - 1, Terms(contract=contract))
        flat = replace(record, expected=np.broadcast_to(record.last[:, None], record.expected.shape))
        wanted = every.origins >= first
        costs = {name: every.cost(name) for name in ("now", "late", "thirds", "forecast")}
        costs["last price"] = outcomes(flat, days - 1, Terms(contract=contract)).cost("forecast")
        proven = {"advised, a year": proven_then(every, STORED), "advised, all": proven_then(every)}
        costs |= {name: np.where(proof, costs["forecast"], costs["thirds"]) for name, proof in proven.items()}
        yield Walk(
            market,
            days,
            contract,
            every.rows(wanted),
            {name: float(proof[wanted].mean()) for name, proof in proven.items()},
            {name: cost[wanted] for name, cost in costs.items()},
        )


def overall(found: list[Walk]) -> list[str]:
    """One line per market and case over all years."""
    head = ["market", "days", "origins", "apart", "thirds", *SHOWN, "p", "proven, a year", "proven, all"]
    lines = [head, ["---"] * len(head)]
    for walk in found:
        judged = edge(walk.found)
        lines.append(
            [
                walk.market,
                _case(walk),
                f"{judged.origins:,}",
                f"{judged.origins // walk.found.length}",
                f"{walk.costs['thirds'].mean():,.1f}",
                *(f"{walk.saved(way).mean():+.1f}" for way in SHOWN),
                f"{judged.p_value:.3f}",
                *(f"{share:.0%}" for share in walk.proven.values()),
            ]
        )
    return [f"| {' | '.join(line)} |" for line in lines]


def yearly(found: list[Walk]) -> list[str]:
    """One line per market, case and way of buying, by calendar year of origin."""
    years = sorted({int(year) for walk in found for year in walk.years})
    head = ["market", "days", "saved by", *map(str, years)]
    lines = [head, ["---"] * len(head)]
    for walk in found:
        for way in SHOWN:
            saved = walk.saved(way)
            by_year = [saved[walk.years == year] for year in years]
            lines.append([walk.market, _case(walk), way, *(f"{mine.mean():+.1f}" if len(mine) else "" for mine in by_year)])
    return [f"| {' | '.join(line)} |" for line in lines]


def _case(walk: Walk) -> str:
    return f"{walk.days}, average" if walk.contract == "average" else str(walk.days)


def simulated() -> Iterator[Walk]:
    """A simulated market, forecast five trading days ahead, over its last two years."""
    history = synthetic(count=760, lived=0).history()
    first = history.origins[-500]
    rows = backtest(history, history.origins[260], history.origins[-1], families=[CHAMPION])
    return walks("SIMULATED", history, rows, np.datetime64(first, "D"))


def champion_rows(history: MarketHistory, kept: Path | None) -> pd.DataFrame:
    """The champion's walk-forward from ``BEFORE`` on: read from the folder ``kept``, or walked and put there."""
    path = None if kept is None else kept / f"{history.market.id}.parquet"
    if path is not None and path.is_file():
        return pd.read_parquet(path)
    rows = backtest(history, max(BEFORE, history.origins[0]), history.origins[-1], families=[CHAMPION])
    if path is not None:
        rows.to_parquet(path)
    return rows


def real(markets: list[str], kept: Path | None) -> Iterator[Walk]:
    """Every case of each of ``markets`` on real prices; walk-forwards are read from ``kept`` where they are there."""
    for market, history in real_histories(DATA, load_catalog(), markets).items():
        rows = champion_rows(history, kept)
        for walk in walks(market, history, rows[rows["origin"] >= BEFORE], FIRST):
            typer.echo(f"planner: {market}: {_case(walk)} days, {len(walk.found.last)} origins", err=True)
            yield walk


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", nargs="*", help="ids of markets; all when none is named")
    parser.add_argument("--rows", type=Path, help="folder that keeps the walk-forwards")
    parser.add_argument("--document", type=Path, help="Markdown file whose part about purchases is written anew")
    chosen, _ = parser.parse_known_args()
    if DATA.is_dir():
        found = list(real(chosen.markets or list(load_catalog().markets), chosen.rows))
    else:
        typer.echo(f"planner: {DATA} is not on this machine: a SIMULATED market is walked instead")
        found = list(simulated())
    text = "\n".join([*overall(found), "", *yearly(found)]) + "\n"
    typer.echo(text)
    if chosen.document is not None:
        if not DATA.is_dir():
            raise SystemExit("planner: --document: figures of a simulated market are not written into a document")
        replace_measured(chosen.document, text, "planner")


if __name__ == "__main__":
    main()
