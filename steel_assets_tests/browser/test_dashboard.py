"""The dashboard in a real browser: its figures are the tables', it refreshes itself, and everybody can use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.tables import DATA_QUALITY, DRIFT, EXPLANATIONS, METRICS_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets.serving.rendering import TABS
from steel_assets_tests.serving.running import Running
from steel_assets_tests.serving.test_api import latest

pytestmark = pytest.mark.slow

MARKET = "rebar_fob_turkey"
SMALL = """[...document.querySelectorAll('nav a, button')]
  .filter(e => e.offsetHeight && e.offsetHeight < 24).map(e => e.textContent)"""
"""What is too small for a finger, of what can be seen."""
Open = Callable[..., Page]


def figure(page: Page, name: str) -> str:
    return page.locator(f'[data-figure="{name}"]').first.inner_text()


def rows(page: Page, table: str) -> list[list[str]]:
    found = page.locator(f"#{table} tbody tr")
    return [[cell.inner_text() for cell in found.nth(place).locator("th, td").all()] for place in range(found.count())]


def test_the_forecast_on_the_page_is_the_published_one(dashboard: Open, service: Running) -> None:
    page = dashboard()
    published = latest(service)
    first = published.iloc[0]
    assert figure(page, "predicted_price") == f"{first['predicted_price']:,.2f}"
    assert figure(page, "last_price") == f"{first['last_price']:,.2f}"
    assert (figure(page, "q05"), figure(page, "q95")) == (f"{first['q05']:,.2f}", f"{first['q95']:,.2f}")
    assert figure(page, "pesos") == f"{first['predicted_price'] * 18.42:,.2f}"
    shown = rows(page, "forecasts")
    assert [row[2] for row in shown] == [f"{price:,.2f}" for price in published["predicted_price"]]
    assert [row[4] for row in shown] == [
        f"{low:,.2f} – {high:,.2f}" for low, high in zip(published["q05"], published["q95"], strict=True)
    ]


@pytest.mark.parametrize("horizon", [1, 21])
def test_scores_on_the_page_are_computed_from_predictions_vs_reality(dashboard: Open, service: Running, horizon: int) -> None:
    page = dashboard(f"?market=scrap_turkey&horizon={horizon}#tab=accuracy")
    warehouse = DuckDBWarehouse(service.home / "warehouse.duckdb")
    table = warehouse.read(PREDICTIONS_VS_REALITY, {"market": "scrap_turkey", "horizon": horizon}).sort_values("prediction_date")
    errors, naive = table["predicted_price"] - table["actual_price"], table["last_price"] - table["actual_price"]
    inside = (table["actual_price"] >= table["q05"]) & (table["actual_price"] <= table["q95"])
    assert figure(page, "mape") == f"{100 * (errors.abs() / table['actual_price']).mean():.2f} %"
    assert figure(page, "skill").replace("−", "-") == f"{100 * (1 - errors.abs().mean() / naive.abs().mean()):+.1f} %"
    assert figure(page, "coverage_90") == f"{100 * inside.mean():.1f} %"
    assert figure(page, "rmse") == f"{(errors**2).mean() ** 0.5:,.2f}"
    newest = table.iloc[-1]
    page.locator('[data-panel="accuracy"] details.figures summary').first.click()
    assert rows(page, "scored")[0][1:4] == [f"{newest[name]:,.2f}" for name in ("predicted_price", "actual_price", "last_price")]


def test_quality_costs_champions_and_sources_are_the_tables(dashboard: Open, service: Running) -> None:
    page = dashboard()
    warehouse = DuckDBWarehouse(service.home / "warehouse.duckdb")
    quality = warehouse.read(DATA_QUALITY, {"market": MARKET})
    assert figure(page, "quality_score") == f"{quality[quality['critical']]['quality_score'].min():.2f}"
    assert len(rows(page, "quality")) == len(quality)
    days = warehouse.read(METRICS_DAILY).groupby("date")["cost_usd"].sum()
    assert figure(page, "cost_day") == f"{days.iloc[-1]:.2f} USD"
    assert figure(page, "cost_month") == f"{days[days.index >= days.index[-1].replace(day=1)].sum():.2f} USD"
    assert figure(page, "projection") == f"{days.tail(30).mean() * 365.25 / 12:.2f} USD"
    decisions = warehouse.read(PROMOTIONS, {"market": MARKET, "horizon": 1}).sort_values("decided_at")
    assert rows(page, "champions")[0][2] == decisions.iloc[-1]["candidate_version"]
    assert page.locator("#ledger li").first.inner_text().startswith("rolled back")
    assert len(rows(page, "sources")) == 4


def test_what_moved_each_forecast_is_shown_as_published_and_its_bars_to_scale(dashboard: Open, service: Running) -> None:
    page = dashboard()
    key = max((service.home / "lake" / "predictions" / "explanations").glob(f"*/{MARKET}-*.parquet"))
    table = EXPLANATIONS.enforce(pd.read_parquet(key))
    for horizon, moved in latest(service).set_index("horizon").eval("predicted_price - last_price").items():
        card = page.locator(f'.why[data-horizon="{horizon}"]')
        assert card.locator(".moved b").inner_text().replace("−", "-") == f"{moved:+.2f}"
        amounts = table.loc[table["horizon"] == horizon, "contribution"].sort_values(key=abs, ascending=False)
        shown = [cell.inner_text().replace("−", "-") for cell in card.locator("td.n").all()]
        if horizon == 21:  # the sample does not explain it
            expect(card).to_contain_text("not recorded")
            continue
        rest = amounts.iloc[6:].sum()
        assert shown == [f"{amount:+.2f}" for amount in [*amounts.iloc[:6], rest]]
        widths = [float(bar.get_attribute("width") or 0) for bar in card.locator("rect").all()]
        largest = max(amounts.iloc[0], rest, key=abs)
        assert widths == pytest.approx([98 * abs(amount / largest) for amount in [*amounts.iloc[:6], rest]], abs=0.01)
    expect(page.locator('.why[data-horizon="1"] th', has_text="Forward curve")).to_be_visible()


def test_drift_is_shown_as_measured_with_its_beginning(dashboard: Open, service: Running) -> None:
    page = dashboard("?market=scrap_turkey#tab=analysis")
    table = DuckDBWarehouse(service.home / "warehouse.duckdb").read(DRIFT, {"market": "scrap_turkey"}).sort_values("date")
    newest = table.groupby("subject").tail(1).set_index("subject")
    found = rows(page, "drift")
    assert found[0][0] == "All together"
    assert found[0][1].strip() == f"{100 * newest['score']['all']:.1f} %"
    since = table[table["drifted"] & (table["subject"] == "all")]["date"].min()
    assert found[0][2] == f"changed since {since.day} {since:%b %Y}"
    assert [row[2] for row in found if row[0] == "Forecast errors"] == ["as ever"]
    charts = page.evaluate("JSON.parse(document.getElementById('charts').textContent)")
    assert charts["drift"]["features"][-1] == pytest.approx(100 * newest["score"]["features"])
    assert [value is not None for value in charts["drift"]["drifted"][-5:]] == [False, True, True, True, True]
    page.goto(page.url.replace("scrap_turkey", MARKET))
    assert {row[2] for row in rows(page, "drift")} == {"as ever"}


def test_one_measurement_of_drift_is_a_table_and_no_chart(dashboard: Open) -> None:
    page = dashboard("?market=hrc_us_midwest#tab=analysis")
    assert len(rows(page, "drift")) == 4
    assert page.locator('[data-chart="drift"]').count() == 0
    expect(page.get_by_text("Drift over time is drawn from the second day on.")).to_be_visible()
    assert "drift" not in page.evaluate("JSON.parse(document.getElementById('charts').textContent)")


def test_every_chart_is_drawn_and_the_fan_ends_at_the_last_horizon(dashboard: Open, service: Running) -> None:
    page = dashboard()
    charts_of = {
        "forecast": ["fan"],
        "accuracy": ["reality", "errors", "coverage", "evidence:trial"],
        "analysis": ["drift"],
        "operations": ["costs"],
    }
    for tab, names in charts_of.items():
        page.locator(f"#to-{tab}").click()
        for name in names:
            canvas = page.locator(f'[data-chart="{name}"] canvas')
            expect(canvas).to_be_visible()
            assert canvas.evaluate("c => c.getBoundingClientRect().width > 400"), "it is as wide as its card, not as a hidden one"
    charts = page.evaluate("JSON.parse(document.getElementById('charts').textContent)")
    last = latest(service).iloc[-1]
    assert pd.Timestamp(charts["fan"]["x"][-1], unit="s") == last["target_date"]
    assert charts["fan"]["q95"][-1] == last["q95"]
    painted = "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return d.some(v => v > 0) }"
    assert page.locator('[data-chart="fan"] canvas').evaluate(painted)


def test_simulated_data_carries_a_banner_that_stays_in_sight(dashboard: Open) -> None:
    page = dashboard()
    banner = page.get_by_role("note")
    expect(banner).to_contain_text("SIMULATED DATA")
    page.mouse.wheel(0, 2500)
    page.wait_for_timeout(200)
    expect(banner).to_be_in_viewport()


def test_the_page_refreshes_itself_and_keeps_what_was_open_and_focused(dashboard: Open) -> None:
    page = dashboard("#tab=accuracy")
    page.locator('[data-panel="accuracy"] details.figures summary').first.click()
    page.locator("nav.markets a").nth(1).focus()
    before = page.locator("time").first.inner_text()
    page.wait_for_timeout(1100)  # the page shows whole seconds
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("before => document.querySelector('.updated time').textContent !== before", arg=before)
    assert page.locator("details.figures[open]").count() == 1
    assert page.evaluate("document.activeElement.matches('nav.markets a:nth-child(2)')")
    expect(page.locator('[data-chart="reality"] canvas')).to_be_visible()
    expect(page.get_by_role("tab", selected=True)).to_have_text("Accuracy")


def test_it_speaks_spanish_to_a_spanish_browser_and_to_who_asks(dashboard: Open) -> None:
    page = dashboard(locale="es-MX")
    expect(page.get_by_role("note")).to_contain_text("DATOS SIMULADOS")
    assert page.locator("html").get_attribute("lang") == "es"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("note")).to_contain_text("SIMULATED DATA")
    page.goto(page.url.partition("?")[0])
    expect(page.get_by_role("note")).to_contain_text("SIMULATED DATA")  # the choice is remembered


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(dashboard: Open, scheme: str) -> None:
    page = dashboard(color_scheme=scheme)
    for tab in TABS:
        page.locator(f"#to-{tab}").click()
        ratio = page.evaluate((Path(__file__).parent / "contrast.js").read_text())
        assert ratio["worst"] >= 4.5, (tab, ratio)


def test_a_phone_shows_everything_without_scrolling_sideways(dashboard: Open) -> None:
    page = dashboard(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    expect(page.locator('[data-chart="fan"] canvas')).to_be_visible()
    for tab in TABS:
        page.locator(f"#to-{tab}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
        assert page.evaluate(SMALL) == [], tab


def test_the_keyboard_reaches_the_figures_and_the_markets(dashboard: Open, service: Running) -> None:
    page = dashboard()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    link = page.locator("nav.markets a").nth(2)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**market=**")
    assert page.locator("nav.markets a[aria-current=page]").count() == 1


def test_a_screen_reader_finds_names_headings_and_headers(dashboard: Open) -> None:
    page = dashboard()
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert page.evaluate("[...document.querySelectorAll('.plot')].every(e => e.getAttribute('role') === 'img' && e.ariaLabel)")
    assert page.evaluate("[...document.querySelectorAll('thead th')].every(e => e.scope === 'col')")
    assert page.evaluate("[...document.querySelectorAll('button, a')].every(e => (e.ariaLabel || e.textContent).trim())")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_without_scripts_the_figures_are_still_there(open_page: Open, service: Running, keys: dict[str, str]) -> None:
    page = open_page(f"{service.url}/dashboard/login", java_script_enabled=False)
    page.get_by_label("key").fill(keys["read"])
    page.get_by_role("button", name="Log in").click()
    assert figure(page, "predicted_price") == f"{latest(service).iloc[0]['predicted_price']:,.2f}"


def test_a_wrong_key_is_refused_and_logging_out_closes_the_page(dashboard: Open, open_page: Open, service: Running) -> None:
    page = dashboard()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/dashboard/login")
    page.goto(f"{service.url}/dashboard")
    expect(page).to_have_url(f"{service.url}/dashboard/login")
