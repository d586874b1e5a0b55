"""Units of prices; they are converted once, between raw and processed data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steel_assets.core.types import MASSES_IN_TONNES


class UnitError(ValueError):
    """Two units cannot be converted with what is declared."""


@dataclass(frozen=True)
class Conversion:
    """``converted = value * factor``, then multiplied or divided by the exchange rate as ``fx`` says."""

    factor: float
    fx: Literal["none", "multiply", "divide"] = "none"


def conversion(unit: str, into: str, fx_unit: str | None = None) -> Conversion:
    """The conversion of a price from ``unit`` to ``into``.

    Args:
        unit: for example USD/short_ton or CNY/t.
        into: for example USD/t.
        fx_unit: unit of the available exchange rate: CNY/USD is yuan per dollar.

    Raises:
        UnitError: masses do not convert, or currencies differ and ``fx_unit`` does not connect them.
    """
    if unit == into:
        return Conversion(1.0)
    have, want = _parts(unit), _parts(into)
    if have is None or want is None:
        raise UnitError(f"a price in {unit} cannot be converted into {into}; declare the target in {unit}")
    factor = MASSES_IN_TONNES[want[1]] / MASSES_IN_TONNES[have[1]]
    if have[0] == want[0]:
        return Conversion(factor)
    if fx_unit == f"{have[0]}/{want[0]}":
        return Conversion(factor, "divide")
    if fx_unit == f"{want[0]}/{have[0]}":
        return Conversion(factor, "multiply")
    raise UnitError(
        f"a price in {unit} needs an exchange rate to become {into}: set target.fx to a series whose unit is "
        f"{have[0]}/{want[0]} or {want[0]}/{have[0]}" + (f" (the one named is in {fx_unit})" if fx_unit else "")
    )


def is_rate(unit: str) -> bool:
    """Whether a series in ``unit`` is an exchange rate: MXN/USD."""
    numerator, _, denominator = unit.partition("/")
    return len(numerator) == len(denominator) == 3 and denominator.isupper()


def other_currency(price: str, rate: str) -> str | None:
    """The currency of a price after exchange: MXN for USD/t at MXN/USD or USD/MXN. None if they do not fit."""
    parts = _parts(price)
    if parts is None or not is_rate(rate) or parts[0] not in rate.split("/"):
        return None
    numerator, denominator = rate.split("/")
    return numerator if parts[0] == denominator else denominator


def _parts(unit: str) -> tuple[str, str] | None:
    parts = unit.split("/")
    if len(parts) != 2 or parts[1] not in MASSES_IN_TONNES:
        return None
    return parts[0], parts[1]
