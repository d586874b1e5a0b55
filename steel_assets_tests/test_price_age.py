"""A feed that dies: every surface tells the same day, age and verdict, and nothing is issued beyond the limit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.sensors import failed_checks
from steel_assets.core.tables import FORECASTS
from steel_assets.serving import schemas
from steel_assets_tests.aging_world import Aging, Surfaces, aging, verdicts
from steel_assets_tests.assets.measured_world import MARKET

WALK = (0, 1, 3, 6, 20)
LIMIT = 5


@pytest.fixture
def world(tmp_path: Path) -> Aging:
    return aging(tmp_path)


def published(world: Aging) -> tuple[list[str], int]:
    """Everything a forecast leaves: files and rows."""
    parts = world.parts
    return list(parts.store.list("predictions/")), parts.warehouse.count(FORECASTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_day_one_age_one_verdict_on_every_surface(world: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    day, confidences = f"{world.last:%Y-%m-%d}", []
    for dead in WALK:
        moment = world.issue_of(dead)
        before, stale, too_old = published(world) if dead else None, dead > 0, dead > LIMIT
        old = f"price of {day}, {dead} session{'' if dead == 1 else 's'} old"
        done = world.live(moment)
        assert done.success

        found = verdicts(done)
        assert found["recent_price"].passed is not too_old
        assert found["recent_price"].metadata["value"].value == dead
        made = done.asset_materializations_for_node(f"{MARKET}__forecasts")
        if made:
            assert made[0].metadata["price"].value == old
            assert made[0].metadata["price_age_sessions"].value == dead
        assert bool(made) is not too_old, "nothing is recorded as made that was not"
        if too_old:
            refusal = f"the last price of rebar_m01 is of {day}, {dead} sessions old; nothing new is issued beyond {LIMIT}"
            assert refusal in str(found["recent_price"].description)
            assert "collect or import newer prices of rebar_m01" in str(found["recent_price"].description)
            assert not found["published_completely"].passed
            assert published(world) == before, "no file, no row"
        else:
            assert published(world) != before

        surfaces = Surfaces(world.parts, moment, monkeypatch)
        plain, detail = "/predict/steel-rebar-price", "/predict/steel-rebar-price?detail=true"
        market, page = f"/v1/markets/{MARKET}/", f"/dashboard?market={MARKET}"
        said = surfaces.service(plain, detail, "/ready", "/v1/markets", f"{market}forecasts", f"{market}explanation", page)
        assert {answer.status_code for answer in said.values()} == {200}
        state, mine, why = surfaces.status()
        told = {
            "detail": said[detail].json()["staleness"],
            "ready": said["/ready"].json(),
            "markets": next(market for market in said["/v1/markets"].json()["markets"] if market["id"] == MARKET),
            "forecasts": said[f"{market}forecasts"].json(),
            "explanation": said[f"{market}explanation"].json(),
            "status": mine,
        }
        code, rows, errors = surfaces.command("forecast", MARKET, "--json")
        told["forecast"] = json.loads(rows)[0]
        assert code == (1 if too_old else 0)
        assert ("nothing new is issued" in errors) is too_old
        for surface, entry in told.items():
            assert (entry["price_date"], entry["price_age_sessions"], entry["stale"]) == (day, dead, stale), surface
            assert (entry["stale_reason"] is None) is not stale, surface
            assert not stale or old in entry["stale_reason"], surface
            assert ("nothing new is issued" in str(entry["stale_reason"])) is too_old, surface
        for answer in (said[plain], said[detail]):
            assert answer.headers["x-stale"] == str(stale).lower()
            assert (answer.headers["x-price-date"], answer.headers["x-price-age-sessions"]) == (day, str(dead))
        schemas.Forecasts.model_validate(told["forecasts"])
        schemas.Explanation.model_validate(told["explanation"])
        schemas.PredictionDetail.model_validate(said[detail].json())
        schemas.Ready.model_validate(told["ready"])

        assert why == (
            [] if not stale else [f"{'red' if too_old else 'yellow'} {world.made.market.name}: {told['ready']['stale_reason']}"]
        )
        assert state == 2, "the markets that were never forecast are red here"
        table = surfaces.summary()
        assert f"on {world.last:%d %b %Y}, {dead} session" in table
        assert ("nothing new is issued" in table) is too_old
        html = said[page].text
        assert ('id="price-age"' in html) is stale
        assert f"rice of {world.last.day} {world.last:%b %Y}, {dead} session" in html

        shown = {surface: entry for surface, entry in told.items() if surface == "explanation"}
        confidence = {
            round(said[plain].json()["model_confidence"], 4),
            round(told["forecasts"]["forecasts"][0]["model_confidence"], 4),
            round(shown["explanation"]["horizons"][0]["model_confidence"], 4),
            round(json.loads(rows)[0]["model_confidence"], 4),
        }
        assert len(confidence) == 1
        confidences += confidence
    assert confidences == sorted(set(confidences), reverse=True), "it falls at every step"

    back = world.bring(world.coming[world.coming > world.issue_of(20).tz_localize(None).normalize()][0])
    moment = back.issue_of(0)
    assert back.live(moment).success
    said = Surfaces(back.parts, moment, monkeypatch).service("/ready", "/dashboard")
    assert said["/ready"].json()["stale"] is False
    assert said["/ready"].json()["price_date"] == f"{back.last:%Y-%m-%d}"
    assert 'id="price-age"' not in said["/dashboard"].text


def test_a_forecast_that_nobody_issues_anew_ages_all_the_same(world: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(world.issue_of(0))
    ages = []
    for dead in (0, 1, 6):
        later = world.issue_of(dead) + pd.Timedelta(hours=3)
        ready = Surfaces(world.parts, later, monkeypatch).service("/ready")["/ready"].json()
        ages.append((ready["price_age_sessions"], ready["stale"]))
    assert ages == [(0, False), (1, True), (6, True)]


def test_until_the_daily_run_should_be_done_nothing_is_stale(world: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(world.issue_of(0))
    for minutes in (0, 5, 119):
        moment = world.issue_of(1) + pd.Timedelta(minutes=minutes)
        assert Surfaces(world.parts, moment, monkeypatch).service("/ready")["/ready"].json()["stale"] is False


def test_people_are_told_once_that_nothing_new_is_issued_and_once_that_it_is_over(world: Aging) -> None:
    def told() -> list[str]:
        return [
            f"{waiting.event.kind} {waiting.event.rule} {waiting.event.subject}"
            for waiting in world.parts.outbox.alert_state().queue
        ]

    with dg.DagsterInstance.ephemeral() as instance:
        for dead in (0, 6, 7, 8):
            world.live(world.issue_of(dead), instance)
            failed_checks.evaluate(instance, world.parts.catalog, world.parts.outbox, datetime.now(UTC))
        for days in (1, 2, 3):
            world.parts.outbox.report([], datetime.now(UTC) + timedelta(days=days))  # other incidents would be reminded of
        assert told() == [f"opened price_too_old {MARKET}"]
        back = world.bring(world.coming[world.coming > world.issue_of(8).tz_localize(None).normalize()][0])
        back.live(back.issue_of(0), instance)
        failed_checks.evaluate(instance, world.parts.catalog, world.parts.outbox, datetime.now(UTC))
    assert told() == [f"opened price_too_old {MARKET}", f"recovered price_too_old {MARKET}"]


def test_asked_for_a_day_long_after_the_last_price_the_command_says_that_nothing_would_have_been_issued(
    world: Aging, monkeypatch: pytest.MonkeyPatch
) -> None:
    surfaces = Surfaces(world.parts, world.issue_of(60), monkeypatch)
    code, said, errors = surfaces.command("forecast", MARKET, "--as-of", f"{world.issue_of(30):%Y-%m-%d}")
    assert code == 2
    assert said == ""
    assert f"of {world.last:%Y-%m-%d}, 30 sessions old; nothing new is issued" in errors
    assert "import newer prices of rebar_m01" in errors


def test_the_page_says_it_in_spanish(world: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(world.issue_of(0))
    for dead, sentence in ((1, "con 1 sesión de antigüedad"), (6, "Con más de 5 sesiones no se emite nada nuevo")):
        moment = world.issue_of(dead) + pd.Timedelta(hours=3)
        html = Surfaces(world.parts, moment, monkeypatch).service("/dashboard", language="es")["/dashboard"].text
        assert sentence in html
        assert "session" not in html.partition("<main")[2].partition("</main>")[0].replace("sessionStorage", "")
