"""Averages, odds and the analysis as a client asks for them: the same as the command line says, and refusals that help."""

from __future__ import annotations

from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from steel_assets.bootstrap import platform
from steel_assets.core import averages as averages_of
from steel_assets.core.averages import Outlook
from steel_assets.core.odds import first_passage, odds
from steel_assets.core.service_use import summary
from steel_assets.core.tables import FORECASTS
from steel_assets.operations import analysis, histories, outlooks
from steel_assets.operations.publication.parts import PARTS
from steel_assets.serving import ahead, schemas
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.page import page
from steel_assets.serving.page_ahead import OddsForm, past
from steel_assets.serving.rehearsal import rehearse
from steel_assets.serving.rendering import rendered
from steel_assets.serving.shape import Shape
from steel_assets.serving.words import PageWords
from steel_assets.settings import Settings
from steel_assets_tests.serving.running import Running
from steel_assets_tests.serving.sample import WITH_A_HISTORY as MARKET
from steel_assets_tests.serving.sample import issue_again, put_in_force
from steel_assets_tests.serving.test_api import latest
from steel_assets_tests.serving.test_published import Looking

PATH = f"/v1/markets/{MARKET}"
NEAR = 0.004
"""Of a chance: four paths of a thousand, which a price rounded by half a step may bring over a level."""


@pytest.fixture(scope="module")
def outlook(service: Running) -> Outlook:
    """What ``steel odds`` answers from."""
    parts = platform(Settings(home=service.home, sources="sandbox"))
    rows = FORECASTS.enforce(latest(service))
    return outlooks.drawn({MARKET: rows}, {MARKET: histories.load(parts.catalog, parts.lake, MARKET)})[MARKET]


def asked(service: Running, **question: Any) -> dict[str, Any]:
    answer = service.client.get(f"{PATH}/odds", params=question)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("averages", schemas.Averages),
        ("odds?above=1&average={period}", schemas.Odds),
        ("odds?below=1&by={day}", schemas.Odds),
        ("analysis", schemas.Analysis),
    ],
)
def test_every_answer_has_its_documented_shape_and_says_that_it_is_simulated(
    service: Running, outlook: Outlook, path: str, shape: type[Shape]
) -> None:
    period = averages_of.averages(outlook)[0].period
    answer = service.client.get(f"{PATH}/{path.format(period=period, day=f'{outlook.days[5]:%Y-%m-%d}')}")
    assert answer.status_code == 200, answer.text
    shape.model_validate(answer.json())
    assert answer.json()["simulated"] is True
    assert isinstance(answer.json()["stale"], bool)


def test_averages_are_those_of_the_paths_that_the_command_draws(service: Running, outlook: Outlook) -> None:
    body = service.client.get(f"{PATH}/averages").json()
    told = {average["period"]: average for average in body["averages"]}
    assert (body["paths"], body["paths_from"]) == (1000, f"{outlook.days[0]:%Y-%m-%d}")
    expected = averages_of.averages(outlook)
    assert set(told) >= {average.period for average in expected}
    for average in expected:
        found = told[average.period]
        assert found["whole"] == average.whole
        assert found["trading_days"] == {
            "known": average.known, "carried": average.carried, "drawn": average.drawn, "beyond": average.beyond,
        }  # fmt: skip
        assert found["quantiles"]["q05"] == pytest.approx(pd.Series(average.values).quantile(0.05))
        assert found["quantiles"]["q50"] == pytest.approx(pd.Series(average.values).quantile(0.50))


@pytest.mark.parametrize(("side", "away"), [("above", 1.02), ("below", 0.97), ("above", 1.5), ("above", 0.9), ("below", 1.1)])
def test_odds_are_those_of_the_paths_that_the_command_draws(service: Running, outlook: Outlook, side: Any, away: float) -> None:
    level, day = round(outlook.last * away, 2), outlook.days[20]
    period = next(average for average in averages_of.averages(outlook) if average.whole)
    on = odds(outlook.paths[:, 20], level, side)
    by = first_passage(outlook.paths[:, :21], outlook.last, level, side)[-1]
    mean = odds(period.values, level, side)
    for expected, question in ((on, {"on": day.date()}), (by, {"by": day.date()}), (mean, {"average": period.period})):
        found = asked(service, **{side: level}, **question)
        assert found["chance"] == pytest.approx(expected.chance, abs=NEAR)
        assert found["standard_error"] == pytest.approx(expected.error, abs=NEAR)
        assert found["level"] == level
    assert asked(service, above=level, on=day.date())["quantiles"]["q50"] == pytest.approx(
        float(pd.Series(outlook.paths[:, 20]).median()), abs=0.02
    )


