"""Whether moves depend on the month of the year, and what that says about the coming month.

Monthly moves are compared, not prices: a decomposition such as STL finds a season in every random walk (docs/analysis.md has
figures).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.statements import Statement, Unsaid, Value

FEWEST_YEARS = 5
WITHIN = 0.90
"""Probability that a month's usual move lies in its interval."""


def seasons(known: MarketData) -> Iterator[Statement | Unsaid]:
    """The twelve months against each other, and the coming month against the others.

    Within each year months are ranked, so that volatile years count no more than calm ones (Friedman 1937, as the test of stable
    seasonality of X-13ARIMA-SEATS), with the F of Iman & Davenport (1980, *Approximations of the Critical Region of the Friedman
    Statistic*, Comm. Statist. A9, 571–595). The coming month: Student's t of its distance from its year's mean.
    """
    table, coming = _months(known)
    years = len(table)
    if years < FEWEST_YEARS:
        for about in ("year", "coming month"):
            yield Unsaid("season", about, f"{years} whole years are known, {FEWEST_YEARS} are needed")
        return
    from scipy.special import fdtrc, stdtr, stdtrit

    means, errors = table.mean(axis=0), table.std(axis=0, ddof=1) / np.sqrt(years)
    half = float(stdtrit(years - 1, 0.5 + WITHIN / 2)) * errors
    ranks = (table[:, :, None] > table[:, None, :]).sum(axis=2) + (table[:, :, None] == table[:, None, :]).sum(axis=2) / 2 + 0.5
    friedman = years / 13 * float(((ranks.mean(axis=0) - 6.5) ** 2).sum())
    f = (years - 1) * friedman / max(years * 11 - friedman, 1e-12)
    names = [(coming - 1 + place) % 12 for place in range(12)]  # columns in the order of the calendar
    order = np.argsort(names)
    values: dict[str, Value] = {
        "years": years,
        "best": int(names[int(means.argmax())]) + 1,
        "best_move": float(np.expm1(means.max())),
        "worst": int(names[int(means.argmin())]) + 1,
        "worst_move": float(np.expm1(means.min())),
        "months": [round(float(value), 6) for value in means[order]],
        "half_widths": [round(float(value), 6) for value in half[order]],
    }
    yield Statement("season", "year", values, years * 12, "Friedman, F", float(fdtrc(11, 11 * (years - 1), f)))

    away = table[:, 0] - table.mean(axis=1)
    spread = float(away.std(ddof=1))
    t = float(away.mean()) / (spread / np.sqrt(years)) if spread > 0 else 0.0
    values = {
        "month": coming,
        "years": years,
        "move": float(np.expm1(means[0])),
        "low": float(np.expm1(means[0] - half[0])),
        "high": float(np.expm1(means[0] + half[0])),
        "rose": int((table[:, 0] > 0).sum()),
    }
    yield Statement("coming_month", str(coming), values, years, "t", float(2 * stdtr(years - 1, -abs(t))))


def _months(known: MarketData) -> tuple[np.ndarray, int]:
    """Log moves of whole months, one row per twelve, the first column the coming month; and that month's number, 1 to 12.

    The newest month counts as complete only once another has begun, so the coming one is the month after the newest session's.
    The rows go back from the last complete month; a month without any move ends them.
    """
    months = known.days.astype("datetime64[M]").astype(int)
    there = np.isfinite(known.moves)
    newest, first = int(months[-1]), int(months[0])
    sums, counts = np.zeros(newest - first + 1), np.zeros(newest - first + 1)
    np.add.at(sums, months[there] - first, known.moves[there])
    np.add.at(counts, months[there] - first, 1)
    coming = (newest + 1) % 12 + 1  # months are counted from January 1970
    last = newest - 1
    rows = []
    while last - 11 > first:
        place = last - first
        if (counts[place - 11 : place + 1] == 0).any():
            break
        year = sums[place - 11 : place + 1]
        names = (np.arange(last - 11, last + 1) % 12 + 1 - coming) % 12
        rows.append(year[np.argsort(names)])
        last -= 12
    return np.array(rows).reshape(-1, 12), coming
