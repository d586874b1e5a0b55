"""Odds, averages and paths against what came: ``python -m steel_assets_tests.bench.odds [--step 5] [--document docs/odds.md]``.

Walk forward from 2017: at every ``step``-th origin paths are drawn from the out-of-sample quantiles of the last price's own
intervals (the family ``naive``) and from the history up to that origin, and held against the next 63 trading days. Beside the
Schaake shuffle stand the same prices of each day drawn independently from day to day, the same in the order of a random walk, and
a normal random walk with the standard deviation of the last 250 days. Reads ../shared/data.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import backtest
from steel_assets.core.calendars import session_after
from steel_assets.core.history import MarketHistory
from steel_assets.core.paths import Past, PathsError, Quantiles, shuffled, windows
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations.outlooks import past_of

DATA = Path(__file__).parents[3] / "shared" / "data"
FIRST = pd.Timestamp("2017-01-02")
LENGTH = 63
WAYS = ("schaake", "independent", "walk's order", "random walk")
LEVELS = np.array([-0.10, -0.05, -0.02, -0.01, 0.01, 0.02, 0.05, 0.10])
"""Levels asked about, away from the last price."""
BINS = 10
DRAWS = 20
"""Paths of each origin that are taken for what came, to see what chance alone does."""
SEEN_DAYS = np.array([1, 5, 10, 21, 42, 63]) - 1
"""Days of the variogram score."""
SPREAD = ("rebar_fob_turkey", "scrap_turkey")


@dataclass(frozen=True)
class Case:
    """One origin of one market: paths by way of drawing, and what came."""

    market: str
    origin: pd.Timestamp
    last: float
    paths: dict[str, np.ndarray]
    came: np.ndarray


def cases(history: MarketHistory, step: int) -> Iterator[Case]:
    """Every origin whose next 63 trading days are known."""
    market = history.market.id
    rows = backtest(history, FIRST, history.origins[-1], step=step, families=["naive"])
    whole = past_of(history, history.origins[-1])
    for origin, group in rows.sort_values("h").groupby("origin"):
        day = pd.Timestamp(origin)
        ahead = pd.DatetimeIndex([session_after(history.market.calendar, pd.DatetimeIndex([day]), LENGTH)[0]])
        if ahead[0] > history.origins[-1] or group["h"].max() != LENGTH:
            continue
        first, last = history.origins.searchsorted(day) + 1, float(group["last"].iloc[0])
        came = history.prices_at(history.origins[first : first + LENGTH], history.as_of)
        came = pd.Series([last, *came]).ffill().to_numpy()[1:]
        quantiles = Quantiles(tuple(group["h"]), group[list(QUANTILE_COLUMNS)].to_numpy(), last)
        known, issued = whole.until(np.datetime64(day, "D")), np.datetime64(day, "D") + np.timedelta64(1, "D")
        try:
            starts = windows(issued, [known], LENGTH)
        except PathsError:
            continue
        schaake = shuffled(quantiles, known.trajectories(starts, LENGTH), market, issued)
        rng = np.random.default_rng(int(day.toordinal()))
        independent = rng.permuted(schaake, axis=0)
        walk = _walk(known, last, rng)
        in_order = shuffled(quantiles, np.log(walk), market, issued)
        yield Case(market, day, last, dict(zip(WAYS, (schaake, independent, in_order, walk), strict=True)), came)


def _walk(known: Past, last: float, rng: np.random.Generator) -> np.ndarray:
    size = float(np.nanstd(np.diff(np.log(known.prices[-251:]))))
    return np.asarray(last * np.exp(np.cumsum(rng.normal(0, size, (1000, LENGTH)), axis=1)))


def calibration_error(chances: np.ndarray, happened: np.ndarray) -> float:
    """Expected calibration error: in ten equal bins of the chance, how far its mean is from how often it happened."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    off = [abs(chances[place == bin].mean() - happened[place == bin].mean()) * (place == bin).sum() for bin in np.unique(place)]
    return float(np.sum(off) / len(chances))


