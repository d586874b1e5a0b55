"""What one model over all markets brings: ``python -m steel_assets_tests.bench.pooled [--document docs/accuracy.md]``.

Two tables from the real price history in ../shared/data, each figure the mean absolute error over the last price's. *Young*: at
the first origin of each quarter from 2017 on a market's history is cut to the 250 origins before it, the other markets keep
theirs, and the quarter is walked forward; every family that learns from one market alone beside ``pooled``, over all quarters of
all markets. *Full length*: ``pooled`` beside ``ridge``, expert advice that hears ``pooled`` as one more beside one that does not,
and the champion that may be it beside the one that may not, from 2017 on. A family that does not apply to a market counts there
as the last price.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.evaluation import EARLIEST, Evaluation, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.folds import walk_forward
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import applicable, combination, experts
from steel_assets.core.models.experts import Feedback
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.models.ridge import Ridge
from steel_assets.core.samples import Samples, build_samples

DATA = Path(__file__).parents[3] / "shared" / "data"
FIRST = pd.Timestamp("2017-01-02")
LENGTH = 250
"""Origins that a young market has."""
COMBINED = (combination.Combination.family, experts.Experts.family)
HEARD = {"without": tuple(experts.MEMBERS), "with": (*experts.MEMBERS, Pooled.family)}
ASKED = tuple(f"{judge} {label}" for judge in ("experts", "champion") for label in HEARD)

Errors = dict[tuple[str, int, str], list[np.ndarray]]
"""Market, horizon, family → absolute errors, and beside each the last price's."""


def cut(history: MarketHistory, first: int, stop: int) -> MarketHistory:
    """What would be known of the market, had its first price been that of origin number ``first``; up to number ``stop`` - 1."""
    rows = slice(first, stop)
    return replace(
        history,
        origins=history.origins[rows],
        moments=history.moments[rows],
        known=history.known.iloc[rows],
        periods=history.periods.iloc[rows],
        newest=history.newest.iloc[rows],
        prices=history.prices[history.prices["period"] >= history.origins[first]].reset_index(drop=True),
    )


def quarters(history: MarketHistory) -> Iterator[tuple[int, int]]:
    """Numbers of the first origin of each quarter that has enough past, and of the one after its last."""
    quarter = history.origins.to_period("Q").asi8
    starts = np.flatnonzero(np.concatenate([[True], quarter[1:] != quarter[:-1]]))
    for start, stop in zip(starts, [*starts[1:], len(quarter)], strict=True):
        if history.origins[start] >= FIRST and start >= LENGTH:
            yield int(start), int(stop)


def take(errors: Errors, history: MarketHistory, samples: Samples, start: int, points: Mapping[str, np.ndarray]) -> None:
    """The errors of forecasts from origin number ``start`` on at the origins that know a price of their own day."""
    rows = samples.rows(slice(start, start + len(next(iter(points.values())))))
    y = history.prices_at(rows.target_dates, history.as_of)
    there = np.isfinite(y) & (rows.ages == 0)
    for family, found in points.items():
        pair = np.stack([np.abs(found - y)[there], np.abs(rows.last - y)[there]])
        errors[history.market.id, samples.horizon, family].append(pair)


def young(history: MarketHistory) -> Errors:
    """Every family that learns from one market alone, and ``pooled``, on a market that is a year old."""
    errors: Errors = defaultdict(list)
    families = {name: family for name, family in applicable(history.market).items() if name not in COMBINED}
    for start, stop in quarters(history):
        short = cut(history, start - LENGTH, stop)
        features = build_features(short)
        for horizon in short.market.horizons:
            samples = build_samples(short, features, horizon)
            made = {
                name: walk_forward(short, samples, family, LENGTH, len(short.origins))[0]["p"].to_numpy()
                for name, family in families.items()
            }
            take(errors, short, samples, LENGTH, made)
    return errors


def full(history: MarketHistory) -> Errors:
    """``pooled`` and ``ridge`` alone; expert advice that hears ``pooled`` or does not; the champion that may be it or may not."""
    errors: Errors = defaultdict(list)
    features, families = build_features(history), applicable(history.market)
    first = int(history.origins.searchsorted(FIRST))
    for horizon in history.market.horizons:
        samples = build_samples(history, features, horizon)
        start, stop = max(EARLIEST, first - burn_in(horizon, families)), len(history.origins)
        made = evaluate(history, samples, families, start, stop, Steps(len(families), None))
        kept = {name: table for name, table in made.forecasts.items() if name != Pooled.family}
        points = {name: made.forecasts[name]["p"].to_numpy()[first - start :] for name in (Pooled.family, Ridge.family)}
        points |= {f"experts {label}": _advised(made, heard)[first - start :] for label, heard in HEARD.items()}
        for label, judged in (("without", replace(made, forecasts=kept, answers=kept)), ("with", made)):
            points[f"champion {label}"] = judged.champion(first)["p"].to_numpy()
        take(errors, history, samples, first, points)
    return errors


def _advised(made: Evaluation, names: Sequence[str]) -> np.ndarray:
    """What expert advice would have said, had it listened to ``names``."""
    rows = made.samples.rows(slice(made.start, made.stop))
    heard = {name: made.forecasts[name]["p"].to_numpy() for name in names if name in made.forecasts}
    feedback = Feedback.of(made.history, made.samples).since(made.start)
    shares = experts.learned_shares(heard, feedback, rows, np.arange(len(rows)))
    return experts.advised(heard, tuple(heard), shares, rows.last)


def ratios(errors: Errors) -> pd.DataFrame:
    """Mean absolute error ÷ the last price's: a row per market and horizon, a column per family; 1 where that does not apply."""
    found = {key: np.concatenate(pairs, axis=1).mean(axis=1) for key, pairs in errors.items()}
    table = pd.Series({key: own / last for key, (own, last) in found.items()}).unstack()
    return table.fillna(1.0)


def markdown(table: pd.DataFrame, first: Sequence[str], each: bool) -> str:
    """The mean of the markets by horizon, families of ``first`` first; with ``each`` every market too."""
    columns = [*first, *(name for name in table.columns if name not in first)]
    lines = [["market", "h", *columns]]
    lines.append(["---"] * len(lines[0]))
    for h, row in table.groupby(level=1)[columns].mean().iterrows():
        lines.append(["mean", str(h), *(f"{value:.4f}" for value in row)])
    if each:
        for (market, h), row in table[columns].iterrows():
            lines.append([str(market), str(h), *(f"{value:.3f}" for value in row)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--document", type=Path, help="Markdown file whose part about the pooled model is written anew")
    parser.add_argument("--only", choices=("young", "full"), help="one table of the two")
    chosen, _ = parser.parse_known_args()
    if not DATA.is_dir():
        typer.echo(f"pooled: not measured: {DATA} is not on this machine")
        return
    catalog = load_catalog()
    histories = real_histories(DATA, catalog, list(catalog.markets))
    parts = []
    for name, measure, first in (("Young", young, [Pooled.family]), ("Full length", full, ASKED)):
        if chosen.only not in (None, name.split()[0].lower()):
            continue
        errors: Errors = {}
        for market, history in histories.items():
            errors |= measure(history)
            typer.echo(f"pooled: {name.lower()}: {market}", err=True)
        parts.append(f"{name}, mean absolute error ÷ the last price's:\n\n{markdown(ratios(errors), first, True)}")
    text = "\n".join(parts)
    typer.echo(text)
    if chosen.document is not None:
        replace_measured(chosen.document, text, "pooled")


if __name__ == "__main__":
    main()
