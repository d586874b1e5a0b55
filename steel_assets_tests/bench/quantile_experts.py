"""Would quantile experts make better intervals? ``python -m steel_assets_tests.bench.quantile_experts [MARKET …] [--public]``.

The points are those of the family ``experts``, walked forward on the real prices in ../shared/data. Around them makers of
intervals are combined anew at each origin, for every published level apart or with one set of weights for all levels: the present
calibration as it is, narrower and wider; sizes of the returns over the horizon in the last year, rolls left out; a fast EWMA
volatility (RiskMetrics 1996) times calibrated errors; adaptive conformal inference (Gibbs & Candès 2021) on the errors of two
years; and the quantile tracker of conformal PID (Angelopoulos et al. 2023) around the present calibration. Weights come from
exponential gains or from BOA (Wintenberger 2017) on the linearised pinball loss, as in CRPS learning (Berrisch & Ziel 2023), with
fixed share. They favour the present calibration at first, learn of each price when it is first known, and count 1 / horizon of a
gain. Quantiles that cross are sorted.

The rule, and how fast it is, is chosen on the forecasts that had come true before 2019; 2019-2023 judge it. ``--public`` adds
the best of statsforecast's models on every ``STEP``-th origin (``bench.yardstick``; some minutes more); ``--document FILE``
writes the tables anew between the marks ``quantiles`` of that file.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.core.intervals import SMALLEST
from steel_assets.core.models.experts import LARGEST, SWITCHING
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.bench.interval_makers import LEVELS, PRESENT, Walk, makers, walked
from steel_assets_tests.bench.yardstick import public_forecasts

DATA = Path(__file__).parents[3] / "shared" / "data"
RATES = (1.0, 4.0, 16.0)
"""Logarithm by which weight grows for a gain of one standard deviation over the horizon (``exponential``)."""
BEFOREHAND = 0.6
"""Weight of the present calibration before anything is known; the others share the rest alike."""
STEP = 12
"""Trading days from one origin to the next on which public models are asked."""


@dataclass(frozen=True)
class Rule:
    """How makers are weighed.

    Attributes:
        rate: of exponential weights; None lets BOA learn its own.
        apart: each level has weights of its own.
    """

    rate: float | None
    apart: bool

    def __str__(self) -> str:
        kind = "BOA" if self.rate is None else f"exponential {self.rate:g}"
        return f"{kind}, {'each level' if self.apart else 'all levels'}"


RULES = tuple(Rule(rate, apart) for rate, apart in product((*RATES, None), (True, False)))


def combined(walk: Walk, made: Mapping[str, np.ndarray], rule: Rule) -> np.ndarray:
    """The makers' quantiles, weighed at each origin by what was known at its moment: logarithms over the point."""
    said = np.stack(list(made.values()), axis=1)
    scaled, came = said / walk.samples.volatility[:, None, None], walk.errors / walk.samples.volatility
    start = np.full((len(made), len(LEVELS)), (1 - BEFOREHAND) / (len(made) - 1))
    start[0] = BEFOREHAND
    weights, regret, squares = start.copy(), np.zeros_like(start), np.zeros_like(start)
    largest, mixed = np.full_like(start, SMALLEST), np.zeros_like(walk.present)
    for row, arrived in enumerate(walk.arrivals):
        for forecast in arrived:
            if rule.rate is None:
                gains = ((came[forecast] < mixed[forecast]) - LEVELS) * (mixed[forecast] - scaled[forecast])
            else:
                over = came[forecast] - scaled[forecast]
                losses = np.maximum(LEVELS * over, (LEVELS - 1) * over)
                gains = np.clip(losses[0] - losses, -LARGEST, LARGEST)
            gains = gains if rule.apart else np.tile(gains.mean(axis=1, keepdims=True), len(LEVELS))
            if rule.rate is None:
                largest, squares = np.maximum(largest, np.abs(gains)), squares + gains**2
                steady = np.sqrt(-np.log(start) / np.maximum(squares, SMALLEST))
                rate = np.minimum(0.5 / largest, steady) / walk.samples.horizon**0.5
                regret += gains - rate * gains**2
                exponent = np.log(rate) + rate * regret
                weights = start * np.exp(exponent - exponent.max(axis=0))
            else:
                weights = weights * np.exp(rule.rate / walk.samples.horizon * gains)
            weights = (1 - SWITCHING) * weights / weights.sum(axis=0) + SWITCHING * start
        mixed[row] = np.sort((weights * scaled[row]).sum(axis=0))
    return mixed * walk.samples.volatility[:, None]


def measured(walk: Walk) -> pd.DataFrame:
    """What each maker and rule comes to: one row each, in order. Losses are mean pinball losses in thousandths of the last price.

    Returns:
        Columns ``market``, ``h``, ``name``, ``rule`` (False for a maker), ``n`` origins judged, loss ``before`` 2019 and
        ``after`` that, share ``inside`` the 90 % interval, the same for each judged year, and ``step``: loss on every
        ``STEP``-th judged origin.
    """
    made = makers(walk)
    said = made | {str(rule): combined(walk, made, rule) for rule in RULES}
    years, sampled = np.unique(walk.year[walk.judged]), _sampled(walk)
    rows = []
    for name, quantiles in said.items():
        loss, inside = 1000 * walk.losses(quantiles).mean(axis=1) / walk.samples.last, walk.inside(quantiles)
        rows.append(
            {
                "market": walk.market,
                "h": walk.samples.horizon,
                "name": name,
                "rule": name not in made,
                "n": walk.judged.sum(),
                "before": loss[walk.before].mean(),
                "after": loss[walk.judged].mean(),
                "inside": inside[walk.judged].mean(),
                "step": loss[sampled].mean(),
            }
            | {str(year): inside[walk.judged & (walk.year == year)].mean() for year in years}
        )
    return pd.DataFrame(rows)


