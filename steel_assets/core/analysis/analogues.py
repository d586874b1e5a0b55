"""What followed the five past days most similar to today, compared with what usually follows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steel_assets.core.analysis.market_data import MarketData
from steel_assets.core.analysis.statements import Statement, Unsaid, Value

COUNT = 5
AHEAD = (5, 21, 63)
"""Sessions after which the outcome is measured."""
BACK = (5, 21, 63)
"""Sessions over which moves are compared, besides volatility and the price's place within a year."""
YEAR = 250
APART = 63
"""Least sessions between two analogues; the newest is so old that neither its features nor its outcome overlap today's."""
DRAWS = 9999
FEWEST = 500
"""Least number of days to choose from."""


def analogues(known: MarketData) -> Iterator[Statement | Unsaid]:
    """What followed on each of ``AHEAD``.

    Nearest neighbours of today's features (Lorenz 1969, *Atmospheric Predictability as Revealed by Naturally Occurring
    Analogues*, J. Atmos. Sci. 26, 636–646). The test compares what followed with what followed five days drawn at random from the
    same history, ``DRAWS`` times; the p-value is the share of draws with at least as large an outcome. It is computed twice, from
    the moves as they were and in units of the spread expected at each time, and the larger p-value counts: the first alone would
    find what is only a volatile year, the second what is only a spread that was expected too small.
    """
    moves = np.nan_to_num(known.moves)
    total = np.concatenate([[0.0], np.cumsum(moves)])  # total[i + 1] is the log price after session i, without rolls
    eligible = np.arange(YEAR, len(moves) - 2 * APART)
    if len(eligible) < FEWEST:
        for ahead in AHEAD:
            yield Unsaid("analogues", str(ahead), f"{max(len(eligible), 0)} days can be compared, {FEWEST} are needed")
        return
    pictures = _pictures(total, known.volatility)
    centre, spread = pictures[eligible].mean(axis=0), pictures[eligible].std(axis=0)
    scaled = (pictures - centre) / np.where(spread > 0, spread, 1.0)
    distance = np.sqrt(((scaled[eligible] - scaled[-1]) ** 2).sum(axis=1))
    chosen = _nearest(distance)
    days = [str(day) for day in np.sort(known.days[eligible[chosen]])]
    for ahead in AHEAD:
        followed = total[eligible + ahead + 1] - total[eligible + 1]
        surprise = followed / (known.volatility[eligible] * np.sqrt(ahead))
        came = np.expm1(followed[chosen])
        usual = np.expm1(np.quantile(followed, [0.05, 0.5, 0.95]))
        values: dict[str, Value] = {
            "ahead": ahead,
            "days": days,
            "followed": [round(float(value), 6) for value in came[np.argsort(eligible[chosen])]],
            "mean": float(np.expm1(followed[chosen].mean())),
            "lowest": float(came.min()),
            "highest": float(came.max()),
            "rose": int((came > 0).sum()),
            "count": COUNT,
            "usual_mean": float(np.expm1(followed.mean())),
            "usual_low": float(usual[0]),
            "usual_high": float(usual[2]),
            "usual_rose": float((followed > 0).mean()),
            "distance_percentile": float((distance < distance[chosen].mean()).mean()),
        }
        p = max(_at_random(followed, chosen), _at_random(surprise, chosen))
        yield Statement("analogues", str(ahead), values, len(eligible), "five days at random", p)


def _pictures(total: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    """The features of each session, from what was known then: moves in units of their spread, volatility, place within a year."""
    count = len(volatility)
    columns = []
    for back in BACK:
        moved = np.zeros(count)
        moved[back:] = total[back + 1 :] - total[1 : count - back + 1]
        columns.append(moved / (volatility * np.sqrt(back)))
    columns.append(np.log(volatility))
    place = np.full(count, 0.5)
    windows = np.lib.stride_tricks.sliding_window_view(total[1:], YEAR)
    low, high = windows.min(axis=1), windows.max(axis=1)
    width = np.where(high > low, high - low, 1.0)
    place[YEAR - 1 :] = (windows[:, -1] - low) / width
    columns.append(place)
    return np.column_stack(columns)


def _nearest(distance: np.ndarray) -> np.ndarray:
    """Positions of the ``COUNT`` smallest distances that are at least ``APART`` from each other."""
    found: list[int] = []
    for place in np.argsort(distance, kind="stable"):
        if all(abs(int(place) - other) >= APART for other in found):
            found.append(int(place))
            if len(found) == COUNT:
                break
    return np.array(found)


def _at_random(followed: np.ndarray, chosen: np.ndarray) -> float:
    """Share of random draws of as many days whose mean outcome is as far from the usual as that of the days ``chosen``.

    The draws depend only on the length of the history. Drawn days may be closer together than analogues are, so their means vary
    more: the test is conservative.
    """
    drawn = np.random.default_rng(len(followed)).integers(0, len(followed), (DRAWS, len(chosen)))
    away = np.abs(followed[drawn].mean(axis=1) - followed.mean())
    here = abs(float(followed[chosen].mean() - followed.mean()))
    return float(1 + (away >= here * (1 - 1e-12)).sum()) / (DRAWS + 1)
