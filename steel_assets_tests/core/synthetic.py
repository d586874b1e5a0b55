"""A small simulated steel market for tests: a forward curve that rolls, drivers in other units and zones, revisions, outages.

The first years were collected in one go afterwards (a backfill); the last ``lived`` sessions day by day, a few minutes after
each issue, as in operation. Everything follows from the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from steel_assets.core import calendars
from steel_assets.core.history import MarketHistory, build_history
from steel_assets.core.types import Market, PublicationRule, Series, Target

ISSUE, ZONE = time(2), ZoneInfo("America/Mexico_City")
LONDON = PublicationRule(at=time(18, 30), zone="Europe/London")
SHANGHAI = PublicationRule(at=time(15, 20), zone="Asia/Shanghai")
MONTHLY = PublicationRule(lag_days=16, at=time(8, 30), zone="America/New_York")
CONTRACTS = ("rebar_m01", "rebar_m02", "rebar_m03")
HORIZONS = (1, 5)


@dataclass(frozen=True)
class Synthetic:
    """Raw observations and the declarations that go with them."""

    observations: pd.DataFrame
    market: Market
    series: Mapping[str, Series]
    sessions: pd.DatetimeIndex

    def history(self, as_of: pd.Timestamp | None = None) -> MarketHistory:
        """What was known at ``as_of``; by default on the morning after the last price, when the run is done."""
        prices = self.observations[self.observations["series"] == self.market.target.series]
        moment = as_of if as_of is not None else pd.Timestamp(prices["published_at"].max()) + pd.Timedelta(hours=18)
        return build_history(self.observations, self.market, self.series, moment, ISSUE, ZONE)

    def of(self, **target: object) -> Synthetic:
        """The same market with another target or other drivers."""
        drivers = target.pop("drivers", self.market.drivers)
        changed = self.market.target.model_copy(update=target)
        return replace(self, market=self.market.model_copy(update={"target": changed, "drivers": drivers}))

    def knowing(self, observations: pd.DataFrame) -> Synthetic:
        """The same market with other observations."""
        return replace(self, observations=observations)


def declare(name: str, unit: str, published: PublicationRule, calendar: str = "XLON", frequency: str = "daily") -> Series:
    return Series.model_validate(
        {"id": name, "name": name, "unit": unit, "published": published, "calendar": calendar, "frequency": frequency}
    )


def publish(series: Series, periods: pd.DatetimeIndex, values: np.ndarray, collected_at: str = "2030-01-01") -> pd.DataFrame:
    """First versions of figures, published by the series' rule and collected in one go."""
    return pd.DataFrame(
        {
            "series": series.id,
            "period": periods.as_unit("ns"),
            "value": np.asarray(values, dtype=float),
            "published_at": calendars.publication_moments(periods, series.frequency, series.published).as_unit("ns"),
            "collected_at": pd.Timestamp(collected_at, tz="UTC").as_unit("ns"),
            "source": "file_import",
            "simulated": False,
        }
    )


def synthetic(count: int = 520, seed: int = 7, lived: int = 60) -> Synthetic:
    """``count`` sessions of a rebar market with a curve of three contracts, scrap that leads it by a day, and more."""
    rng = np.random.default_rng(seed)
    days = calendars.sessions("XLON", pd.Timestamp("2019-01-02"), pd.Timestamp("2019-01-02") + pd.Timedelta(days=2 * count))[
        :count
    ]
    scrap_moves = 0.012 * rng.standard_t(5, count)
    rebar_moves = 0.5 * np.concatenate([[0.0], scrap_moves[:-1]]) + 0.006 * rng.standard_normal(count)
    rebar_moves[rng.random(count) < 0.2] = 0.0
    level = 550 * np.exp(np.cumsum(rebar_moves))
    month = (days.year - days.year[0]) * 12 + days.month - 1
    premium = np.cumsum(rng.normal(0, 0.01, int(month.max()) + 4))  # each delivery month has its own, known all along
    curve = {name: np.round(level * np.exp(premium[month + k]), 1) for k, name in enumerate(CONTRACTS)}
    series = {
        **{name: declare(name, "USD/t", LONDON) for name in CONTRACTS},
        "scrap": declare("scrap", "USD/t", LONDON),
        "ore": declare("ore", "CNY/t", SHANGHAI, "XSHG"),
        "dead": declare("dead", "USD/t", LONDON),
        "ppi": declare("ppi", "index", MONTHLY, "weekdays", "monthly"),
        "usdcny": declare("usdcny", "CNY/USD", PublicationRule(at=time(23, 0))),
    }
    ore_days = calendars.sessions("XSHG", days[0], days[-1])
    months = pd.date_range(days[0].replace(day=1), days[-1], freq="MS")
    ppi = 200 * np.exp(np.cumsum(rng.normal(0, 0.01, len(months))))
    frames = [publish(series[name], days, prices) for name, prices in curve.items()]
    frames += [
        publish(series["scrap"], days, 350 * np.exp(np.cumsum(scrap_moves))),
        publish(series["ore"], ore_days, 700 * np.exp(np.cumsum(0.015 * rng.standard_normal(len(ore_days))))),
        publish(series["dead"], days[: count // 2], 80 * np.exp(np.cumsum(0.01 * rng.standard_normal(count // 2)))),
        publish(series["ppi"], months, ppi),
        publish(series["ppi"], months, ppi * 1.01).assign(published_at=lambda rows: rows["published_at"] + pd.Timedelta(days=30)),
        publish(series["usdcny"], days, 6.9 + np.cumsum(0.005 * rng.standard_normal(count))),
    ]
    observations = _lived_through(pd.concat(frames, ignore_index=True), series["rebar_m01"], days, lived)
    market = Market(
        id="rebar_test",
        name="Rebar, simulated",
        commodity="rebar",
        region="testland",
        calendar="XLON",
        target=Target(series=CONTRACTS[0], curve=CONTRACTS, roll="first_business_day_of_month"),
        drivers=("scrap", "ore", "dead", "ppi"),
        horizons=HORIZONS,
    )
    return Synthetic(observations, market, series, days)


def runs(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the daily run of each day really collects: five minutes after the issue moment."""
    published = calendars.publication_moments(days, "daily", LONDON)
    return calendars.issue_moments(published, ISSUE, ZONE) + pd.Timedelta(minutes=5)


def _lived_through(observations: pd.DataFrame, target: Series, days: pd.DatetimeIndex, lived: int) -> pd.DataFrame:
    """The last ``lived`` sessions collected by daily runs, three of which failed; one price corrected a week later."""
    if not lived:
        return observations
    moments = runs(days[-lived:])
    moments = moments.delete([10, 11, 12])
    next_run = np.searchsorted(moments, observations["published_at"])
    collected = moments[np.minimum(next_run, len(moments) - 1)].as_unit("ns")
    rows = observations.assign(collected_at=collected)
    rows = rows[next_run < len(moments)]
    wrong = rows[(rows["series"] == target.id) & (rows["period"] == days[-lived + 20])]
    corrected = wrong.assign(value=wrong["value"] * 1.03, published_at=moments[26], collected_at=moments[26])
    return pd.concat([rows, corrected], ignore_index=True)
