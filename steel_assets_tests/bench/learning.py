"""What learning from every price brought, and what it costs when families go wrong.

``python -m steel_assets_tests.bench.learning [MARKET …] [--shares] [--mirrored]`` prints Markdown tables, market by market, from
the real price history in ../shared/data, by horizon and calendar year of origin: the last price's mean absolute error in the
target's unit, and over it that of the champion there would be without ``experts`` and ``recursive_ridge`` (before), of
``experts`` alone, and of the champion; with the mean pinball loss over the last price's and the share inside the 90 % interval
over all years. ``--shares`` adds what share of each member's move was believed, on the mean of each year; ``--mirrored`` what
the 500 origins cost from which on every family says the opposite, mirrored around the last price (mean of three such turns).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import CHAMPION, backtest_rows, priced_positions
from steel_assets.core.evaluation import EARLIEST, Evaluation, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import NAIVE, applicable
from steel_assets.core.models.combination import Combination
from steel_assets.core.models.experts import Experts
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.samples import build_samples
from steel_assets.core.scorecard import by_year
from steel_assets.core.scoring import scores

DATA = Path(__file__).parents[3] / "shared" / "data"
START, END = pd.Timestamp("2019-01-02"), pd.Timestamp("2023-12-29")
NEW = (Experts.family, RecursiveRidge.family)
BEFORE = "before"
MIRRORED_AT = (0, 350, 700)
"""Origins from the first one on at which families turn to the opposite."""
COST_OVER = 500


@dataclass(frozen=True, eq=False)
class Walked:
    """One horizon of a market, walked forward from long enough before ``first`` (number of an origin) on."""

    history: MarketHistory
    evaluation: Evaluation
    first: int

    def without(self, families: Sequence[str]) -> Evaluation:
        """The same evaluation had there not been ``families``."""
        kept = {name: table for name, table in self.evaluation.forecasts.items() if name not in families}
        return replace(self.evaluation, forecasts=kept, answers=kept)

    def mirrored(self, at: int) -> Walked:
        """The ``COST_OVER`` origins from number ``at`` on, had every family said the opposite from there on."""
        made, stop = self.evaluation, min(at + COST_OVER, self.evaluation.stop)
        last = made.samples.last[made.start : stop]
        turned = np.arange(made.start, stop) >= at
        tables = {
            name: (part := table.iloc[: len(last)]).assign(p=np.where(turned, last**2 / part["p"], part["p"]))
            for name, table in made.forecasts.items()
            if name not in (Experts.family, Combination.family)
        }
        alone = replace(made, stop=stop, forecasts=tables, answers=tables)
        tables = {**tables, Combination.family: alone.combined()[0], Experts.family: alone.advised()[0]}
        tables = {name: tables[name] for name in made.forecasts}
        return replace(self, evaluation=replace(alone, forecasts=tables, answers=tables), first=at)

    def rows(self, model: str, evaluation: Evaluation) -> pd.DataFrame:
        """``tables.BACKTEST`` of a family or of the champion, at the origins from ``first`` on that have their own price."""
        made = evaluation.champion(self.first) if model in (CHAMPION, BEFORE) else evaluation.answered(model, self.first)
        at = priced_positions(self.history, START, END, 1, 0)
        at = at[(at >= self.first) & (at < evaluation.stop)]
        return backtest_rows(self.history, evaluation.samples, model, at, made.iloc[at - self.first])


def walked(history: MarketHistory) -> list[Walked]:
    """Every horizon of a market."""
    features = build_features(history)
    at = priced_positions(history, START, END, 1, 0)
    first, stop = int(at[0]), int(at[-1]) + 1
    families = applicable(history.market)
    found = []
    for horizon in history.market.horizons:
        samples = build_samples(history, features, horizon)
        before = max(EARLIEST, first - burn_in(horizon, families))
        found.append(Walked(history, evaluate(history, samples, families, before, stop, Steps(len(families), None)), first))
    return found


def compared(walked: Walked) -> pd.DataFrame:
    """Rows of the last price, of the champion without what is new, of expert advice and of the champion."""
    of = {NAIVE: walked.evaluation, BEFORE: walked.without(NEW), Experts.family: walked.evaluation, CHAMPION: walked.evaluation}
    return pd.concat([walked.rows(model, evaluation) for model, evaluation in of.items()], ignore_index=True)


def by_years(rows: pd.DataFrame) -> list[list[str]]:
    """One line per market, horizon and model, a column per year and one for all."""
    yearly, overall = by_year(rows), scores(rows)
    years = sorted(yearly["year"].unique())
    lines = [["market", "h", "MAE", *(str(year) for year in years), "all", "pinball ÷", "in 90 %"]]
    for (market, h), part in overall.groupby(["market", "h"]):
        for model in (NAIVE, BEFORE, Experts.family, CHAMPION):
            figure, shown = ("mae", "{:.2f}") if model == NAIVE else ("mae_ratio", "{:.3f}")
            mine = yearly[(yearly["market"] == market) & (yearly["h"] == h) & (yearly["model"] == model)].set_index("year")
            whole = part.set_index("model").loc[model]
            told = [shown.format(mine.loc[year, figure]) if year in mine.index else "" for year in years]
            more = [f"{whole['pinball_ratio']:.3f}", f"{whole['coverage_90']:.1%}"]
            label = "last price" if model == NAIVE else f"{model} ÷"
            lines.append([str(market), str(h), label, *told, shown.format(whole[figure]), *more])
    return lines


def shares(walked: Walked) -> list[list[str]]:
    """The mean share of each member's move that was believed in each year: one line per member."""
    at = np.arange(walked.first, walked.evaluation.stop)
    advice = walked.evaluation.advice(at)
    table = pd.DataFrame(advice.shares, columns=list(advice.names)).groupby(advice.days.year).mean()
    where = [walked.history.market.id, str(walked.evaluation.samples.horizon)]
    return [[*where, name, *(f"{value:.2f}" for value in table[name])] for name in table.columns]


def mirrored_costs(walked: Walked) -> list[list[str]]:
    """What families that turned to the opposite cost: before, experts and champion, each the mean of the turns."""
    turns = [scores(compared(walked.mirrored(walked.first + later))).set_index("model")["mae_ratio"] for later in MIRRORED_AT]
    found = (np.mean([table[model] for table in turns]) for model in (BEFORE, Experts.family, CHAMPION))
    return [[walked.history.market.id, str(walked.evaluation.samples.horizon), *(f"{value:.3f}" for value in found)]]


def main() -> None:
    """Walk the markets forward and print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("markets", nargs="*", help="ids of markets; all by default")
    parser.add_argument("--shares", action="store_true", help="print what was believed of each member, by year")
    parser.add_argument("--mirrored", action="store_true", help="print what families that go wrong cost")
    chosen = parser.parse_args()
    catalog = load_catalog()
    years = [str(year) for year in range(START.year, END.year + 1)]
    for history in real_histories(DATA, catalog, chosen.markets or list(catalog.markets)).values():
        horizons = walked(history)
        show(by_years(pd.concat([compared(walked) for walked in horizons], ignore_index=True)))
        if chosen.shares:
            show([["market", "h", "member", *years], *(line for walked in horizons for line in shares(walked))])
        if chosen.mirrored:
            head = ["market", "h", BEFORE, Experts.family, CHAMPION]
            show([head, *(line for walked in horizons for line in mirrored_costs(walked))])


def show(lines: list[list[str]]) -> None:
    """Print a Markdown table, the head first."""
    told = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    sys.stdout.write("\n".join(f"| {' | '.join(line)} |" for line in told) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
