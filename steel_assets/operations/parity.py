"""Import parity from published forecasts and known prices: today's, that of a future day, and the domestic price."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.core.asof import known_at
from steel_assets.core.averages import Outlook, column_of
from steel_assets.core.exchange import factors, unit_of
from steel_assets.core.parity import ParityLine, lines
from steel_assets.core.parity_terms import Parity
from steel_assets.core.purchase_terms import per_tonne
from steel_assets.core.units import conversion
from steel_assets.operations.exchange import joint

USUAL_DAYS = 21
"""Trading days ahead if no day is given: about a month."""


@dataclass(frozen=True, eq=False)
class Domestic:
    """The newest domestic price; ``price`` in its currency per tonne."""

    series: str
    price: float
    day: pd.Timestamp
    simulated: bool


@dataclass(frozen=True, eq=False)
class Landed:
    """The parity of one entry of the catalogue.

    Attributes:
        unit: of every figure: the currency of the place per tonne.
        price, rate: the sample paths used.
        now: the lines at the last price and rate, each of one value.
        day: the trading day of ``then``.
        then: the lines on that day, one value per path.
        domestic: None if none is declared or known.
    """

    parity: Parity
    unit: str
    price: Outlook
    rate: Outlook
    now: list[ParityLine]
    day: pd.Timestamp
    then: list[ParityLine]
    domestic: Domestic | None

    @property
    def simulated(self) -> bool:
        """Whether any figure comes from simulated prices."""
        return self.price.simulated or self.rate.simulated or bool(self.domestic and self.domestic.simulated)


def landed(catalog: Catalog, lake: Lake, rows: pd.DataFrame, parity: Parity, day: pd.Timestamp | None = None) -> Landed:
    """The parity of one entry, from its market's published forecast.

    Args:
        rows: of ``tables.FORECASTS``.
        day: a future day; None for about a month ahead.

    Raises:
        ExchangeError, HistoryError, PathsError: as ``exchange.joint``.
        AverageError: the paths do not reach the day.
    """
    price, rate = joint(catalog, lake, rows, parity.rate)
    factor = factors(price, rate)
    column = min(USUAL_DAYS, len(factor.days)) - 1 if day is None else column_of(factor, day)
    tonne, unit = per_tonne(price.unit), unit_of(price.unit, rate.unit)
    currency = unit.partition("/")[0]
    return Landed(
        parity=parity,
        unit=f"{currency}/t",
        price=price,
        rate=rate,
        now=lines(parity, np.array([price.last * tonne]), np.array([factor.last]), currency),
        day=factor.days[column],
        then=lines(parity, price.paths[:, column] * tonne, factor.paths[:, column], currency),
        domestic=domestic_price(catalog, lake, parity, f"{currency}/t", pd.Timestamp(rows["as_of"].iloc[0])),
    )


def domestic_price(catalog: Catalog, lake: Lake, parity: Parity, unit: str, moment: pd.Timestamp) -> Domestic | None:
    """The newest price of the entry's domestic series known at ``moment``, in ``unit``; None if there is none."""
    if parity.domestic is None:
        return None
    rows = lake.observations([parity.domestic])
    rows = rows[(known_at(rows) <= moment) & (rows["value"] > 0)]
    if rows.empty:
        return None
    newest = rows.sort_values(["period", "published_at", "collected_at"]).iloc[-1]
    factor = conversion(catalog.series[parity.domestic].unit, unit).factor
    return Domestic(parity.domestic, float(newest["value"]) * factor, pd.Timestamp(newest["period"]), bool(newest["simulated"]))
