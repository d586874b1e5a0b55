"""The Python client against the running service, and its models against the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import httpx
import pytest
from steel_assets_client import Refused, SteelAssets
from steel_assets_client.models import NewWatch

from steel_assets_tests.client import MODELS, generated
from steel_assets_tests.serving.running import Running

MARKET = "rebar_fob_turkey"


@pytest.fixture
def steel(service: Running, keys: dict[str, str]) -> Iterator[SteelAssets]:
    with SteelAssets(service.url, keys["read"]) as found:
        yield found


def test_its_models_are_those_of_the_document_of_today() -> None:
    assert MODELS.read_text() == generated(), "make client writes them anew"


def test_it_asks_for_forecasts_odds_and_metrics_and_gets_them_typed(service: Running, steel: SteelAssets) -> None:
    asked = service.client.get(f"/v1/markets/{MARKET}/forecasts").json()
    found = steel.forecasts(MARKET)
    assert (found.unit, found.simulated, found.as_of) == (asked["unit"], True, asked["as_of"])
    assert [row.quantiles.q95 for row in found.forecasts] == [row["quantiles"]["q95"] for row in asked["forecasts"]]
    assert steel.forecasts(MARKET, date.fromisoformat(found.issued_date)).issued_date == found.issued_date
    day = steel.averages(MARKET).paths_to
    odds = steel.odds(MARKET, above=500.5, on=date.fromisoformat(day))
    same = service.client.get(f"/v1/markets/{MARKET}/odds", params={"above": "500.5", "on": day}).json()
    assert (odds.chance, odds.level) == (same["chance"], 500.5)
    metrics = service.client.get("/v1/metrics/daily", params={"market": MARKET}).json()["metrics"]
    assert [row.mape for row in steel.metrics(MARKET).metrics] == [row["mape"] for row in metrics]
    for answer in (steel.prediction, steel.markets, steel.models, steel.experiments, steel.alerts):
        assert answer()
    for answer in (steel.analysis, steel.scorecard, steel.explanation):
        assert answer(MARKET).market == MARKET


def test_it_sets_and_removes_a_watch(steel: SteelAssets) -> None:
    watch = steel.add_watch(NewWatch(kind="level", market=MARKET, above=100_000))
    assert [watch_shown.id for watch_shown in steel.watches().watches] == [watch.id]
    steel.remove_watch(watch.id)
    assert steel.watches().watches == []


def test_a_refusal_says_why_and_what_is_not_the_service_is_told_apart(service: Running, steel: SteelAssets) -> None:
    with pytest.raises(Refused, match="there is no such market; there are hrc_us_midwest") as refused:
        steel.forecasts("gold")
    assert (refused.value.status, refused.value.error) == (404, "not_found")
    with SteelAssets(service.url, "no.key") as stranger, pytest.raises(Refused, match="a valid API key is needed"):
        stranger.markets()
    with SteelAssets(f"{service.url}/dashboard", "no.key") as elsewhere, pytest.raises(Refused):
        elsewhere.markets()
    with SteelAssets("http://127.0.0.1:9", "no.key", timeout=1) as nobody, pytest.raises(httpx.TransportError):
        nobody.markets()
