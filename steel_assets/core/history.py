"""A market's history: for each past trading day, what was known then; and when each price became known.

An *origin* is a trading day D whose close is known; its *moment* is when the forecast of that day is issued. A row of ``known``
holds only values about D or earlier that were known at that moment, so anything computed from rows up to D cannot use the future.
``newest`` adds the few values about a later day that were published by then: Shanghai has closed on D + 1 before London opens.
Models, features and scores read markets only through this class.

The origins of a weekly or monthly market are its weeks or months, named by their first days; a period's price is known when it is
published. Its drivers are those known at the moment, whatever day they are about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from steel_assets.core import asof, calendars, restatements, units, within_period
from steel_assets.core.panel import PanelRows
from steel_assets.core.problem import Problem
from steel_assets.core.types import Frequency, Market, Series

MINIMUM_PRICES = 30
"""With fewer prices the volatility cannot be measured, so no forecast with intervals is possible."""

RUN_WINDOW = pd.Timedelta(hours=2)
"""Values collected within this time after an issue moment belong to the run of that issue."""


class HistoryError(Problem, ValueError):
    """A market's history cannot be built; the message names the series and says what to do."""


@dataclass(frozen=True, eq=False)
class MarketHistory:
    """What was known about one market on each of its trading days.

    Attributes:
        market: its declaration.
        as_of: the moment (UTC) up to which observations were read.
        origins: trading days from the first price to the last one whose close is published at ``as_of``.
        moments: UTC moment of issue of each origin; ``as_of`` for the last one.
        known: by origin and series id, the value of the latest period known at the moment. The target and its curve are in
            the target's unit, everything else in its own. NaN where nothing was known yet.
        periods: the same shape: the period each of those values is about. NaT where nothing was known yet.
        newest: by origin and daily driver, the value of the latest period known at the moment, whatever day it is about: that
            of ``known`` unless a later one was out already.
        prices: every version of every target price: ``period``, ``price`` (target unit), ``known_at`` (UTC), in that order.
        simulated: True when any observation was simulated.
        others: what models may learn from other markets.
        within: of a weekly or monthly market, by origin and daily driver (``core/within_period.py``); no columns of a daily one.
        bought_predictions: by horizon, what a service that charges for it predicted at each origin, from what was known by then.
    """

    market: Market
    series: Mapping[str, Series]
    as_of: pd.Timestamp
    origins: pd.DatetimeIndex
    moments: pd.DatetimeIndex
    known: pd.DataFrame
    periods: pd.DataFrame
    newest: pd.DataFrame
    prices: pd.DataFrame
    simulated: bool
    others: tuple[PanelRows, ...] = ()
    within: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def days(self) -> pd.DatetimeIndex:
        """The last day whose values count at each origin: the origin; of slower markets the day of the moment (UTC)."""
        if self.market.frequency == "daily":
            return self.origins
        return self.moments.tz_localize(None).normalize()

    bought_predictions: Mapping[int, pd.Series] = field(default_factory=dict)

    @property
    def last(self) -> pd.Series:
        """The last target price known at each origin: the naive forecast. It may be of an earlier day; see ``price_ages``."""
        return self.known[self.market.target.series]

    @cached_property
    def price_rows(self) -> np.ndarray:
        """For each origin the number of the origin whose price is the last one known: its own, or an earlier one.

        A price of a day that is not a trading day counts for the next trading day. Before the first price: its own number.
        """
        periods = self.periods[self.market.target.series].to_numpy()
        own = np.arange(len(self.origins))
        return np.where(np.isnat(periods), own, self.origins.searchsorted(periods))

    @property
    def price_ages(self) -> np.ndarray:
        """Trading days from the day of the last price known to each origin; 0 where the origin's own close is known."""
        return np.arange(len(self.origins)) - self.price_rows

    @cached_property
    def price_news(self) -> np.ndarray:
        """For each origin, whether a price became known that was not known at the origin before: nearly always True.

        Only these origins are observations of the market. At the others the last price is carried forward.
        """
        rows = self.price_rows
        return np.concatenate([[True], rows[1:] != rows[:-1]]) & np.isfinite(self.last.to_numpy())

    @cached_property
    def price_since(self) -> np.ndarray:
        """For each origin the number of the origin at which its last price was first known: its own, or an earlier one."""
        return np.maximum.accumulate(np.where(self.price_news, np.arange(len(self.origins)), 0))

    def until(self, moment: pd.Timestamp, origin: pd.Timestamp) -> MarketHistory:
        """This history as it was at an issue: without later origins, and without versions of prices that came later.

        If this history has no later origin, its ``known`` of the last one may be newer than ``moment``.
        """
        if self.as_of <= moment:
            return self
        there = np.asarray(self.origins <= origin)
        moments = self.moments[there]
        return replace(
            self,
            as_of=moment,
            origins=self.origins[there],
            moments=moments[:-1].append(pd.DatetimeIndex([moment])).as_unit("ns"),
            known=self.known[there],
            periods=self.periods[there],
            newest=self.newest[there],
            prices=self.prices[self.prices["known_at"] <= moment].reset_index(drop=True),
        )

    def withheld(self, count: int) -> MarketHistory:
        """This history as if the last ``count`` prices of the target and its curve had been unknown at every origin.

        Bought answers of a service are left out, because they were not made for this case.
        """
        if count == 0:
            return self
        names = list(dict.fromkeys([self.market.target.series, *self.market.target.curve]))
        return replace(
            self,
            known=self.known.assign(**self.known[names].shift(count)),
            periods=self.periods.assign(**self.periods[names].shift(count)),
            bought_predictions={},
        )

    @property
    def ages(self) -> pd.DataFrame:
        """Calendar days from the period of each known value to its origin's day (``days``). NaN where nothing was known yet."""
        days = self.days.to_numpy()[:, None] - self.periods.to_numpy()
        return pd.DataFrame(days / np.timedelta64(1, "D"), index=self.origins, columns=self.periods.columns)

    def target_dates(self, horizon: int) -> pd.DatetimeIndex:
        """The ``horizon``-th trading day (week, month) after each origin."""
        return calendars.session_after(self.market.calendar, self.origins, horizon)

    def prices_at(self, dates: pd.DatetimeIndex, moment: pd.Timestamp) -> np.ndarray:
        """The target price of each of ``dates`` in the version known at ``moment``; NaN where none was."""
        periods, prices, known_at = self._price_arrays
        visible = known_at <= moment.to_datetime64()
        periods, prices = periods[visible], prices[visible]
        row = np.searchsorted(periods, dates.to_numpy(), side="right") - 1
        found = (row >= 0) & (periods[row] == dates.to_numpy()) if len(periods) else np.zeros(len(dates), dtype=bool)
        return np.where(found, prices[row], np.nan) if len(periods) else np.full(len(dates), np.nan)

    def first_known(self, dates: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
        """The first known price of each of ``dates``, and the number of the first origin at whose moment it was known.

        NaN, and the number of origins, if none is known at ``as_of``. Later corrections are ignored.
        """
        periods, prices, known_at = self._price_arrays
        never = len(self.origins)
        if not len(periods):
            return np.full(len(dates), np.nan), np.full(len(dates), never)
        row = np.minimum(np.searchsorted(periods, dates.to_numpy(), side="left"), len(periods) - 1)
        found = periods[row] == dates.to_numpy()
        since = np.searchsorted(self.moments.tz_localize(None).to_numpy(), known_at[row], side="left")
        return np.where(found, prices[row], np.nan), np.where(found, since, never)

    @cached_property
    def _price_arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known_at = self.prices["known_at"].dt.tz_localize(None)
        return self.prices["period"].to_numpy(), self.prices["price"].to_numpy(), known_at.to_numpy()


def labels(history: MarketHistory, horizon: int, moment: pd.Timestamp) -> np.ndarray:
    """The price ``horizon`` trading days after each origin, as known at ``moment``; NaN if it was not known."""
    return history.prices_at(history.target_dates(horizon), moment)


def build_history(
    observations: pd.DataFrame,
    market: Market,
    series: Mapping[str, Series],
    as_of: pd.Timestamp,
    issue_at: time,
    zone: ZoneInfo,
) -> MarketHistory:
    """The history of ``market`` from everything known at ``as_of``.

    Prices are converted to the target's unit here and nowhere else, at the exchange rate known with each price. A price that is
    not above zero has no log return, so it counts as missing.

    Args:
        observations: raw observations, all versions, of at least the market's series (``tables.OBSERVATIONS``).
        series: declarations of every series the market reads.
        as_of: a UTC moment; nothing known later is read.
        issue_at: time of day of the daily issue in ``zone``.

    Raises:
        HistoryError: a declaration is missing, the target has no or too few prices at ``as_of``, or there is no exchange rate.
        UnitError: the declared units cannot be converted to the target's.
    """
    undeclared = [name for name in market.series_ids if name not in series]
    if undeclared:
        raise HistoryError(f"market {market.id}: series {', '.join(undeclared)} are not declared; add them to the catalogue")
    rows = restatements.on_newest_basis(_usable(observations, market, as_of, issue_at, zone), "usable_at")
    by_series = {str(name): part for name, part in rows.groupby("series", sort=False)}
    if market.frequency != "daily" and market.target.series in by_series:
        by_series[market.target.series] = _of_periods(by_series[market.target.series], market.frequency)
    prices = {name: _converted(by_series, market, series, name) for name in (market.target.series, *market.target.curve)}
    target = prices[market.target.series]
    if target["period"].nunique() < MINIMUM_PRICES:
        raise HistoryError(_too_few(market, target["period"].nunique(), as_of))

    origins = calendars.sessions(market.calendar, target["period"].min(), as_of.tz_localize(None))
    rule = series[market.target.series]
    published = calendars.publication_moments(origins, rule.frequency, rule.published)
    origins, published = origins[published <= as_of], published[published <= as_of]
    if len(origins) < MINIMUM_PRICES:
        raise HistoryError(_too_few(market, len(origins), as_of))
    moments = calendars.issue_moments(published, issue_at, zone).as_unit("ns")
    moments = moments[:-1].append(pd.DatetimeIndex([as_of])).as_unit("ns")

    own = origins if market.frequency == "daily" else None
    columns = {
        name: _last_known(prices.get(name, by_series.get(name)), origins if name in prices else own, moments)
        for name in market.series_ids
    }
    daily = [name for name in market.drivers if series[name].frequency == "daily"]
    return MarketHistory(
        market=market,
        series={name: series[name] for name in market.series_ids},
        as_of=as_of,
        origins=origins,
        moments=moments,
        known=pd.DataFrame({name: values for name, (values, _) in columns.items()}, index=origins),
        periods=pd.DataFrame({name: periods for name, (_, periods) in columns.items()}, index=origins),
        newest=pd.DataFrame(
            {name: _last_known(prices.get(name, by_series.get(name)), None, moments)[0] for name in daily}, index=origins
        ),
        prices=target.rename(columns={"value": "price", "usable_at": "known_at"})[["period", "price", "known_at"]],
        simulated=bool(rows["simulated"].any()),
        within=pd.DataFrame() if own is not None else within_period.build(by_series, daily, market, origins, moments),
    )


def _of_periods(rows: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """``rows`` of one series, each renamed to the first day of its period; of several days in a period the last known counts."""
    periods = calendars.period_starts(pd.DatetimeIndex(rows["period"]), frequency).as_unit("ns")
    return rows.assign(period=periods).sort_values(["period", "usable_at", "published_at", "collected_at"], kind="stable")


def _usable(observations: pd.DataFrame, market: Market, as_of: pd.Timestamp, issue_at: time, zone: ZoneInfo) -> pd.DataFrame:
    """The market's observations known at ``as_of``, with the moment from which each could be used.

    That moment is ``known_at``, except that values collected by the run of an issue count from the issue moment. The run takes
    some minutes; otherwise no replay of D would see the price that the run of D used.
    """
    wanted = observations[observations["series"].isin(market.series_ids)]
    known = asof.known_at(wanted)
    visible = (known <= as_of) & np.isfinite(wanted["value"])
    rows = wanted[visible].assign(usable_at=known[visible])
    collected = (rows["usable_at"] == rows["collected_at"]).to_numpy()
    if collected.any():
        moments = pd.DatetimeIndex(rows.loc[collected, "collected_at"])
        published = pd.DatetimeIndex(rows.loc[collected, "published_at"])
        issued = calendars.issue_moments(moments - RUN_WINDOW, issue_at, zone).as_unit("ns")
        by_the_run = (issued <= moments) & ((published <= issued) | (published == moments))  # equal: an undated revision
        rows.loc[collected, "usable_at"] = issued.where(by_the_run, moments)
    return rows.sort_values(["series", "period", "usable_at", "published_at", "collected_at"], kind="stable")


def _converted(by_series: Mapping[str, pd.DataFrame], market: Market, series: Mapping[str, Series], name: str) -> pd.DataFrame:
    """All versions of a price series in the target's unit, only those above zero."""
    rows = by_series.get(name)
    if rows is None:
        if name == market.target.series:
            raise HistoryError(f"market {market.id}: its target has no observations yet; import or collect series {name}")
        return pd.DataFrame({"period": pd.DatetimeIndex([]), "value": [], "usable_at": pd.DatetimeIndex([], tz="UTC")})
    fx = market.target.fx
    rule = units.conversion(series[name].unit, market.target.unit, series[fx].unit if fx else None)
    value = rows["value"].to_numpy() * rule.factor
    if rule.fx != "none" and fx is not None:
        if fx not in by_series:
            raise HistoryError(f"market {market.id}: its exchange rate has no observations yet; import or collect series {fx}")
        rate = _rate_known(rows, by_series[fx])
        value = value * rate if rule.fx == "multiply" else value / rate
    rows = rows.assign(value=value)
    return rows[np.isfinite(value) & (value > 0)].reset_index(drop=True)


def _rate_known(prices: pd.DataFrame, rates: pd.DataFrame) -> np.ndarray:
    """For each price, the latest exchange rate about its day or earlier that was known with it; NaN without one."""
    rates = rates[rates["value"] > 0]
    row = np.searchsorted(rates["period"].to_numpy(), prices["period"].to_numpy(), side="right") - 1

    def too_new() -> np.ndarray:
        later = np.zeros(len(row), dtype=bool)
        for moment in ("usable_at", "published_at"):
            later |= rates[moment].to_numpy("datetime64[ns]")[row] > prices[moment].to_numpy("datetime64[ns]")
        return later & (row >= 0)

    if rates.empty:
        return np.full(len(prices), np.nan)
    while (later := too_new()).any():
        row[later] -= 1
    return np.where(row >= 0, rates["value"].to_numpy()[row], np.nan)


def _last_known(
    rows: pd.DataFrame | None, origins: pd.DatetimeIndex | None, moments: pd.DatetimeIndex
) -> tuple[np.ndarray, np.ndarray]:
    """The value and period of the latest period known at each origin, in its newest version.

    Args:
        rows: versions of one series sorted by period and ``usable_at``.
        origins: periods after an origin are ignored; None to allow them.
    """
    values = np.full(len(moments), np.nan)
    periods = np.full(len(moments), np.datetime64("NaT", "ns"))
    if rows is None or rows.empty:
        return values, periods
    period = rows["period"].to_numpy("datetime64[ns]")
    first = moments.searchsorted(rows["usable_at"])
    if origins is not None:
        first = np.maximum(first, origins.searchsorted(rows["period"]))
    rank = np.full(len(moments) + 1, -1)
    np.maximum.at(rank, first, np.arange(len(rows)))  # rows are in order, so the highest row number is the newest
    newest = np.maximum.accumulate(rank[:-1])
    there = newest >= 0
    values[there] = rows["value"].to_numpy()[newest[there]]
    periods[there] = period[newest[there]]
    return values, periods


def _too_few(market: Market, count: int, as_of: pd.Timestamp) -> str:
    return (
        f"market {market.id}: only {count} prices of {market.target.series} are known at {as_of:%Y-%m-%d %H:%M} UTC, at least "
        f"{MINIMUM_PRICES} are needed; import or collect more history of series {market.target.series}"
    )
