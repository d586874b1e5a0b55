"""How well intervals hold when the newest prices are missing: real history replayed with the last ones withheld at each origin.

``python -m steel_assets_tests.bench.aged`` prints coverage of the 90 % interval and mean pinball loss (thousandths of the last
price) of the champion among the families that read prices only, which are cheap; ``steel backtest MARKET --withhold N`` says
the same of all of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import backtest_rows, priced_positions
from steel_assets.core.evaluation import EARLIEST, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import applicable
from steel_assets.core.samples import build_samples
from steel_assets.core.scoring import pinball
from steel_assets.core.types import QUANTILE_COLUMNS

DATA = Path(__file__).parents[3] / "shared" / "data"
START, END = pd.Timestamp("2019-01-02"), pd.Timestamp("2023-12-29")
FAMILIES = ("naive", "roll_aware", "forward_curve")


def measured(history: MarketHistory, withheld: int, horizons: list[int], step: int) -> list[dict[str, object]]:
    """Coverage and loss by horizon, from prices that are ``withheld`` trading days old."""
    families = {name: family for name, family in applicable(history.market).items() if name in FAMILIES}
    later = history.withheld(withheld)
    features, aged_features = build_features(history), build_features(later)
    positions = priced_positions(history, START, END, step, withheld)
    first, stop = int(positions[0]), int(positions[-1]) + 1
    found = []
    for horizon in horizons:
        samples = build_samples(history, features, horizon)
        asked = build_samples(later, aged_features, horizon).rows(slice(withheld, None))
        before = max(EARLIEST, first - burn_in(horizon + withheld, families))
        evaluation = evaluate(history, samples, families, before, stop, Steps(len(families), None), asked, withheld)
        rows = backtest_rows(history, asked, "champion", positions, evaluation.champion(first).iloc[positions - first])
        rows = rows[np.isfinite(rows["y"])]
        inside = rows["y"].between(rows[QUANTILE_COLUMNS[0]], rows[QUANTILE_COLUMNS[-1]]).mean()
        loss = 1000 * (pinball(rows) / rows["last"]).mean()
        found.append({"market": history.market.id, "h": horizon, "age": withheld, "in 90 %": inside, "pinball": loss})
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("markets", nargs="*")
    asked.add_argument("--ages", type=int, nargs="+", default=[0, 1, 5, 10, 20])
    asked.add_argument("--horizons", type=int, nargs="+", default=[1, 5, 21, 63])
    asked.add_argument("--step", type=int, default=3)
    chosen = asked.parse_args()
    catalog = load_catalog()
    rows: list[dict[str, object]] = []
    for history in real_histories(DATA, catalog, chosen.markets or list(catalog.markets)).values():
        for age in chosen.ages:
            rows += measured(history, age, chosen.horizons, chosen.step)
    table = pd.DataFrame(rows)
    for figure, form in (("in 90 %", "{:.1%}"), ("pinball", "{:.2f}")):
        shown = table.pivot(index=["market", "h"], columns="age", values=figure).map(form.format).reset_index()
        lines = [list(map(str, shown.columns)), ["---"] * len(shown.columns), *shown.astype(str).to_numpy().tolist()]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        sys.stdout.write(f"\n{figure} by age of the price in trading days\n\n{text}\n")


if __name__ == "__main__":
    main()
