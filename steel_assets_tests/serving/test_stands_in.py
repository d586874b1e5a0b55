"""A default market without a source of prices: the first that was published stands in for it, and it is said."""

from __future__ import annotations

from typing import Any

import pytest

from steel_assets.core.service_use import summary
from steel_assets.serving import page, response_bodies
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import incidents
from steel_assets.serving.words import PageWords
from steel_assets_tests.serving.test_snapshot import CATALOGUE, row
from steel_assets_tests.serving.test_state import DURING_ITS_DAY

WHY = "no source of its prices: Trading Economics needs a key; set STEEL_TRADING_ECONOMICS_API_KEY"
COIL = {"rows": [row(800.0) | {"market": "coil"}], "problems": []}


def snapshot(latest: dict[str, Any], unfed: str | None = WHY) -> Snapshot:
    about = {"commodity": "steel", "region": "here", "price_level": "", "horizons": [1], "unit": "USD/t"}
    markets = [
        about | {"id": "rebar", "name": "Rebar", "name_es": "Varilla", "unfed": unfed},
        about | {"id": "tin", "name": "Tin", "name_es": "Estaño", "unfed": None},
        about | {"id": "coil", "name": "Coil", "name_es": "Rollo", "unfed": None},
    ]
    catalogue = CATALOGUE | {"markets": markets, "acceptance": {"quality_score": 0.8}, "limits": {}, "high_beyond": 1.5}
    return Snapshot().with_part("catalogue", catalogue, None, 1.0).with_part("latest", latest, None, 1.0)


def test_the_first_published_market_stands_in_and_the_answer_says_so() -> None:
    found = snapshot({"coil": COIL})
    body = response_bodies.prediction(found, DURING_ITS_DAY)
    assert body.predicted_price_usd_per_ton == 800.0
    assert body.note == f"the default market rebar has {WHY}; coil is shown instead"
    told = {market.id: (market.default, market.no_source) for market in response_bodies.markets(found, DURING_ITS_DAY).markets}
    assert told == {"rebar": (False, WHY), "tin": (False, None), "coil": (True, None)}


@pytest.mark.parametrize(("language", "said"), [("en", "Rebar, has no source"), ("es", "Varilla, no tiene de dónde")])
def test_the_page_says_so_too_in_both_languages(language: str, said: str) -> None:
    context = page.page(
        snapshot({"coil": COIL}), [], summary([]), [], words=PageWords(language), market=None, horizon=None, now=DURING_ITS_DAY,
        open_here=False, user=None,
    )  # fmt: skip
    assert said in context["stands_in"]
    assert context["market"]["id"] == "coil"
    assert context["markets"][0]["id"] == "coil"


def test_a_market_without_a_source_is_no_incident_and_one_that_should_have_been_published_is() -> None:
    found = [(incident.kind, incident.market) for incident in incidents(snapshot({"coil": COIL}), DURING_ITS_DAY)]
    assert found == [("no_forecast", "tin")]


def test_a_default_market_that_was_ever_published_is_never_stood_in_for() -> None:
    files = {"rebar": {"rows": [row()], "problems": []}, "coil": COIL}
    assert response_bodies.prediction(snapshot(files), DURING_ITS_DAY).predicted_price_usd_per_ton == 500.0
    damaged = snapshot({"rebar": {"rows": None, "problems": ["rebar.parquet is damaged"]}, "coil": COIL})
    with pytest.raises(RequestRefused, match="damaged"):
        response_bodies.prediction(damaged, DURING_ITS_DAY)


def test_a_default_market_that_has_a_source_is_waited_for() -> None:
    with pytest.raises(RequestRefused, match="no forecast was published yet"):
        response_bodies.prediction(snapshot({"coil": COIL}, unfed=None), DURING_ITS_DAY)


def test_where_nothing_was_published_at_all_nothing_stands_in() -> None:
    with pytest.raises(RequestRefused, match="no forecast was published yet"):
        response_bodies.prediction(snapshot({}), DURING_ITS_DAY)
