"""Whether a forecast that was read could have been published by the platform by now. Pure, and without pandas.

A program that can write to the cache, or a clock that ran fast, can leave a complete but wrong forecast. So every reader compares
what it reads with the time, the market's past prices, and the models that were ever in force.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from steel_assets.core.periods import counted
from steel_assets.core.types import MarketFrequency
from steel_assets.core.units import UnitError, conversion

BASELINE = "baseline"
"""Version of a forecast without a model in production: the last price, with intervals from its past errors."""

TOLERANCE_SECONDS = 300.0
"""Largest difference between the clocks of several machines."""

USUAL = math.log(2)
"""Largest move accepted if too little is known of a market: to half or double the price."""

ROUNDING = 1.01
LONGEST_LAG = timedelta(days=400)
"""Longest time between the newest price and a forecast from it."""


LONGEST_PERIOD: dict[MarketFrequency, int] = {"daily": 2, "weekly": 7, "monthly": 31}
"""Calendar days from one period to the next; for trading days a generous mean."""

ISSUED_AFTER = 3 * 24 * 3600.0
"""Seconds from the beginning of the newest price's day until the last forecast from it may have been issued (a weekend)."""


@dataclass(frozen=True)
class MarketRecord:
    """What is known of a market, independently of the forecast.

    Attributes:
        unit: of its prices.
        low, high: of all its daily prices.
        moves: horizon → largest move ever over that many of the market's periods, as a logarithm; only where enough is known.
        versions: horizon → versions that were ever in force; horizons left out are not checked.
        move: how many times the largest move a forecast may be from the last price.
        widest: largest width of the 90 % interval, as a multiple of the range from the largest fall to the largest rise.
    """

    unit: str
    low: float
    high: float
    moves: Mapping[int, float] = field(default_factory=dict)
    versions: Mapping[int, frozenset[str]] = field(default_factory=dict)
    move: float = 1.5
    widest: float = 2.5


def latest_moment(now: float, newest_price: float) -> float:
    """The last moment at which a forecast can have been issued, Unix seconds: now, unless the clock is behind the prices.

    Args:
        newest_price: start of the day of the newest price.
    """
    return now if now >= newest_price else newest_price + ISSUED_AFTER


def why_not(
    rows: Sequence[Mapping[str, Any]], record: MarketRecord | None, now: float, frequency: MarketFrequency = "daily"
) -> str | None:
    """Why complete ``rows`` (``published.checked``) are implausible, in words; None if they are plausible.

    Args:
        record: None if nothing is known of the market; then only times are checked.
        now: Unix seconds.
        frequency: of the market.
    """
    late = now + TOLERANCE_SECONDS
    for row in rows:
        for name in ("as_of", "created_at"):
            if datetime.fromisoformat(row[name]).timestamp() > late:
                return f"{name} {row[name]} lies after now ({datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ})"
        reason = _impossible_days(row, frequency) or (_against(row, record) if record else None)
        if reason is not None:
            return f"h = {row['horizon']}: {reason}"
    return None


def _impossible_days(row: Mapping[str, Any], frequency: MarketFrequency) -> str | None:
    issued = datetime.fromisoformat(row["as_of"]).astimezone(UTC).date()
    origin, target, data = (date.fromisoformat(row[name]) for name in ("origin", "target_date", "data_as_of"))
    if max(origin, data) > issued + timedelta(days=1):
        return f"it starts from a price of {max(origin, data)}, after its own moment {row['as_of']}"
    if issued - data > LONGEST_LAG:
        return f"its newest price is of {data}, its moment {row['as_of']}"
    horizon = int(row["horizon"])
    if target > origin + timedelta(days=30 + LONGEST_PERIOD[frequency] * horizon):
        span = f"{horizon} trading days" if frequency == "daily" else counted(horizon, frequency)
        return f"{target} is not {span} after {origin}"
    return None


def _against(row: Mapping[str, Any], record: MarketRecord) -> str | None:
    try:
        factor = conversion(str(row["unit"]), record.unit).factor
    except UnitError:
        return f"its unit {row['unit']} is not the market's, {record.unit}"
    horizon, last, point = int(row["horizon"]), row["last_price"] * factor, row["predicted_price"] * factor
    known = record.versions.get(horizon, frozenset())
    if known and row["model_version"] not in {*known, BASELINE}:
        return f"model {str(row['model_version'])[:80]!r} was never in force"
    usual = record.move * record.moves[horizon] if horizon in record.moves else USUAL
    if not record.low * math.exp(-USUAL) <= last <= record.high * math.exp(USUAL):
        return f"it starts from {last:,.2f}; the market was between {record.low:,.2f} and {record.high:,.2f}"
    if abs(math.log(point / last)) > usual * ROUNDING:
        return f"{point:,.2f} is too far from the last price {last:,.2f}: at most {math.expm1(usual):.1%} are believed"
    widest = record.widest * 2 * record.moves[horizon] if horizon in record.moves else 4 * USUAL
    if math.log(row["q95"] / row["q05"]) > widest * ROUNDING:
        return f"its 90 % interval from {row['q05']:,.2f} to {row['q95']:,.2f} is wider than the market ever moved"
    return None
