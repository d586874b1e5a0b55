"""A driver that died is named wherever the forecast is that leans on it: API, page in both languages, incidents."""

from __future__ import annotations

import pytest

from steel_assets.core.service_use import summary
from steel_assets.serving import response_bodies
from steel_assets.serving.page import page
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import incidents
from steel_assets.serving.words import PageWords
from steel_assets_tests.serving.test_snapshot import CATALOGUE, MORNING, published, row

LEANING = row() | {"aged_drivers": "scrap=2026-10-02,ore=2026-09-30", "age_sessions": 0}


def snapshot(forecast: dict[str, object]) -> Snapshot:
    market = {"id": "rebar", "name": "Rebar", "name_es": "Varilla", "unit": "USD/t", "price_level": "", "horizons": [1]}
    market["region"] = "turkey"
    series = {"scrap": {"name": "Scrap", "name_es": "Chatarra", "source": "x"}}
    catalogue = CATALOGUE | {"markets": [market], "series": series, "acceptance": {"quality_score": 0.8}, "limits": {}}
    known = Snapshot().with_part("catalogue", catalogue | {"high_beyond": 1.5}, None, 1.0)
    return known.with_part("latest", published(forecast), None, 1.0)


def test_the_api_names_them_with_the_day_of_their_newest_figure() -> None:
    told = response_bodies.forecasts(snapshot(LEANING), "rebar", None, MORNING).aged_drivers
    assert [(driver.series, driver.name, driver.name_es, driver.newest_period) for driver in told] == [
        ("scrap", "Scrap", "Chatarra", "2026-10-02"),
        ("ore", "ore", "ore", "2026-09-30"),
    ]


@pytest.mark.parametrize("aged", [None, ""])
def test_a_forecast_that_leans_on_none_and_one_of_before_name_none(aged: str | None) -> None:
    assert response_bodies.leaning(snapshot(row()), row() | {"aged_drivers": aged}) == []
    assert response_bodies.leaning(snapshot(row()), row()) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This forecast uses Scrap, whose newest value is of 2 Oct 2026."),
        ("es", "Este pronóstico se apoya en Chatarra, cuya última cifra es del 2 oct 2026."),
    ],
)
def test_the_page_says_so_in_the_readers_language(language: str, sentence: str) -> None:
    known = snapshot(LEANING)
    found = incidents(known, MORNING)
    shown = page(
        known, [], summary([]), found,
        words=PageWords(language), market=None, horizon=None, now=MORNING, open_here=False, user=None,
    )  # fmt: skip
    assert shown["market"]["leaning"][0] == sentence
    assert sentence.rstrip(".").split(" uses ")[-1].split(" en ", 1)[-1] in shown["incidents"][0]["text"]
    assert shown["state"] == "yellow"
