"""Whether the market or a driver moves first, by how many days, and whether that held in the second half of the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.robust import slope_test
from steel_assets.core.analysis.statements import Statement, Unsaid, Value

LAGS = 10
"""Largest number of sessions by which one may lead the other."""
FEWEST = 250
"""Least number of sessions in each half."""

Leader = Literal["driver", "market"]


def leads(known: MarketData) -> Iterator[Statement | Unsaid]:
    """Each daily driver as leader of the market, and as follower.

    The move of the follower k sessions later is regressed on the leader's, with the follower's own move of the same day as a
    control (Granger 1969), so that a lead that only repeats the follower's autocorrelation is not found. In the first half of the
    history the lag with the smallest p-value is chosen, which is multiplied by the number of lags. In the second half only that
    lag is tested, for the same direction. The p-value of the statement is the larger of the two halves' (Benjamini & Heller 2008,
    *Screening for Partial Conjunction Hypotheses*, Biometrics 64, 1215–1222).
    """
    for name, driver in known.drivers.items():
        for leader in ("driver", "market"):
            pair = (driver, known.moves) if leader == "driver" else (known.moves, driver)
            names = (name, known.series) if leader == "driver" else (known.series, name)
            yield _lead(*names, *pair)


def _lead(leading: str, following: str, leader: np.ndarray, follower: np.ndarray) -> Statement | Unsaid:
    about = f"{leading}>{following}"
    if len(follower) <= LAGS:
        return Unsaid("lead", about, f"{len(follower)} days are known, {2 * (FEWEST + LAGS)} are needed")
    rows = np.lib.stride_tricks.sliding_window_view(follower, LAGS + 1)  # the follower's move of the day and of those after it
    leader = leader[: len(rows)]
    there = np.isfinite(leader) & np.isfinite(rows).all(axis=1)
    rows, leader = rows[there], leader[there]
    half = len(rows) // 2
    early, late = slice(0, half - LAGS), slice(half, len(rows))  # what follows the first half's days lies before the second
    if half - LAGS < FEWEST:
        return Unsaid("lead", about, f"{len(rows)} days are known of both, {2 * (FEWEST + LAGS)} are needed")
    found = [slope_test(rows[early, lag], leader[early], rows[early, 0]) for lag in range(1, LAGS + 1)]
    lag = int(np.argmin([estimate.p for estimate in found])) + 1
    chosen = found[lag - 1]
    again = slope_test(rows[late, lag], leader[late], rows[late, 0])
    held = again.above if chosen.value > 0 else 1 - again.above
    values: dict[str, Value] = {
        "leader": leading,
        "follower": following,
        "days": lag,
        "slope": chosen.value,
        "slope_again": again.value,
        "error_again": again.error,
        "p_first_half": min(1.0, LAGS * chosen.p),
        "p_second_half": held,
        "n_first_half": chosen.n,
        "n_second_half": again.n,
    }
    p = max(min(1.0, LAGS * chosen.p), held)
    return Statement("lead", about, values, chosen.n + again.n, "regression, both halves", p)
