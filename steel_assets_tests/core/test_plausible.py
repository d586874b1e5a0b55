"""A forecast is held against the time, the market's own past and the models that were ever in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from steel_assets.core.plausible import MarketRecord, why_not
from steel_assets.core.published import NotAForecast, checked
from steel_assets_tests.serving.test_snapshot import row

NOW = datetime.fromisoformat("2026-11-20T09:00:00+00:00").timestamp()
KNOWN = MarketRecord("USD/t", 420.0, 650.0, {1: 0.06}, {1: frozenset({"v1", "v0"})})


def test_an_honest_forecast_is_believed_by_every_version_that_was_in_force_and_by_the_baseline() -> None:
    for version in ("v1", "v0", "baseline"):
        assert why_not([row() | {"model_version": version}], KNOWN, NOW) is None
    assert why_not([row() | {"model_version": "new"}], replace(KNOWN, versions={}), NOW) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"as_of": "2099-01-01T08:00:00Z", "created_at": "2099-01-01T08:00:00Z"}, "lies after now"),
        ({"created_at": "2027-01-01T08:00:00Z"}, "lies after now"),
        ({"as_of": "2026-11-20T09:06:00Z"}, "lies after now"),
        ({"data_as_of": "2026-11-25"}, "after its own moment"),
        ({"origin": "2026-11-25", "target_date": "2026-11-26"}, "after its own moment"),
        ({"data_as_of": "2024-11-19"}, "its newest price is of"),
        ({"target_date": "2028-01-01"}, "trading days after"),
        ({"model_version": "v9"}, "was never in force"),
        ({"unit": "CNY/t"}, "its unit"),
    ],
)
def test_what_cannot_have_been_published_is_not_believed(changes: dict[str, str], word: str) -> None:
    assert word in str(why_not([row() | changes], KNOWN, NOW))


@pytest.mark.parametrize(("price", "word"), [(1e12, "it starts from"), (5_000.0, "it starts from"), (50.0, "it starts from")])
def test_prices_far_from_all_that_the_market_ever_did_are_not_believed(price: float, word: str) -> None:
    assert word in str(why_not([row(price)], KNOWN, NOW))


def scaled(factor: float) -> dict[str, object]:
    """A forecast that starts from an honest price and is wrong by a factor, its quantiles with it."""
    return row(500.0 * factor) | {"last_price": 500.0}


def test_a_point_is_believed_as_far_as_the_gate_of_publishing_lets_it_and_no_further() -> None:
    for factor in (1.09, 0.92):
        assert why_not([scaled(factor)], KNOWN, NOW) is None
    for factor in (1.12, 0.89, 1.9):
        assert "too far from the last price" in str(why_not([scaled(factor)], KNOWN, NOW))
    young = replace(KNOWN, moves={})
    assert why_not([scaled(1.9)], young, NOW) is None
    assert "too far" in str(why_not([scaled(2.1)], young, NOW))


def test_an_interval_wider_than_the_market_ever_moved_is_not_believed() -> None:
    assert "wider" in str(why_not([row() | {"q05": 300.0, "q95": 800.0}], KNOWN, NOW))


def test_a_price_in_another_unit_of_weight_is_compared_by_what_it_is_worth() -> None:
    assert why_not([row(500.0 * 0.90718474, unit="USD/short_ton")], KNOWN, NOW) is None


def test_a_point_outside_its_own_quantiles_is_no_forecast() -> None:
    with pytest.raises(NotAForecast, match="outside its own quantiles"):
        checked([row() | {"predicted_price": 5_590_000.0}])