def _sampled(walk: Walk) -> np.ndarray:
    """Numbers of the judged rows on which public models are asked: the same for every horizon that has come true there."""
    rows = np.arange(walk.first, len(walk.errors), STEP)
    return rows[walk.judged[rows]]


def public(history: MarketHistory, walks: list[Walk]) -> pd.DataFrame:
    """What public models lose on the sampled origins: ``h``, ``name``, and ``step`` as ``measured`` has it."""
    asked = sorted({day for walk in walks for day in walk.samples.origins[_sampled(walk)]})
    said = pd.concat([public_forecasts(history, place) for place in history.origins.get_indexer(pd.DatetimeIndex(asked))])
    rows = []
    for walk in walks:
        sampled = _sampled(walk)
        for name, part in said[said["h"] == walk.samples.horizon].groupby("model"):
            prices = part.set_index("origin").loc[walk.samples.origins[sampled], list(QUANTILE_COLUMNS)].to_numpy()
            quantiles = np.full_like(walk.present, np.nan)
            quantiles[sampled] = np.log(np.maximum(prices, SMALLEST) / walk.points[sampled, None])
            loss = 1000 * walk.losses(quantiles).mean(axis=1) / walk.samples.last
            rows.append({"h": walk.samples.horizon, "name": name, "step": loss[sampled].mean()})
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame, theirs: pd.DataFrame | None) -> str:
    """The tables of docs/accuracy.md from the rows of ``measured`` and of ``public``, with ``market``, of every market."""
    present = table[table["name"] == PRESENT].set_index(["market", "h"])
    of = pd.MultiIndex.from_frame(table[["market", "h"]])
    ratios = table.assign(**{period: table[period] / present[period].loc[of].to_numpy() for period in ("before", "after")})
    overall = ratios.groupby("name", sort=False)[["before", "after"]].agg(_geometric)
    chosen = overall.loc[[str(rule) for rule in RULES], "before"].idxmin()
    return "\n".join(
        [
            f"Chosen on what had come true before 2019: {chosen}.",
            "",
            *_by_name(ratios),
            "",
            *_by_row(ratios, str(chosen), theirs),
        ]
    )


def _geometric(ratios: pd.Series) -> float:
    return float(np.exp(np.log(ratios).mean()))


def _by_name(ratios: pd.DataFrame) -> list[str]:
    """Every maker and rule over the present calibration: by horizon, before 2019 and from then on, and rows that are better."""
    horizons = sorted(ratios["h"].unique())
    heads = [f"h={h} {label}" for label in ("before", "after") for h in horizons]
    lines = ["| pinball ÷ present | " + " | ".join([*heads, "better after"]) + " |", "| --- " * (len(heads) + 2) + "|"]
    for name, part in ratios[ratios["name"] != PRESENT].groupby("name", sort=False):
        means = part.groupby("h")[["before", "after"]].agg(_geometric)
        told = [f"{means.loc[h, period]:.3f}" for period in ("before", "after") for h in horizons]
        lines.append(f"| {name} | {' | '.join(told)} | {(part['after'] < 1).sum()} of {len(part)} |")
    return lines


def _by_row(ratios: pd.DataFrame, chosen: str, theirs: pd.DataFrame | None) -> list[str]:
    """Each market and horizon: the chosen rule, the best rule in hindsight, and coverage beside the present calibration's."""
    years = [name for name in ratios.columns if str(name).isdigit()]
    heads = ["market", "h", "n", "chosen ÷ present", "best rule in hindsight ÷", "in 90 %", *years]
    heads += [] if theirs is None else ["best public", "present ÷", "chosen ÷"]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for (market, h), part in ratios.groupby(["market", "h"]):
        one = part.set_index("name")
        mine, now = one.loc[chosen], one.loc[PRESENT]
        best = one.loc[one.loc[one["rule"], "after"].idxmin()]
        told = [str(market), str(h), f"{mine['n']:,}", f"{mine['after']:.3f}", f"{best['after']:.3f} ({best.name})"]
        told += [f"{now[period]:.1%} → {mine[period]:.1%}" for period in ("inside", *years)]
        if theirs is not None:
            model = theirs[(theirs["market"] == market) & (theirs["h"] == h)].set_index("name")["step"]
            told += [str(model.idxmin()), *(f"{one_of['step'] / model.min():.2f}" for one_of in (now, mine))]
        lines.append("| " + " | ".join(told) + " |")
    return lines


def main() -> None:
    """Walk the markets forward, combine, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("markets", nargs="*", help="ids of markets; all by default")
    parser.add_argument("--public", action="store_true", help="beside the best of statsforecast's models")
    parser.add_argument("--document", type=Path, help="Markdown file whose part about quantile experts is written anew")
    chosen = parser.parse_args()
    if not DATA.is_dir():
        typer.echo(f"quantile experts: not measured: {DATA} is not on this machine")
        return
    catalog = load_catalog()
    found, theirs = [], []
    for market, history in real_histories(DATA, catalog, chosen.markets or list(catalog.markets)).items():
        features = build_features(history)
        walks = [walked(history, features, horizon) for horizon in history.market.horizons]
        found += [measured(walk) for walk in walks]
        if chosen.public:
            theirs.append(public(history, walks).assign(market=market))
        typer.echo(f"quantile experts: {market} measured", err=True)
    text = markdown(pd.concat(found, ignore_index=True), pd.concat(theirs) if theirs else None) + "\n"
    typer.echo(text)
    if chosen.document is not None:
        replace_measured(chosen.document, text, "quantiles")


if __name__ == "__main__":
    main()
