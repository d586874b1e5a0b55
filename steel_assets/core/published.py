"""Published forecasts as plain JSON rows, which the service answers from; only complete, valid ones are accepted.

Rows are those of ``tables.FORECASTS``: one market, one issue, one row per horizon. Dates are ``2026-11-20``, moments
``2026-11-20T08:00:00Z``.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from steel_assets.core.types import QUANTILE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

DATES = ("issued_date", "origin", "target_date", "data_as_of")
MOMENTS = ("as_of", "created_at")
PRICES = ("last_price", "predicted_price", *QUANTILE_COLUMNS)
AGES = ("age_sessions", "aged_drivers")
WORDS = ("market", "unit", "model_version", "model_family")


class NotAForecast(ValueError):
    """The rows cannot be a forecast that the platform published; the message names the field."""


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of ``tables.FORECASTS`` as plain JSON values, unchecked."""
    rows = frame.copy()
    for name in DATES:
        rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    for name in MOMENTS:
        rows[name] = rows[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in AGES:  # rows of older releases have none
        rows[name] = rows[name].astype(object).where(rows[name].notna(), None) if name in rows else None
    return rows.to_dict("records")


def forecast_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One issue of one market as plain rows, nearest horizon first.

    Raises:
        NotAForecast: see ``checked``.
    """
    return checked(plain_rows(frame.sort_values("horizon")))


def checked(rows: Any) -> list[dict[str, Any]]:
    """``rows`` if they are one valid issue of one market.

    Raises:
        NotAForecast: a field is missing or of another type, a price is not positive, quantiles cross, the point lies outside
            them, the target is before the origin, a horizon repeats, or several markets or issues are mixed.
    """
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise NotAForecast("expected a list of rows")
    for row in rows:
        _check(row)
    if len({(row["market"], row["as_of"], row["unit"]) for row in rows}) != 1:
        raise NotAForecast("rows of several markets, issues or units are mixed")
    horizons = [row["horizon"] for row in rows]
    if horizons != sorted(set(horizons)):
        raise NotAForecast(f"horizons {horizons} must ascend without repeats")
    return rows


def _check(row: dict[str, Any]) -> None:
    for name in WORDS:
        if not isinstance(row.get(name), str) or not row[name]:
            raise NotAForecast(f"{name} is missing")
    for name in PRICES:
        price = row.get(name)
        if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price) or price <= 0:
            raise NotAForecast(f"{name} is not a positive price: {price!r}")
    confidence = row.get("model_confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise NotAForecast(f"model_confidence must be within 0-1, is {confidence!r}")
    horizon = row.get("horizon")
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise NotAForecast(f"horizon must be business days, at least 1, is {horizon!r}")
    age, aged = row.get("age_sessions"), row.get("aged_drivers")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int) or age < 0):
        raise NotAForecast(f"age_sessions must be trading days, at least 0, is {age!r}")
    if aged is not None and (not isinstance(aged, str) or not aged):
        raise NotAForecast(f"aged_drivers must name series, is {aged!r}")
    if not isinstance(row.get("simulated"), bool):
        raise NotAForecast("simulated must be true or false")
    try:
        origin, target = (date.fromisoformat(row[name]) for name in ("origin", "target_date"))
        date.fromisoformat(row["issued_date"]), date.fromisoformat(row["data_as_of"])
        moments = [datetime.fromisoformat(row[name]) for name in MOMENTS]
    except (KeyError, TypeError, ValueError) as error:
        raise NotAForecast(f"a date cannot be read: {error}") from error
    if any(moment.tzinfo is None for moment in moments):
        raise NotAForecast("as_of and created_at must carry a time zone")
    if target <= origin:
        raise NotAForecast(f"target_date {target} does not lie after origin {origin}")
    quantiles = [row[name] for name in QUANTILE_COLUMNS]
    if quantiles != sorted(quantiles):
        raise NotAForecast("quantiles cross")
    if not quantiles[0] <= row["predicted_price"] <= quantiles[-1]:
        raise NotAForecast(f"predicted_price {row['predicted_price']!r} lies outside its own quantiles")
