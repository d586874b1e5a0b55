"""What a search for models and generated features bring, and what they cost.

``python -m steel_assets_tests.bench.automl [MARKET …] [--trials 12] [--rows FOLDER] [--document docs/accuracy.md]`` walks every
family forward through the real price history in ../shared/data, 2019–2023, with ``automl.embedded`` and ``generated`` declared
for each market. By horizon: the mean absolute error over the last price's, and in brackets that of the worst calendar year, of
each family that learns from features, and of the champion without these two (before) and with them. Then the processor time
that each of these families takes of a retraining. ``--rows`` keeps each market's lines there, which take minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import CHAMPION
from steel_assets.core.evaluation import EARLIEST, burn_in
from steel_assets.core.features import build_features
from steel_assets.core.folds import walk_forward
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import applicable
from steel_assets.core.models.automl import AutoML
from steel_assets.core.models.boosting import Boosting
from steel_assets.core.models.generated_ridge import GeneratedRidge
from steel_assets.core.models.recursive_ridge import RecursiveRidge
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.samples import build_samples
from steel_assets.core.scorecard import by_year
from steel_assets.core.scoring import scores
from steel_assets.core.training import WINDOW
from steel_assets.core.types import AutoMLSearches as Declared
from steel_assets.core.types import Generated, Search
from steel_assets_tests.bench.learning import BEFORE, DATA, Walked, walked

NEW = (AutoML.family, GeneratedRidge.family)
LEARNERS = (Ridge.family, RecursiveRidge.family, Boosting.family, *NEW)
SHOWN = (*LEARNERS, BEFORE, CHAMPION)


def declaring(catalog: Catalog, search: Search) -> Catalog:
    """The catalogue had each market declared both."""
    more = {"automl": Declared(embedded=search), "generated": Generated()}
    return catalog.model_copy(update={"markets": {name: m.model_copy(update=more) for name, m in catalog.markets.items()}})


def accuracy(horizon: Walked) -> list[str]:
    """One line of the table: error ratios, and the worst year's."""
    of = dict.fromkeys(SHOWN, horizon.evaluation) | {BEFORE: horizon.without(NEW)}
    rows = pd.concat([horizon.rows("naive", horizon.evaluation), *(horizon.rows(name, made) for name, made in of.items())])
    whole = scores(rows.reset_index(drop=True)).set_index("model")["mae_ratio"]
    worst = by_year(rows.reset_index(drop=True)).groupby("model")["mae_ratio"].max()
    cells = [f"{whole[name]:.3f} ({worst[name]:.3f})" for name in SHOWN]
    return [horizon.history.market.id, str(horizon.evaluation.samples.horizon), *cells]


def cost(history: MarketHistory) -> list[str]:
    """Seconds of processor time that the walk-forward and the last fit of a retraining take, all horizons, by family."""
    features, families = build_features(history), applicable(history.market)
    newest, took = len(history.origins) - 1, dict.fromkeys(LEARNERS, 0.0)
    for horizon in history.market.horizons:
        start = max(EARLIEST, newest - WINDOW - horizon - burn_in(horizon, families))
        for name in LEARNERS:
            began = time.process_time()  # the pool of generated features is computed anew for each horizon, as there
            walk_forward(history, build_samples(history, features, horizon), families[name], start, newest + 1)
            took[name] += time.process_time() - began
    return [history.market.id, *(f"{seconds:.1f}" for seconds in took.values())]


def table(head: list[str], lines: list[list[str]]) -> str:
    """As Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def measured(history: MarketHistory, kept: Path | None) -> tuple[list[list[str]], list[str]]:
    """The lines of one market: its horizons, and its cost."""
    path = None if kept is None else kept / f"{history.market.id}.json"
    if path is not None and path.is_file():
        lines, costs = json.loads(path.read_text())
        return lines, costs
    found = [accuracy(horizon) for horizon in walked(history)], cost(history)
    if path is not None:
        path.write_text(json.dumps(found))
    return found


def means(lines: list[list[str]]) -> list[list[str]]:
    """One line per horizon: the mean over markets."""
    horizons = list(dict.fromkeys(line[1] for line in lines))
    figures = {h: np.array([[float(cell.split()[0]) for cell in line[2:]] for line in lines if line[1] == h]) for h in horizons}
    return [["mean", h, *(f"{value:.3f}" for value in figures[h].mean(axis=0))] for h in horizons]


def main() -> None:
    """Walk, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("markets", nargs="*", help="ids of markets; all by default")
    parser.add_argument("--trials", type=int, default=Search().trials, help="of each search")
    parser.add_argument("--rows", type=Path, help="folder that keeps what was measured")
    parser.add_argument("--document", type=Path, help="page that the tables are written into, between its marks")
    chosen = parser.parse_args()
    catalog = declaring(load_catalog(), Search(trials=chosen.trials, seconds=3600))
    ratios: list[list[str]] = []
    costs: list[list[str]] = []
    for history in real_histories(DATA, catalog, chosen.markets or list(catalog.markets)).values():
        lines, took = measured(history, chosen.rows)
        ratios, costs = [*ratios, *lines], [*costs, took]
    accurate = table(["market", "h", *SHOWN], [*ratios, *means(ratios)])
    text = f"{accurate}\n\n" + table(["market", *(f"{name}, s" for name in LEARNERS)], costs) + "\n"
    sys.stdout.write(text)
    if chosen.document is not None:
        replace_measured(chosen.document, text, "automl")


if __name__ == "__main__":
    main()
