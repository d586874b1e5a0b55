"""The parts of the page and its planner in a real browser: by keyboard, by address, on paper, and by axe-core's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from steel_assets.serving.rendering import STATIC, TABS
from steel_assets.serving.words import PageWords
from steel_assets_tests.serving.running import Running
from steel_assets_tests.serving.sample import WITH_A_HISTORY as MARKET

pytestmark = pytest.mark.slow

Open = Callable[..., Page]
HEAVIEST = 400_000
"""Bytes of a first visit, before any compression."""
FONTS = list(STATIC.glob("inter/*.woff2"))


def shown(page: Page) -> list[str]:
    """The parts of the page that can be seen."""
    return page.evaluate("[...document.querySelectorAll('.panel')].filter(e => e.offsetHeight).map(e => e.dataset.panel)")


def test_the_parts_are_tabs_for_the_keyboard_and_the_screen_reader(dashboard: Open) -> None:
    page = dashboard()
    assert shown(page) == ["forecast"]
    tabs = page.get_by_role("tablist").get_by_role("tab")
    assert tabs.all_inner_texts() == list(TABS.values())
    tabs.first.focus()
    for key, opened in (("ArrowRight", "averages"), ("ArrowRight", "plan"), ("End", "operations"), ("ArrowRight", "forecast")):
        page.keyboard.press(key)
        assert shown(page) == [opened]
        assert page.evaluate("document.activeElement.id") == f"to-{opened}"
        assert page.evaluate("location.hash") == f"#tab={opened}"
    page.keyboard.press("ArrowLeft")
    assert shown(page) == ["operations"]
    assert page.evaluate("[...document.querySelectorAll('[role=tab]')].filter(e => e.tabIndex === 0).map(e => e.id)") == [
        "to-operations"
    ]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-labelledby')") == "to-operations"
    expect(page.get_by_role("tabpanel")).to_have_accessible_name("Operations")


def test_an_address_names_a_part_and_links_and_the_way_back_keep_to_it(dashboard: Open) -> None:
    page = dashboard("?market=scrap_turkey#tab=analysis")
    page.reload()
    page.wait_for_function("document.body.dataset.drawn > 0")
    assert shown(page) == ["analysis"]
    assert page.evaluate("[scrollY, document.activeElement.tagName]") == [0, "BODY"]
    page.locator("#to-plan").click()
    page.go_back()
    page.wait_for_function("document.documentElement.dataset.tab === 'analysis'")
    page.locator("nav.markets a").first.click()
    page.wait_for_url(f"**market={MARKET}#tab=analysis")
    page.goto(f"{page.url.partition('#')[0]}#tab=nonsense")
    page.reload()
    page.wait_for_function("document.body.dataset.drawn > 0")
    assert shown(page) == ["forecast"]


def test_sliders_ask_for_a_plan_which_is_that_of_the_api_and_stands_in_the_address(dashboard: Open, service: Running) -> None:
    page = dashboard("#tab=plan")
    page.get_by_label("Slider: tonnes").fill("2500")
    page.get_by_label("Slider: cost of stock").fill("3")
    page.get_by_label("Slider: cost of capital").fill("12")
    page.get_by_label("Slider: day of need").fill("4")
    with page.expect_response("**/dashboard/plan?**"):
        page.get_by_label("Appetite for risk").fill("2")
    asked = {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}
    assert (asked["tonnes"], asked["holding"], asked["capital"], asked["risk"]) == ("2500", "3", "12", "2")
    question = {"market": MARKET, "tonnes": 2500, "by": asked["by"], "holding_per_tonne_and_month": 3, "capital_a_year": 0.12}
    told = service.client.post("/v1/plan", json={**question, "risk": "high"}).json()
    day = told["fixings"][told["forecast_buys"]]["day"]
    advice = told["advice"].replace(day, PageWords("en").day(day))
    assert advice.startswith("edge: buy 100% on ")
    expect(page.locator("#plan-advice")).to_have_text(f"E{advice[1:]}")
    expect(page.locator("#plan-said")).to_have_text(f"E{advice[1:]}")
    for way, cost in told["costs"].items():
        cells = page.locator(f'[data-way="{way}"] td.n').all_inner_texts()
        expected = (cost["mean_per_tonne"], cost["at_risk_per_tonne"], cost["mean_total"])
        assert (cells[0], cells[2], cells[3]) == (f"{expected[0]:,.1f}", f"{expected[1]:,.1f}", f"{expected[2]:,.0f}")
    page.reload()
    page.wait_for_function("document.body.dataset.drawn > 0")
    assert page.get_by_label("Slider: tonnes").input_value() == "2500"
    expect(page.locator("#plan-advice")).to_have_text(f"E{advice[1:]}")


def test_what_cannot_be_planned_is_said_beside_the_form(dashboard: Open) -> None:
    page = dashboard("#tab=plan", locale="es-MX")
    with page.expect_response("**/dashboard/plan?**"):
        page.locator("#plan-tonnes").fill("muchas")
    expect(page.get_by_role("alert").last).to_have_text("Escriba toneladas mayores que cero, como 500.")
    with page.expect_response("**/dashboard/plan?**"):
        page.locator("#plan-tonnes").fill("500")
    expect(page.locator("#plan-advice")).to_be_visible()


def test_on_paper_every_part_is_there_and_nothing_that_is_for_a_screen(dashboard: Open) -> None:
    page = dashboard("#tab=plan", color_scheme="dark")
    page.emulate_media(media="print")
    assert shown(page) == list(TABS)
    assert page.locator(".tabs").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert shown(page) == ["plan"]


def test_without_scripts_every_part_can_be_read_and_a_purchase_planned(
    open_page: Open, service: Running, keys: dict[str, str]
) -> None:
    page = open_page(f"{service.url}/dashboard/login", java_script_enabled=False)
    page.get_by_label("key").fill(keys["read"])
    page.get_by_role("button", name="Log in").click()
    for tab in TABS:
        expect(page.locator(f'[data-panel="{tab}"]')).to_be_visible()
    page.locator("#plan-tonnes").fill("1500")
    page.get_by_role("button", name="Plan").click()
    expect(page.locator("#plan-answer")).to_contain_text("1,500 t by")


def test_a_first_visit_is_light(dashboard: Open, service: Running) -> None:
    page = dashboard()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}) if answer.status == 200 else None)
    page.goto(f"{service.url}/dashboard?market={MARKET}")
    page.wait_for_function("document.body.dataset.drawn > 0")
    page.wait_for_load_state("networkidle")
    names = {urlparse(url).path.rpartition("/")[2] for url in sizes}
    assert {"dashboard", "style.css", "dashboard.js", "uPlot.iife.min.js"} <= names
    font = sum(path.stat().st_size for path in FONTS) if not any(name.endswith("woff2") for name in names) else 0
    assert sum(sizes.values()) + font <= HEAVIEST, sizes


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "locale": "es-MX"},
        {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    ],
    ids=["light", "dark, Spanish", "phone"],
)
def test_axe_finds_nothing_on_any_part(dashboard: Open, service: Running, options: dict[str, Any]) -> None:
    page, axe = dashboard(**options), Axe()
    for tab in TABS:
        page.locator(f"#to-{tab}").click()
        found = axe.run(page).response["violations"]
        assert [(violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in found] == [], tab
    for place in ("/docs", "/dashboard/login"):
        page.goto(f"{service.url}{place}")
        assert [
            (violation["id"], violation["nodes"][0]["html"][:200]) for violation in axe.run(page).response["violations"]
        ] == [], place
