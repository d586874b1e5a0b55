"""False verdicts and power of experiments: ``python -m steel_assets_tests.bench.experiments [--count 1000] [--document …]``.

Each experiment is a year (250 trading days) of one market at one horizon, looked at after every issue. Two forecasters say what
nobody can know, with noise of their own that is equally large: neither is better. Their errors overlap h days. Where there is an
effect, the errors of the variant are a share smaller.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer

from steel_assets.cli.accuracy import replace_measured
from steel_assets.core.evidence import capital

YEAR = 250
LEVEL = 0.05
HORIZONS = (1, 5, 21)
SEED = 71
"""Another one than that on which SCALE and PRIOR of core.evidence were chosen: what is measured did not choose them."""
SKILLS = (0.05, 0.10, 0.20, 0.30)
"""By how much of the champion's mean absolute error the variant's is lower."""


@dataclass(frozen=True)
class World:
    """How a market moves and its forecasters err.

    Attributes:
        tails: degrees of freedom of Student's t of daily moves; infinite: normal.
        clusters: whether volatility comes in clusters (GARCH(1, 1): 0.10, 0.88).
        slow: autocorrelation of the forecasters' noise from day to day.
        noise: its standard deviation, as a share of that of the moves over the horizon.
    """

    name: str
    tails: float = np.inf
    clusters: bool = False
    slow: float = 0.0
    noise: float = 0.5


WORLDS = (
    World("normal moves"),
    World("heavy tails", tails=3),
    World("clustered volatility", clusters=True),
    World("heavy tails and clusters", tails=4, clusters=True),
    World("the same, slowly changing forecasts that differ little", tails=4, clusters=True, slow=0.95, noise=0.15),
    World("the same, slowly changing forecasts that differ much", tails=4, clusters=True, slow=0.95, noise=0.5),
)


def differences(world: World, horizon: int, days: int, rng: np.random.Generator, skill: float = 0.0) -> np.ndarray:
    """Absolute errors of the variant less those of the champion, issue by issue.

    Args:
        skill: share of the champion's error that the variant does not make.
    """
    moves = _moves(world, days + horizon, rng)
    sums = np.concatenate([[0.0], np.cumsum(moves)])
    ahead = (sums[horizon:] - sums[:-horizon])[:days]
    usual = world.noise * np.sqrt(horizon)
    champion, variant = (ahead - usual * _noise(world, days, rng) for _ in range(2))
    found: np.ndarray = (1 - skill) * np.abs(variant) - np.abs(champion)
    return found


def verdict(d: np.ndarray, horizon: int, level: float = LEVEL) -> tuple[str, int]:
    """What the first look that decides says, and after how many issues; ``collecting`` where none does."""
    issued = np.arange(len(d), dtype=float)
    settled = issued + horizon - 0.3  # the close of the target day is published before the issue that knows it
    looks = issued + 0.1
    found = {
        name: capital(horizon, issued, settled, d, looks, better=name == "won") >= 2.0 / level for name in ("won", "harmful")
    }
    first = {name: int(np.argmax(reached)) for name, reached in found.items() if reached.any()}
    if not first:
        return "collecting", len(d)
    name = min(first, key=lambda state: (first[state], state))
    return name, first[name] + 1


def false_verdicts(world: World, horizon: int, count: int, days: int = YEAR) -> tuple[int, int]:
    """Of ``count`` experiments in which neither is better, how many were won, and how many called harmful."""
    rng = np.random.default_rng([SEED, WORLDS.index(world), horizon])
    states = [verdict(differences(world, horizon, days, rng), horizon)[0] for _ in range(count)]
    return states.count("won"), states.count("harmful")


def power(world: World, horizon: int, skill: float, count: int, days: int) -> tuple[float, float]:
    """Share of experiments that a better variant wins within ``days`` issues, and the median number of issues it took those."""
    rng = np.random.default_rng([SEED, WORLDS.index(world), horizon, round(1000 * skill), days])
    found = [verdict(differences(world, horizon, days, rng, skill), horizon) for _ in range(count)]
    won = [issues for state, issues in found if state == "won"]
    return len(won) / count, float(np.median(won)) if won else np.nan


def table(count: int) -> str:
    """Both measurements as the documentation has them."""
    lines = ["| neither is better | h | called better | called harmful | together |", "|---|---|---|---|---|"]
    for world in WORLDS:
        for horizon in HORIZONS:
            won, harmful = false_verdicts(world, horizon, count)
            total = (won + harmful) / count
            lines.append(f"| {world.name} | {horizon} | {won / count:.1%} | {harmful / count:.1%} | {total:.1%} |")
    lines += ["", "| the variant's error is lower by | h | won within 250 issues | within 500 | median issues to win, of 500 |"]
    lines.append("|---|---|---|---|---|")
    for skill in SKILLS:
        for horizon in HORIZONS:
            year, _ = power(WORLDS[3], horizon, skill, count // 4, YEAR)
            both, issues = power(WORLDS[3], horizon, skill, count // 4, 2 * YEAR)
            lines.append(
                f"| {skill:.0%} | {horizon} | {year:.0%} | {both:.0%} | {'–' if np.isnan(issues) else f'{issues:.0f}'} |"
            )
    return "\n".join(lines)


def _moves(world: World, count: int, rng: np.random.Generator) -> np.ndarray:
    """Daily moves of standard deviation 1 in the long run."""
    shocks = rng.standard_normal(count) if np.isinf(world.tails) else rng.standard_t(world.tails, count)
    if not np.isinf(world.tails):
        shocks = shocks / np.sqrt(world.tails / (world.tails - 2))
    if not world.clusters:
        return shocks
    variance, moves = 1.0, np.empty(count)
    for day, shock in enumerate(shocks):
        moves[day] = np.sqrt(variance) * shock
        variance = 0.02 + 0.10 * moves[day] ** 2 + 0.88 * variance
    return moves


def _noise(world: World, count: int, rng: np.random.Generator) -> np.ndarray:
    shocks = rng.standard_normal(count)
    if not world.slow:
        return shocks
    noise = np.empty(count)
    noise[0] = shocks[0]
    for day in range(1, count):
        noise[day] = world.slow * noise[day - 1] + np.sqrt(1 - world.slow**2) * shocks[day]
    return noise


def main() -> None:
    """Measure, and write the tables into a document where one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="experiments of each kind")
    parser.add_argument("--document", type=Path, help="page that the tables are written into, between its marks")
    chosen = parser.parse_args()
    found = table(chosen.count)
    typer.echo(found)
    if chosen.document is not None:
        replace_measured(chosen.document, f"\n{found}\n\n")


if __name__ == "__main__":
    main()
