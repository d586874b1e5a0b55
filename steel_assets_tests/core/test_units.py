"""Units of price and their conversion."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from steel_assets.core.types import Series
from steel_assets.core.units import UnitError, conversion


def test_a_short_ton_is_two_thousand_pounds() -> None:
    rule = conversion("USD/short_ton", "USD/t")
    assert 1000 * rule.factor == pytest.approx(1102.3113, abs=1e-4)
    assert rule.fx == "none"


def test_yuan_become_dollars_by_division_where_the_rate_is_yuan_per_dollar() -> None:
    assert conversion("CNY/t", "USD/t", "CNY/USD").fx == "divide"
    assert conversion("CNY/t", "USD/t", "USD/CNY").fx == "multiply"


@pytest.mark.parametrize(
    ("unit", "into", "fx"),
    [("CNY/t", "USD/t", None), ("CNY/t", "USD/t", "MXN/USD"), ("index", "USD/t", None), ("USD/bbl", "USD/t", None)],
)
def test_what_does_not_convert_says_what_would(unit: str, into: str, fx: str | None) -> None:
    with pytest.raises(UnitError, match=unit):
        conversion(unit, into, fx)


@pytest.mark.parametrize("unit", ["USD/tonne", "usd/t", "USD/t/t", "", "t", "US$/t", "USD/", "/t"])
def test_an_unknown_unit_is_refused_with_the_list_of_known_ones(unit: str) -> None:
    with pytest.raises(ValidationError, match="short_ton"):
        Series(id="x", name="x", unit=unit)


@pytest.mark.parametrize(
    ("unit", "currency"), [("USD/t", "USD"), ("CNY/USD", None), ("index", None), ("USD", "USD"), ("EUR/mmbtu", "EUR")]
)
def test_a_price_has_a_currency_and_an_exchange_rate_has_none(unit: str, currency: str | None) -> None:
    assert Series(id="x", name="x", unit=unit).currency == currency
