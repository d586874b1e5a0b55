"""Can a forecast that was read from somewhere be one that the platform published by now? Pure, and without pandas.

A program that can write to the cache, or a clock that ran fast, can leave a forecast that is complete and wrong. So every reader
holds what it reads against the time, against what the market did, and against the models that were ever in force.
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
"""Version of a forecast where no model is in production: the last price, with intervals from its own past errors."""

TOLERANCE_SECONDS = 300.0
"""By which clocks of several machines may differ."""

USUAL = math.log(2)
"""Largest move that is believed where too little is known of a market to say what is usual: to the half or the double."""

ROUNDING = 1.01
LONGEST_LAG = timedelta(days=400)
"""Between the newest price and a forecast from it: beyond that no source was alive."""


LONGEST_PERIOD: dict[MarketFrequency, int] = {"daily": 2, "weekly": 7, "monthly": 31}
"""Calendar days from one period to the next; of trading days a generous mean."""

ISSUED_AFTER = 3 * 24 * 3600.0
"""Seconds from the beginning of the newest price's day until the last forecast from it may have been issued (a weekend)."""


@dataclass(frozen=True)
class MarketRecord:
    """What is known of a market, from elsewhere than the forecast.

    Attributes:
        unit: of its prices.
        low, high: of all its daily prices.
        moves: horizon → largest move ever over that many of the market's periods, as a logarithm; only of what is usual for sure.
        versions: horizon → versions that were ever in force; nothing is said about a horizon that is missing.
        move: how many of the largest moves a forecast may lie from the last price.
        widest: of the way from the largest fall to the largest rise, how wide the 90 % band may be.
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
        newest_price: beginning of the day of the newest price.
    """
    return now if now >= newest_price else newest_price + ISSUED_AFTER


def why_not(
    rows: Sequence[Mapping[str, Any]], record: MarketRecord | None, now: float, frequency: MarketFrequency = "daily"
) -> str | None:
    """Why whole ``rows`` (``published.checked``) are not believed, in words; None when they are.

    Args:
        record: None where nothing is known of the market but its name; then only times are checked.
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