def energy(paths: np.ndarray, came: np.ndarray) -> float:
    """Energy score (Gneiting & Raftery 2007) of log prices; the paths' distance from each other over five random pairings."""
    rng = np.random.default_rng(1)
    apart = [np.linalg.norm(paths - paths[rng.permutation(len(paths))], axis=1).mean() for _ in range(5)]
    return float(np.linalg.norm(paths - came, axis=1).mean() - np.mean(apart) / 2)


def variogram(paths: np.ndarray, came: np.ndarray) -> float:
    """Variogram score of order one half (Scheuerer & Hamill 2015) of log prices on ``SEEN_DAYS``."""
    one, other = np.triu_indices(len(SEEN_DAYS), 1)
    mine, true = paths[:, SEEN_DAYS], came[SEEN_DAYS]
    expected = np.sqrt(np.abs(mine[:, one] - mine[:, other])).mean(axis=0)
    return float(((np.sqrt(np.abs(true[one] - true[other])) - expected) ** 2).sum())


def covered(values: np.ndarray, came: float) -> bool:
    """Whether what came lies in the middle 90 %."""
    low, high = np.quantile(values, [0.05, 0.95])
    return bool(low <= came <= high)


class Measured:
    """Figures gathered by market, then averaged."""

    def __init__(self) -> None:
        self.chances: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
        self.figures: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.lots: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
        self._rng = np.random.default_rng(3)

    def take(self, case: Case) -> None:
        """All figures of one origin."""
        levels = case.last * (1 + LEVELS)
        for way, paths in case.paths.items():
            for days in (5, 21):
                self._odds(case, f"on day {days}", way, (paths[:, days - 1, None] > levels), case.came[days - 1] > levels)
                above = LEVELS > 0
                passed = np.where(
                    above, paths[:, :days].max(axis=1)[:, None] > levels, paths[:, :days].min(axis=1)[:, None] < levels
                )
                top, bottom = case.came[:days].max(), case.came[:days].min()
                self._odds(case, f"by day {days}", way, passed, np.where(above, top > levels, bottom < levels))
            for days in (21, 63):
                part, came = paths[:, :days], case.came[:days]
                self._figure(case, f"maximum of {days}", way, covered(part.max(axis=1), came.max()))
                self._figure(case, f"minimum of {days}", way, covered(part.min(axis=1), came.min()))
                self._figure(case, f"average of {days}", way, covered(part.mean(axis=1), came.mean()))
            logs, came = np.log(paths / case.last), np.log(case.came / case.last)
            self._figure(case, "energy", way, energy(logs, came))
            self._figure(case, "variogram", way, variogram(logs, came))

    def _odds(self, case: Case, what: str, way: str, hits: np.ndarray, came: np.ndarray) -> None:
        for market in (case.market, "all"):
            self.chances[f"{market}|{what}", way].append(np.stack([hits.mean(axis=0), came]))
            if (what, way) == ("on day 21", "schaake"):
                self.lots[market].append((hits.mean(axis=0), hits[self._rng.integers(len(hits), size=DRAWS)]))

    def _figure(self, case: Case, what: str, way: str, value: float) -> None:
        for market in (case.market, "all"):
            self.figures[market, what, way].append(float(value))

    def error(self, market: str, what: str, way: str) -> float:
        """Expected calibration error of the odds of ``what``."""
        chances, came = np.concatenate(self.chances[f"{market}|{what}", way], axis=1)
        return calibration_error(chances, came)

    def luck(self, market: str) -> float:
        """The calibration error that odds of day 21 would have if paths themselves came true: what chance does to so few."""
        chances = np.concatenate([lot for lot, _ in self.lots[market]])
        came = np.concatenate([drawn for _, drawn in self.lots[market]], axis=1)
        return float(np.mean([calibration_error(chances, entry) for entry in came]))

    def mean(self, market: str, what: str, way: str) -> float:
        """Mean of a figure over all origins."""
        return float(np.mean(self.figures[market, what, way]))