def test_a_day_without_trading_is_the_trading_day_before(service: Running, outlook: Outlook) -> None:
    before = next(day for day in outlook.days[5:] if day.day_name() == "Friday")
    found = asked(service, above=outlook.last, on=(before + pd.Timedelta(days=1)).date())
    assert (found["trading_day"], found["day"]) == (f"{before:%Y-%m-%d}", f"{before + pd.Timedelta(days=1):%Y-%m-%d}")


def test_a_level_that_the_last_price_is_beyond_was_reached_and_is_known(service: Running, outlook: Outlook) -> None:
    found = asked(service, above=round(outlook.last * 0.9, 2), by=outlook.days[0].date())
    assert (found["chance"], found["standard_error"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("average=2026-12", "above, below: give one of them"),
        ("above=1&below=2&average=2026-12", "above, below: give one of them"),
        ("above=640", "average, on, by: give one of them"),
        ("above=640&on=2026-12-15&by=2026-12-15", "average, on, by: give one of them"),
        ("above=-1&average=2026-12", "above: write a price above zero in the market's unit, as 640 or 640.5"),
        ("above=0&average=2026-12", "above: write a price above zero"),
        ("above=NaN&average=2026-12", "above: write a price above zero"),
        ("below=inf&average=2026-12", "below: write a price above zero"),
        ("below=1e99&average=2026-12", "below: write a price above zero"),
        ("below=1_000&average=2026-12", "below: write a price above zero"),
        ("below=%D9%A6%D9%A4%D9%A0&average=2026-12", "below: write a price above zero"),
        ("above=" + "9" * 4000 + "&average=2026-12", "above: write a price above zero"),
        ("above=640&average=2026-13", "average: write a month as 2026-12, or a quarter as 2026-Q4"),
        ("above=640&average=2026-12%0A", "average: write a month as 2026-12"),
        ("above=640&average=2011-01", "average: no day of 2011-01 is ahead in the paths, which reach to "),
        ("above=640&average=2099-Q1", "ask about 20"),
        ("above=640&on=1999-01-01", "on: 1999-01-01 is not ahead in the paths; ask about "),
        ("above=640&by=9999-12-31", "by: 9999-12-31 is not ahead in the paths; ask about "),
        ("above=640&by=tomorrow", "by: write a day as 2026-11-20"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_field_with_the_remedy(
    service: Running, question: str, says: str
) -> None:
    answer = service.client.get(f"{PATH}/odds?{question}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "message", "status_code"}
    assert says in answer.json()["message"]


def test_an_average_of_a_period_that_the_paths_end_in_is_refused(service: Running) -> None:
    told = service.client.get(f"{PATH}/averages").json()["averages"]
    part = next(average["period"] for average in told if not average["whole"])
    answer = service.client.get(f"{PATH}/odds", params={"above": 640, "average": part})
    assert answer.status_code == 422
    assert f"trading days of {part} lie beyond; ask about " in answer.json()["message"]


def test_markets_without_a_history_are_told_from_those_that_do_not_exist(service: Running) -> None:
    for route in ("averages", "odds?above=1&average=2026-12"):
        away = service.client.get(f"/v1/markets/scrap_turkey/{route}")
        assert (away.status_code, away.json()["error"]) == (404, "no_paths")
        assert "materialise market_daily" in away.json()["message"]
        assert service.client.get(f"/v1/markets/gold/{route}").status_code == 404
    unsaid = service.client.get("/v1/markets/scrap_turkey/analysis")
    assert (unsaid.status_code, unsaid.json()["message"].partition(";")[0]) == (404, "no analysis of scrap_turkey was published")
    assert service.client.get("/v1/markets/gold/analysis").status_code == 404


def test_only_a_key_that_may_read_is_answered(service: Running, keys: dict[str, str]) -> None:
    for route in ("averages", "odds?above=1&average=2026-12", "analysis"):
        assert service.client.get(f"{PATH}/{route}", headers={"x-api-key": keys["only_operate"]}).status_code == 403
        assert httpx.get(f"{service.url}{PATH}/{route}", trust_env=False).status_code == 401


def test_the_analysis_is_what_the_run_kept(service: Running) -> None:
    kept = analysis.read(platform(Settings(home=service.home, sources="sandbox")).store, MARKET)
    assert kept is not None
    body = service.client.get(f"{PATH}/analysis").json()
    assert body["statements"] == kept["statements"]
    assert body["unsaid"] == kept["unsaid"]
    assert (body["first_day"], body["day"], body["stale"]) == (kept["from"], kept["day"], False)


def shown(home: Path, language: str = "en", **query: str) -> str:
    """The dashboard of ``MARKET`` as a browser gets it, on one line."""
    seen = Looking(platform(Settings(home=home, sources="sandbox")).store)
    asked = OddsForm(query.get("side"), query.get("level"), query.get("when"))
    found = page(
        seen.look(), [], summary([]), [], words=PageWords(language), market=MARKET, horizon=None,
        now=pd.Timestamp.now("UTC").timestamp(), open_here=False, user=None, form=asked,
    )  # fmt: skip
    return " ".join(rendered("dashboard.html", language, {}, **found).split())


def test_the_page_shows_the_averages_and_odds_that_the_api_tells(service: Running) -> None:
    told = service.client.get(f"{PATH}/averages").json()
    whole = [average for average in told["averages"] if average["whole"]][1]
    page_shown = shown(service.home, side="below", level=" 600.50 ", when=f"average:{whole['period']}")
    found = asked(service, below=600.5, average=whole["period"])
    assert f'<b data-figure="odds">{100 * found["chance"]:.1f} %</b>' in page_shown
    for average in told["averages"]:
        row = page_shown.partition(f'<tr data-period="{average["period"]}">')[2].partition("</tr>")[0]
        assert f"{average['quantiles']['q50']:,.2f}" in row
        assert ("beyond" in row) is not average["whole"]


@pytest.mark.parametrize("level", ["", "-5", "NaN", "a price", "<script>alert(1)</script>", "1e99", "٦٤٠"])
def test_a_price_that_is_none_is_refused_on_the_page_and_kept_in_its_field(service: Running, level: str) -> None:
    found = shown(service.home, level=level, when="average:1066-10", side="beside")
    assert "Write a price above zero, as 640 or 640.5." in found
    assert 'aria-invalid="true"' in found
    assert 'data-figure="odds"' not in found
    assert found.count("<script>") == 0, "what was typed is never markup"


def test_days_can_be_asked_about_on_the_page(service: Running, outlook: Outlook) -> None:
    day = next(f"{day:%Y-%m-%d}" for day in latest(service)["target_date"].iloc[1:] if day in outlook.days)
    for about in ("on", "by"):
        found = shown(service.home, level=f"{outlook.last:.2f}", when=f"{about}:{day}")
        expected = asked(service, above=f"{outlook.last:.2f}", **{about: day})
        assert f'<b data-figure="odds">{100 * expected["chance"]:.1f} %</b>' in found


def test_the_page_tells_the_past_in_its_language(service: Running) -> None:
    first = service.client.get(f"{PATH}/analysis").json()["statements"][0]
    assert first["sentence"] in unescape(shown(service.home))
    spanish = shown(service.home, "es")
    assert "Lo que dice el pasado" in spanish
    assert "días hábiles el precio se movió" in spanish
    assert first["sentence"] not in spanish


OTHERS = [{"key": "tide"}, {"values": {"days": 63}}, {"values": {"days": None, "change": "much"}}]


@pytest.mark.parametrize("changed", OTHERS, ids=str)
def test_a_statement_of_another_release_is_told_in_its_own_english(service: Running, changed: dict[str, Any]) -> None:
    seen = Looking(platform(Settings(home=service.home, sources="sandbox")).store).look()
    said, now = seen["analysis"][MARKET], pd.Timestamp.now("UTC").timestamp()
    statement = {**said["statements"][0], **changed, "sentence": "The tide is high."}
    other = seen.with_part("analysis", {MARKET: {**said, "statements": [statement]}}, None, now)
    found = past(rehearse(other, now), MARKET, now, PageWords("es"))
    assert found is not None
    assert found["findings"] + found["others"] == ["The tide is high."]


def test_a_market_without_paths_or_analysis_has_a_page_without_them(service: Running) -> None:
    answer = service.client.get("/v1/markets/scrap_turkey/forecasts")
    assert answer.status_code == 200
    assert "h-ahead" in shown(service.home)
    seen = Looking(platform(Settings(home=service.home, sources="sandbox")).store).look()
    found = page(
        seen, [], summary([]), [], words=PageWords("en"), market="scrap_turkey", horizon=None,
        now=pd.Timestamp.now("UTC").timestamp(), open_here=False, user=None,
    )  # fmt: skip
    assert (found["market"]["ahead"], found["market"]["past"]) == (None, None)
    assert 'id="h-ahead"' not in rendered("dashboard.html", "en", {}, **found)


def test_paths_of_another_forecast_than_the_one_in_force_answer_nothing(home: Path) -> None:
    """A newer forecast that was issued after its market's history was lost takes no answers from the older one's paths."""
    parts = platform(Settings(home=home, sources="sandbox"))
    seen = Looking(parts.store)
    snapshot, now = seen.look(), pd.Timestamp.now("UTC").timestamp()
    row = snapshot.forecast(MARKET)[0]  # type: ignore[index]  it was published
    assert ahead.averages(snapshot, MARKET, now).as_of == row["as_of"]
    others = {MARKET: {**snapshot["outlooks"][MARKET], "as_of": "2020-01-01T08:00:00Z"}}
    other = snapshot.with_part("outlooks", others, None, now)
    with pytest.raises(RequestRefused, match=f"paths of the forecast of {row['as_of']} were published; run steel publish"):
        ahead.averages(other, MARKET, now)
    older = snapshot.with_part("outlooks", None, "this publication has none of it: it was written by another release", now)
    assert ahead.averages(older, MARKET, now), "what was read last stays, while it is of the forecast in force"


@pytest.mark.parametrize(
    "damage",
    [{"steps": "AAAA"}, {"steps": "é"}, {"days": []}, {"low": -1.0}, {"low": None}, {"periods": [{"name": "2026-12"}]}],
    ids=str,
)
def test_paths_that_are_damaged_cost_the_publication_and_not_an_answer(home: Path, damage: dict[str, Any]) -> None:
    seen = Looking(platform(Settings(home=home, sources="sandbox")).store)
    snapshot, now = seen.look(), pd.Timestamp.now("UTC").timestamp()
    found = snapshot["outlooks"][MARKET]
    broken = {MARKET: {**found, "paths": {**found["paths"], **damage}}}
    with pytest.raises(Exception, match="cannot be answered from"):
        rehearse(snapshot.with_part("outlooks", broken, None, now), now, pages=False)


def test_paths_stay_as_published_where_the_forecasts_cannot_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = platform(Settings(home=home, sources="sandbox"))
    before = Looking(parts.store).look()["outlooks"]

    def away(*_: object) -> dict[str, Any]:
        raise OSError("the store is away")

    monkeypatch.setitem(PARTS, "latest", away)
    done = put_in_force(parts)
    assert set(done.problems) == {"latest", "outlooks"}
    assert Looking(parts.store).look()["outlooks"] == before


def test_a_new_issue_brings_its_own_paths(home: Path) -> None:
    parts = platform(Settings(home=home, sources="sandbox"))
    before = Looking(parts.store).look()["outlooks"][MARKET]
    issue_again(parts, MARKET, 600.0, pd.Timestamp.now("UTC").floor("s") - pd.Timedelta(seconds=5))
    snapshot = Looking(parts.store).look()
    after = snapshot["outlooks"][MARKET]
    assert after["as_of"] > before["as_of"]
    assert after["paths"]["steps"] != before["paths"]["steps"]
    assert date.fromisoformat(after["paths"]["days"][0]) > date(2020, 1, 1)
