"""Paths of a price in another currency: those of the price times those of the exchange rate, path by path and day by day.

Both were drawn from the same stretches of history (``core/paths.py``), so that how the rate moves when the price does is
history's, and what is uncertain about the rate is in the answer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from steel_assets.core.averages import Outlook
from steel_assets.core.problem import Problem
from steel_assets.core.units import UnitError, conversion


class ExchangeError(Problem, ValueError):
    """A price cannot be told in another currency; the message says why."""


def is_rate(unit: str) -> bool:
    """Whether a series in ``unit`` is an exchange rate: MXN/USD."""
    numerator, _, denominator = unit.partition("/")
    return len(numerator) == len(denominator) == 3 and denominator.isupper()


def unit_of(price: str, rate: str) -> str:
    """The unit of a price in ``price`` once it is exchanged at ``rate``: USD/t at MXN/USD is MXN/t.

    Raises:
        ExchangeError: the rate is not one of the price's currency.
    """
    currency, _, mass = price.partition("/")
    numerator, _, denominator = rate.partition("/")
    if not is_rate(rate) or not mass or currency not in (numerator, denominator):
        raise ExchangeError(f"a price in {price} cannot be exchanged at a rate in {rate}")
    return f"{numerator if currency == denominator else denominator}/{mass}"


def exchanged(price: Outlook, rate: Outlook) -> Outlook:
    """``price`` in the other currency of ``rate``.

    On a day whose price is known the rate is the newest one known up to then. Days that the rate's paths do not reach are left
    out.

    Args:
        rate: drawn jointly with ``price``; its ``unit`` is that of the rate, for example MXN/USD.

    Raises:
        ExchangeError: the rate is not one of the price's currency, or was not drawn for the same issue.
    """
    unit = unit_of(price.unit, rate.unit)
    if price.issued != rate.issued or len(price.paths) != len(rate.paths):
        raise ExchangeError(f"{price.market} and {rate.market} were not drawn together")
    try:
        rule = conversion(price.unit, unit, rate.unit)
    except UnitError as error:
        raise ExchangeError(str(error)) from error
    days = price.days[price.days <= rate.days[-1]]
    if days.empty:
        raise ExchangeError(f"the paths of {rate.market} end on {rate.days[-1]:%Y-%m-%d}, before those of {price.market} begin")
    known = rate.known[rate.known.index <= rate.price_day]
    drawn = pd.DataFrame(rate.paths, columns=rate.days)
    before = pd.DataFrame({day: np.full(len(rate.paths), value) for day, value in known.iloc[-30:].items()})
    rates = pd.concat([before, drawn], axis=1).T.reindex(days, method="ffill").T.to_numpy()
    at_known = known.reindex(price.known.index, method="ffill")
    multiply = rule.fx == "multiply"
    paths = price.paths[:, : len(days)]
    return replace(
        price,
        unit=unit,
        last=price.last * rate.last if multiply else price.last / rate.last,
        days=days,
        paths=paths * rates if multiply else paths / rates,
        known=(price.known * at_known if multiply else price.known / at_known).dropna(),
        simulated=price.simulated or rate.simulated,
    )
