"""Import parity: terms in their order, each in its own unit, for one price or for every path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from steel_assets.core.parity import lines
from steel_assets.core.parity_terms import Parity


def term(name: str, amount: float, unit: str) -> dict[str, Any]:
    return {"id": name, "name": name, "amount": amount, "unit": unit, "date": "2026-11-30", "source": "a test"}


def declared(*terms: dict[str, Any]) -> Parity:
    head = {"id": "here", "name": "Here", "place": "Monterrey", "market": "rebar", "rate": "usdmxn"}
    return Parity.model_validate(head | {"terms": terms})


WAY = declared(
    term("freight", 60, "USD/t"), term("duty", 10, "percent"), term("inland", 700, "MXN/t"), term("margin", 3, "percent")
)


def test_a_share_is_of_everything_before_it_and_money_is_exchanged_where_it_is_foreign() -> None:
    found = lines(WAY, np.array([600.0]), np.array([18.0]), "MXN")
    assert [line.term.id if line.term else "price" for line in found] == ["price", "freight", "duty", "inland", "margin"]
    assert [float(line.total[0]) for line in found] == pytest.approx([10800, 11880, 13068, 13768, 14181.04])
    assert [float(line.added[0]) for line in found[1:]] == pytest.approx([1080, 1188, 700, 413.04])


def test_every_path_has_its_own_price_and_rate() -> None:
    price, rate = np.array([600.0, 500.0]), np.array([18.0, 20.0])
    total = lines(WAY, price, rate, "MXN")[-1].total
    assert total == pytest.approx(((price + 60) * rate * 1.1 + 700) * 1.03)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"amount": float("nan")}, "amount"),
        ({"amount": float("inf")}, "amount"),
        ({"amount": 2e6}, "amount"),
        ({"amount": "sixty"}, "amount"),
        ({"amount": 250, "unit": "percent"}, "250 percent: a share lies above -100 and at most at 200"),
        ({"amount": -100, "unit": "percent"}, "-100 percent"),
        ({"unit": "USD"}, "unit"),
        ({"unit": "USD/kg"}, "unit"),
        ({"unit": "pesos"}, "unit"),
        ({"date": "30/11/2026"}, "date"),
        ({"source": ""}, "source"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_term_that_cannot_be_is_refused_by_field(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        declared(term("freight", 60, "USD/t") | changed)


@pytest.mark.parametrize("missing", ["amount", "unit", "date", "source", "name"])
def test_every_term_says_how_much_of_what_since_when_and_from_where(missing: str) -> None:
    whole = term("freight", 60, "USD/t")
    del whole[missing]
    with pytest.raises(ValidationError, match=missing):
        declared(whole)


def test_no_terms_and_one_twice_are_refused() -> None:
    with pytest.raises(ValidationError, match="terms"):
        declared()
    with pytest.raises(ValidationError, match="terms name freight twice"):
        declared(term("freight", 60, "USD/t"), term("freight", 6, "USD/t"))
