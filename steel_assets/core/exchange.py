"""Sample paths of a price in another currency: the price times the exchange rate, path by path and day by day.

Both come from the same stretches of history (``core/paths.py``), so the relation of rate and price is the historical one, and the
result includes the uncertainty of the rate.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steel_assets.core.averages import Outlook
from steel_assets.core.problem import Problem
from steel_assets.core.units import conversion, other_currency

SHORT = 30
"""How many of the rate's known values may be used for days before its paths."""


class ExchangeError(Problem, ValueError):
    """A price cannot be converted to another currency; the message says why."""


def unit_of(price: str, rate: str) -> str:
    """The unit of a price with unit ``price`` after exchange at ``rate``: USD/t at MXN/USD is MXN/t.

    Raises:
        ExchangeError: the rate is not one of the price's currency.
    """
    currency = other_currency(price, rate)
    if currency is None:
        raise ExchangeError(f"a price in {price} cannot be exchanged at a rate in {rate}")
    return f"{currency}/{price.partition('/')[2]}"


def exchanged(price: Outlook, rate: Outlook) -> Outlook:
    """``price`` in the other currency of ``rate``.

    A day with a known price uses the newest rate known up to that day. Days beyond the rate's paths are left out.

    Args:
        rate: sampled jointly with ``price``; its ``unit`` is for example MXN/USD.

    Raises:
        ExchangeError: the rate is not one of the price's currency, or was not sampled for the same issue.
    """
    found = factors(price, rate)
    days = found.days
    return replace(
        price,
        unit=unit_of(price.unit, rate.unit),
        last=price.last * found.last,
        days=days,
        paths=price.paths[:, : len(days)] * found.paths,
        known=(price.known * found.known.reindex(price.known.index, method="ffill")).dropna(),
        simulated=price.simulated or rate.simulated,
    )


def factors(price: Outlook, rate: Outlook) -> Outlook:
    """The factor of ``price`` on each of its days ahead, path by path. Args and errors as ``exchanged``."""
    unit = unit_of(price.unit, rate.unit)
    if price.issued != rate.issued or len(price.paths) != len(rate.paths):
        raise ExchangeError(f"{price.market} and {rate.market} were not drawn together")
    days = price.days[price.days <= rate.days[-1]]
    if days.empty:
        raise ExchangeError(f"the paths of {rate.market} end on {rate.days[-1]:%Y-%m-%d}, before those of {price.market} begin")
    known = rate.known[rate.known.index <= rate.price_day]
    newest = known.iloc[-SHORT:]
    every = newest.index.append(rate.days)
    values = np.hstack([np.tile(newest.to_numpy(), (len(rate.paths), 1)), rate.paths])
    paths = values[:, every.searchsorted(days, side="right") - 1]
    turned = conversion(price.unit, unit, rate.unit).fx == "divide"
    return replace(
        rate,
        last=1 / rate.last if turned else rate.last,
        days=days,
        paths=1 / paths if turned else paths,
        known=1 / known if turned else known,
    )