class Spread:
    """Coverage of rebar − scrap: paths of the same stretches, and the same paths paired by chance."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, pd.Timestamp, int], tuple[np.ndarray, float]] = {}

    def take(self, case: Case) -> None:
        """Keep what one origin of one of the two says of two days; the paths themselves would fill the memory."""
        for ahead in (5, 21):
            column = ahead - 1
            self.kept[case.market, case.origin, ahead] = case.paths["schaake"][:, column].copy(), float(case.came[column])

    def coverage(self, ahead: int) -> tuple[int, float, float]:
        """Origins of both, and the share inside the middle 90 % either way."""
        rng, hits = np.random.default_rng(2), []
        for market, origin, days in self.kept:
            if market == SPREAD[0] and days == ahead and (SPREAD[1], origin, days) in self.kept:
                (mine, one), (theirs, other) = (self.kept[name, origin, days] for name in SPREAD)
                came = one - other
                hits.append((covered(mine - theirs, came), covered(mine - rng.permutation(theirs), came)))
        same, chance = np.mean(hits, axis=0)
        return len(hits), float(same), float(chance)


def markdown(measured: Measured, markets: list[str], spread: Spread) -> str:
    """The tables of docs/odds.md."""
    names = [*markets, "all"]
    lines = [
        "Expected calibration error of the odds of eight levels, 1, 2, 5 and 10 % above and below the last price. On a day: to",
        "be above the level; by a day: that any close up to it is beyond the level. Chance alone: what",
        "perfect odds of day 21 would show on so many origins.",
        "",
        "| market | origins | on day 5 | on day 21 | chance alone | by day 5 | by day 21 | by day 21, independent |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for market in names:
        count = len(measured.figures[market, "energy", "schaake"])
        errors = [measured.error(market, what, "schaake") for what in ("on day 5", "on day 21", "by day 5", "by day 21")]
        errors.append(measured.error(market, "by day 21", "independent"))
        errors.insert(2, measured.luck(market))
        lines.append(f"| {market} | {count:,} | " + " | ".join(f"{error:.3f}" for error in errors) + " |")
    lines += ["", "Share of what came inside the middle 90 %, all markets:", "", "| figure | " + " | ".join(WAYS) + " |"]
    lines.append("| --- " * (len(WAYS) + 1) + "|")
    for what in (f"{name} of {days}" for name in ("maximum", "minimum", "average") for days in (21, 63)):
        lines.append(f"| {what} days | " + " | ".join(f"{measured.mean('all', what, way):.1%}" for way in WAYS) + " |")
    lines += ["", f"Of {SPREAD[0]} − {SPREAD[1]}:", "", "| day | origins | same stretches | paired by chance |"]
    lines.append("| --- | --- | --- | --- |")
    for ahead in (5, 21):
        count, same, chance = spread.coverage(ahead)
        lines.append(f"| {ahead} | {count:,} | {same:.1%} | {chance:.1%} |")
    lines += [
        "",
        "Scores of the Schaake paths over 63 days, divided by those of the others on the same origins; below 1 is better:",
        "",
        "| market | " + " | ".join(f"{what} ÷ {way}" for what in ("energy", "variogram") for way in WAYS[1:]) + " |",
        "| --- " * (2 * len(WAYS) - 1) + "|",
    ]
    for market in names:
        ratios = [
            measured.mean(market, what, "schaake") / measured.mean(market, what, way)
            for what in ("energy", "variogram")
            for way in WAYS[1:]
        ]
        lines.append(f"| {market} | " + " | ".join(f"{ratio:.3f}" for ratio in ratios) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=5, help="trading days from one origin to the next")
    parser.add_argument("--document", type=Path, help="Markdown file whose measured part is written anew")
    chosen, _ = parser.parse_known_args()
    if not DATA.is_dir():
        typer.echo(f"odds: not measured: {DATA} is not on this machine")
        return
    catalog = load_catalog()
    markets = list(catalog.markets)
    measured, spread = Measured(), Spread()
    for market, history in real_histories(DATA, catalog, markets).items():
        for case in cases(history, chosen.step):
            measured.take(case)
            if market in SPREAD:
                spread.take(case)
        typer.echo(f"odds: {market}: {len(measured.figures[market, 'energy', 'schaake'])} origins", err=True)
    text = markdown(measured, markets, spread)
    typer.echo(text)
    if chosen.document is not None:
        replace_measured(chosen.document, text)


if __name__ == "__main__":
    main()
