"""False findings and cost of a market's analysis: ``python -m steel_assets_tests.bench.analysis [--markets 200]``.

Simulated markets of which nothing is true (``core/walks.py``), calm and with bursts of volatility. In bursts it is true that the
market is calm or turbulent, so that statement does not count there. Processor seconds are those of ``analyse`` alone.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np
import typer

from steel_assets.core.analysis.market import analyse
from steel_assets_tests.core.walks import walk

COUNT, DRIVERS = 2000, 8
"""Sessions and drivers of each market: eight years, as the shipped markets have them."""
FIRST_SEED = 5000
"""Of markets that nobody looked at while the tests were chosen: of those that were, a third as many had a finding."""


def measured(markets: int, *, bursts: bool) -> str:
    """A sentence on markets with a false finding, what it was of, and the cost."""
    kinds: Counter[str] = Counter()
    false, statements, seconds = 0, 0, []
    for seed in range(FIRST_SEED, FIRST_SEED + markets):
        known = walk(seed, COUNT, DRIVERS, bursts=bursts)
        begun = time.process_time()
        said = analyse(known)
        seconds.append(time.process_time() - begun)
        found = {finding.statement.key for finding in said.findings} - ({"volatility"} if bursts else set())
        false += bool(found)
        statements = len(said.statements)
        kinds.update(found)
    what = ", ".join(f"{name} {count}" for name, count in kinds.most_common()) or "none"
    return (
        f"{'bursts' if bursts else 'calm'}: {false} of {markets} markets with a false finding ({false / markets:.1%}; {what}) "
        f"among {statements} statements each; {np.median(seconds):.3f} s of processor a market"
    )


def main(markets: int = 200) -> None:
    """Print what was measured."""
    for bursts in (False, True):
        typer.echo(measured(markets, bursts=bursts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--markets", type=int, default=200)
    main(parser.parse_args().markets)
