"""POST /v1/plan: the figures of ``steel plan``, a language of one's own, and refusals that name the field."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from steel_assets.bootstrap import platform
from steel_assets.cli import health
from steel_assets.core.published import forecast_rows
from steel_assets.core.tables import BACKTEST, FORECASTS
from steel_assets.operations import histories
from steel_assets.operations.candidates import validation_key
from steel_assets.operations.publication.forecasts import key_of
from steel_assets.operations.publishing import publish
from steel_assets.serving import schemas
from steel_assets.serving.plan import plan
from steel_assets.serving.rehearsal import rehearse
from steel_assets.serving.words import PageWords
from steel_assets.settings import Settings
from steel_assets_tests.aging_world import Aging
from steel_assets_tests.assets.measured_world import MARKET as AGED
from steel_assets_tests.cli.ahead_world import asking, day_of, forecast_of
from steel_assets_tests.cli.ahead_world import published as one_forecast
from steel_assets_tests.cli.test_plan import walk_forward
from steel_assets_tests.serving.running import Running
from steel_assets_tests.serving.sample import WITH_A_HISTORY as MARKET
from steel_assets_tests.serving.test_published import Looking


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Aging:
    """One forecast published from one history, and a walk-forward that knew most of what came."""
    world = one_forecast(tmp_path_factory.mktemp("world"))
    rows = forecast_of(world)
    world.parts.lake.write(key_of(forecast_rows(rows)), rows, FORECASTS)
    histories.save(world.parts.lake, world.made.history(world.issue_of(0)))
    world.parts.lake.write(validation_key(AGED), walk_forward(world, 0.8), BACKTEST)
    return world


QUESTIONS = [
    {"horizon": 5, "holding": 3.0, "capital": 0.12, "contract": "spot", "risk": "low", "proven": True},
    {"horizon": 5, "holding": 0.0, "capital": 0.0, "contract": "spot", "risk": "high", "proven": True},
    {"horizon": 1, "holding": 0.0, "capital": 0.0, "contract": "spot", "risk": "medium", "proven": False},
    {"horizon": 21, "holding": 1.5, "capital": 0.3, "contract": "average", "risk": "medium", "proven": False},
]


def test_the_service_plans_what_the_command_plans(world: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = world.issue_of(0) + pd.Timedelta(hours=1)
    publish(world.parts, world.parts.snapshots, moment)
    snapshot = health.published(world.parts.store, world.parts.signing_key, moment)
    command = asking(monkeypatch, world, "plan")
    for question in QUESTIONS:
        day = day_of(world, question["horizon"])
        terms = [f"--{name}={question[name]}" for name in ("holding", "capital", "contract", "risk")]
        expected = json.loads(command(AGED, "--tonnes", "500", "--by", day, *terms, "--json"))
        asked = schemas.Purchase.model_validate({
            "market": AGED, "tonnes": 500, "by": day, "contract": question["contract"], "risk": question["risk"],
            "holding_per_tonne_and_month": question["holding"], "capital_a_year": question["capital"],
        })  # fmt: skip
        told = json.loads(plan(snapshot, asked, moment.timestamp(), PageWords("en")).to_json())
        assert told["question"].pop("market") == AGED
        assert set(expected) <= set(told)
        same = ("question", "currency", "forecast_buys", "advice", "notes", "paths_from", "paths_to", "stale", "last_price")
        assert {name: told[name] for name in same} == {name: expected[name] for name in same}
        for name in told["costs"]:
            per_tonne = {key: value for key, value in expected["costs"][name].items() if key.endswith("tonne")}
            assert {key: told["costs"][name][key] for key in per_tonne} == pytest.approx(per_tonne, abs=0.01)
        assert told["costs"]["now"]["mean_total"] == pytest.approx(expected["costs"]["now"]["mean_total"], rel=1e-5)
        assert told["edge"]["text"] == expected["edge"]["text"]
        assert told["edge"]["p_values"] == pytest.approx(expected["edge"]["p_values"], abs=1e-9)
        assert told["edge"]["proven"] is expected["edge"]["proven"] is question["proven"]


@pytest.fixture(scope="module")
def purchase(service: Running) -> dict[str, Any]:
    """A purchase that can be planned."""
    paths = service.client.get(f"/v1/markets/{MARKET}/averages").json()
    day = pd.bdate_range(paths["paths_from"], periods=20)[-1]
    return {"market": MARKET, "tonnes": 5000, "by": f"{day:%Y-%m-%d}"}


def asked(service: Running, purchase: dict[str, Any], language: str = "en", **more: Any) -> httpx.Response:
    return service.client.post("/v1/plan", json={**purchase, **more}, headers={"accept-language": language})


def test_the_answer_has_its_documented_shape_and_says_where_it_comes_from(service: Running, purchase: dict[str, Any]) -> None:
    soon = service.client.get(f"/v1/markets/{MARKET}/averages").json()["paths_from"]
    by = f"{pd.bdate_range(soon, periods=5)[-1]:%Y-%m-%d}"
    answer = asked(service, purchase, by=by, holding_per_tonne_and_month=3, capital_a_year=0.12, risk="high")
    assert answer.status_code == 200, answer.text
    told = schemas.Plan.model_validate_json(answer.content)
    assert (told.simulated, told.currency, told.unit, told.paths) == (True, "USD", "USD/t", 1000)
    assert told.edge.origins > told.edge.origins_needed
    assert told.edge.proven, "the champion of the sample knew 40 % of what came"
    assert told.advice == f"edge: buy 100% on {getattr(told.fixings, told.forecast_buys).day}"
    assert told.costs.advised == told.costs.forecast
    assert told.costs.now.mean_total == pytest.approx(5000 * told.costs.now.mean_per_tonne)
    assert [note for note in told.notes if "front month" in note]


def test_without_an_edge_it_says_so_in_those_words_in_either_language(service: Running, purchase: dict[str, Any]) -> None:
    far = service.client.get(f"/v1/markets/{MARKET}/averages").json()["paths_to"]
    none = {**purchase, "by": far, "risk": "high"}  # too few past purchases reach so far
    assert asked(service, none).json()["advice"] == "no edge: spread the purchase"
    spanish = asked(service, none, "es-MX,es;q=0.9,en;q=0.5")
    assert spanish.json()["advice"] == "sin ventaja: reparta la compra"
    assert spanish.headers["vary"] == "Accept-Language"
    assert spanish.json()["language"] == "es"
    assert "compras pasadas" in spanish.json()["edge"]["text"]
    assert asked(service, none).json()["costs"]["advised"] == asked(service, none).json()["costs"]["thirds"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tonnes": -5}, "tonnes: write an amount in tonnes of 1,000 kg as a number above 0 to 1e+08"),
    ({"tonnes": 0}, "tonnes: write an amount"),
    ({"tonnes": 1e9}, "tonnes: write an amount"),
    ({"tonnes": "5000 kg"}, "tonnes: write an amount in tonnes of 1,000 kg as a number"),
    ({"tonnes": True}, "tonnes: write an amount"),
    ({"tonnes": None}, "tonnes: write an amount"),
    ({"capital_a_year": 12}, "capital_a_year: write a share a year (0.12 is 12 %) as a number from 0 to 1"),
    ({"capital_a_year": "12%"}, "capital_a_year: write a share"),
    ({"holding_per_tonne_and_month": -1}, "holding_per_tonne_and_month: write a cost per tonne and month"),
    ({"holding_per_tonne_and_month": 1e7}, "holding_per_tonne_and_month: write a cost"),
    ({"by": "2020-01-01"}, "by: 2020-01-01 has passed; ask about a day up to "),
    ({"by": "9999-12-31"}, "by: 9999-12-31 is not ahead in the paths; ask about "),
    ({"by": "2026-02-30"}, "by: "),
    ({"by": "tomorrow"}, "by: write a day as 2026-11-20"),
    ({"by": 20261120}, "by: write a day as 2026-11-20"),
    ({"contract": "futures"}, "contract: Input should be 'spot' or 'average'"),
    ({"risk": "reckless"}, "risk: Input should be 'low', 'medium' or 'high'"),
    ({"pounds": 11_000_000}, "pounds: Extra inputs are not permitted"),
    ({"market": 7}, "market: Input should be a valid string"),
]


@pytest.mark.parametrize(("wrong", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_purchase_that_is_none_is_refused_by_field(
    service: Running, purchase: dict[str, Any], wrong: dict[str, Any], says: str
) -> None:
    answer = asked(service, purchase, **wrong)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(says), answer.json()["message"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"market": "m", "by": "2026-12-01", "tonnes": NaN}', "tonnes: write an amount"),
        (b'{"market": "m", "by": "2026-12-01", "tonnes": Infinity}', "tonnes: write an amount"),
        (b'{"market": "m", "by": "2026-12-01", "tonnes": 1e999}', "tonnes: write an amount"),
        (b'{"by": "2026-12-01"}', "market: Field required; tonnes: Field required"),
        (b"[]", "body: "),
        (b"tonnes=5", "body: "),
        (b'{"tonnes": ', "body: "),
        (b"", "body: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_none_is_refused(service: Running, content: bytes, says: str) -> None:
    answer = service.client.post("/v1/plan", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert answer.json()["message"].startswith(says), answer.json()["message"]


def test_markets_that_do_not_exist_or_have_no_paths_are_told_apart(service: Running, purchase: dict[str, Any]) -> None:
    unknown, away = asked(service, purchase, market="gold"), asked(service, purchase, market="scrap_turkey")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")
    assert unknown.json()["message"].startswith("market: there is no such market; there are ")
    assert (away.status_code, away.json()["error"]) == (404, "no_paths")
    assert away.json()["message"].startswith("market: no sample paths")


def test_an_average_whose_month_the_paths_end_in_is_refused(service: Running, purchase: dict[str, Any]) -> None:
    far = service.client.get(f"/v1/markets/{MARKET}/averages").json()["paths_to"]
    answer = asked(service, purchase, by=far, contract="average")
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("by: the paths reach to ")


def test_only_a_key_that_may_read_is_answered(service: Running, keys: dict[str, str], purchase: dict[str, Any]) -> None:
    assert service.client.post("/v1/plan", json=purchase, headers={"x-api-key": keys["only_operate"]}).status_code == 403
    assert httpx.post(f"{service.url}/v1/plan", json=purchase, trust_env=False).status_code == 401
    assert service.client.get("/v1/plan").status_code == 405


DAMAGES: list[dict[str, Any]] = [
    {"expected": "AAAA"}, {"expected": None}, {"prices": []}, {"sessions": ["2026-01-01"]}, {"horizons": []},
    {"origins": [[0, 1, -1.0, 0.0, 0]]}, {"origins": [[10**9, 1, 1.0, 0.0, 0]]},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_record_that_is_damaged_costs_the_publication_and_not_an_answer(published: Path, damage: dict[str, Any]) -> None:
    snapshot, now = Looking(platform(Settings(home=published, sources="sandbox")).store).look(), time.time()
    found = snapshot["outlooks"][MARKET]
    record = {**found["purchases"]["record"], **damage}
    broken = {MARKET: {**found, "purchases": {**found["purchases"], "record": record}}}
    with pytest.raises(Exception, match="cannot be answered from"):
        rehearse(snapshot.with_part("outlooks", broken, None, now), now, pages=False)


def test_paths_of_a_release_that_published_no_record_are_planned_with_and_spread(
    published: Path, purchase: dict[str, Any]
) -> None:
    snapshot, now = Looking(platform(Settings(home=published, sources="sandbox")).store).look(), time.time()
    older = {MARKET: {name: value for name, value in snapshot["outlooks"][MARKET].items() if name != "purchases"}}
    other = rehearse(snapshot.with_part("outlooks", older, None, now), now, pages=False)
    told = plan(other, schemas.Purchase.model_validate(purchase), now, PageWords("en"))
    assert told.advice == "no edge: spread the purchase"
    assert told.notes == ["past purchases were not published; run steel publish"]
