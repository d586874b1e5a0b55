"""Figures of statistical offices: levels that follow the month's prices, published late, revised twice.

The first estimate has an error, the second (with the next release) a smaller one; the third (three releases later) is final.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.calendars import publication_moments
from steel_assets.core.types import Series
from steel_assets.sandbox.drivers import DRIVERS, unknown_driver
from steel_assets.sandbox.economy import BEGINNING, Economy
from steel_assets.sandbox.shocks import accumulated, stream

REVISED_AFTER = (0, 1, 4)
"""Releases after its own with which a figure's first, second and final estimates are published."""

ERROR_LEFT = (1.0, 0.4, 0.0)
"""Share of the first estimate's error in each of them."""

NOISE_HALF_LIFE = 6.0

LENGTHS = {"weekly": "W", "monthly": "M", "quarterly": "Q"}
"""pandas' name of the periods of each frequency."""


@dataclass(frozen=True)
class Indicator:
    """A figure about a whole week or month.

    ``start`` is its trend at the beginning of 2014, ``drift`` its log growth a year; ``follows`` the share it takes of each
    driver's distance from trend; ``noise`` its own movement, and ``error`` the first estimate's, in percent.
    """

    start: float
    drift: float
    follows: tuple[tuple[str, float], ...] = ()
    noise: float = 0.4
    error: float = 0.3
    decimals: int = 3


KNOWN: dict[str, Indicator] = {
    "WPU101": Indicator(218.0, 0.03, (("hot_rolled_coil", 0.4), ("scrap", 0.15))),
    "WPU1017": Indicator(198.0, 0.035, (("hot_rolled_coil", 0.5), ("scrap", 0.1))),
    "WPU1012": Indicator(520.0, 0.01, (("scrap", 0.9),), noise=1.0),
    "INDPRO": Indicator(102.0, 0.002, (("world", 0.15),), noise=0.3, decimals=4),
    "TTLCONS": Indicator(960_000.0, 0.065, (("world", 0.1),), noise=0.5, error=0.5, decimals=0),
    "CPIAUCSL": Indicator(235.0, 0.028, (("crude", 0.02),), noise=0.1, error=0.03),
    "PPIACO": Indicator(204.0, 0.02, (("crude", 0.15), ("hot_rolled_coil", 0.1)), noise=0.3),
    "SANDBOX_REBAR_MX": Indicator(
        11_500.0, 0.03, (("hot_rolled_coil", 0.35), ("scrap", 0.3), ("peso", 0.5)), noise=0.8, decimals=0
    ),
    "China:NBS Manufacturing PMI": Indicator(50.2, 0.0, (("world", 0.1), ("shfe_rebar", 0.04)), noise=0.6, error=0.0, decimals=1),
    "United States:ISM Manufacturing PMI": Indicator(52.0, -0.002, (("world", 0.2),), noise=1.2, error=0.0, decimals=1),
}


def versions(economy: Economy, series: Series) -> pd.DataFrame:
    """Every version of every value of a weekly or monthly series, including unpublished ones.

    Returns:
        period, published_at (UTC), value; revisions only if they change the printed value. In order of publication.
    """
    symbol = series.symbol or series.id
    indicator = KNOWN.get(symbol) or Indicator(unknown_driver(symbol, series.unit).start, 0.01, (("world", 0.2),), decimals=2)
    periods, log_level = _log_levels(economy, symbol, indicator, LENGTHS[series.frequency])
    error = indicator.error / 100 * stream(economy.seed, "first estimate", symbol).standard_normal(len(periods))
    estimates = []
    for releases, left in zip(REVISED_AFTER, ERROR_LEFT, strict=True) if series.revised else [(0, 0.0)]:
        release = (periods + releases).to_timestamp().as_unit("ns")
        estimates.append(
            pd.DataFrame(
                {
                    "period": periods.to_timestamp().as_unit("ns"),
                    "published_at": publication_moments(release, series.frequency, series.published),
                    "value": np.round(np.exp(log_level + left * error), indicator.decimals),
                }
            )
        )
    every = pd.concat(estimates).sort_values(["period", "published_at"], kind="stable")
    changed = every["value"] != every.groupby("period")["value"].shift()
    return every[changed].sort_values(["published_at", "period"], kind="stable", ignore_index=True)


def _log_levels(economy: Economy, symbol: str, indicator: Indicator, frequency: str) -> tuple[pd.PeriodIndex, np.ndarray]:
    of_day = economy.days.to_period(frequency)
    periods = of_day.unique()[:-1]
    years = (periods.to_timestamp() - BEGINNING).days.to_numpy() / 365.25
    level = np.log(indicator.start) + indicator.drift * years
    for driver, share in indicator.follows:
        means = pd.Series(economy.log_deviation(DRIVERS[driver])).groupby(of_day).mean()
        level = level + share * means.to_numpy()[:-1]
    noise = stream(economy.seed, "figure", symbol).standard_normal(len(periods))
    level = level + accumulated(indicator.noise / 100 * noise, NOISE_HALF_LIFE)
    known = periods.to_timestamp() >= BEGINNING
    return periods[known], level[known]
