"""A market whose price comes once a month (or a week) and follows the mean of a daily driver, for tests.

The driver is a random walk of weekdays. A month's price is the mean over that month of the driver's last ten days, with a little
noise: so between two publications the driver tells most of the next price. It is published on the twelfth of the month after.
"""

from __future__ import annotations

from datetime import time

import numpy as np
import pandas as pd

from steel_assets.core import calendars
from steel_assets.core.types import Market, MarketFrequency, PublicationRule, Target
from steel_assets_tests.core.synthetic import Synthetic, declare, publish

TWELFTH = PublicationRule(lag_days=12, at=time(9), zone="America/Mexico_City")
FRIDAY = PublicationRule(lag_days=0, at=time(17), zone="America/Mexico_City")
"""Of a week: on its Sunday evening."""
NEXT_MORNING = PublicationRule(lag_days=1, at=time(6), zone="America/Mexico_City")
YEARS: dict[MarketFrequency, int] = {"monthly": 11, "weekly": 4}


def slow_world(frequency: MarketFrequency = "monthly", seed: int = 11) -> Synthetic:
    """Eleven years of months, or four of weeks."""
    rng = np.random.default_rng(seed)
    end = pd.Timestamp("2026-10-31")
    days = calendars.sessions("weekdays", end - pd.DateOffset(years=YEARS[frequency]), end)
    scrap = pd.Series(380 * np.exp(np.cumsum(0.012 * rng.standard_normal(len(days)))), index=days)
    followed = scrap.rolling(10, min_periods=1).mean()
    firsts = calendars.period_starts(days, frequency)
    of_periods = followed.groupby(firsts).mean().iloc[1:]
    price = 9000 + 22 * of_periods * np.exp(0.004 * rng.standard_normal(len(of_periods)))
    target = declare("rebar_mx", "MXN/t", TWELFTH if frequency == "monthly" else FRIDAY, "weekdays", frequency)
    driver = declare("scrap", "USD/t", NEXT_MORNING, "weekdays")
    market = Market(
        id="rebar_mexico",
        name="Rebar, Mexico",
        commodity="rebar",
        region="mexico",
        target=Target(series="rebar_mx", unit="MXN/t"),
        frequency=frequency,
        drivers=("scrap",),
    )
    observations = pd.concat(
        [
            publish(target, pd.DatetimeIndex(price.index), price.to_numpy()),
            publish(driver, days, scrap.to_numpy()),
        ],
        ignore_index=True,
    )
    return Synthetic(observations, market, {"rebar_mx": target, "scrap": driver}, pd.DatetimeIndex(price.index))
