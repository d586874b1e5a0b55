"""A month's costs: by hand, with free tiers, from the shipped price list, and one arithmetic with a day's estimate."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.catalog import CatalogError, load_catalog
from steel_assets.cli.costs import page
from steel_assets.core.costs import charged_usd, day_cost_usd
from steel_assets.core.month_costs import CostLine, Price, month

CATALOG = load_catalog()
LEAN = CATALOG.profiles.profiles["lean"]
ITEMS = CATALOG.prices.items


def lines(**change: object) -> dict[str, CostLine]:
    """The lines of a lean month in which something is different, by item."""
    return {line.item: line for line in month(LEAN.model_copy(update=change), ITEMS)}


def test_what_is_free_is_not_charged_and_only_that():
    assert charged_usd(100, 0.5, free=100) == 0
    assert charged_usd(300, 0.5, per=100, free=100) == 1.0
    line = CostLine("a", Price(name="A", usd=2, per=10, unit="b", free=50), 150, "")
    assert (line.list_usd, line.usd) == (30.0, 20.0)


def test_a_lean_month_by_hand():
    found = lines()
    seconds = 60 * (30.4375 * 10 + 4.348 * 30 + 121.75 * 5)
    assert found["job_cpu"].quantity == pytest.approx(seconds)
    assert found["job_memory"].quantity == pytest.approx(2 * seconds)
    assert found["job_cpu"].list_usd == pytest.approx(seconds * 0.000018)
    assert found["job_cpu"].usd == 0
    assert found["alert_conditions"].usd == pytest.approx(0.70)
    assert found["schedules"].usd == 0
    assert lines(schedules=5)["schedules"].usd == pytest.approx(0.20)


def test_the_lean_profile_costs_less_than_two_dollars_and_idles_nowhere():
    assert sum(line.usd for line in lines().values()) <= 2.0
    assert {"machine", "redis", "postgres"} & set(lines()) == set()
    assert {"machine", "redis", "postgres"} <= {line.item for line in month(CATALOG.profiles.profiles["standard"], ITEMS)}


def test_more_use_never_costs_less():
    before = sum(line.usd for line in lines().values())
    for change in ({"requests": 10**9}, {"lake_gib": 100}, {"up_hours_a_day": 24}, {"secrets": 20}, {"job_memory_gib": 32}):
        assert sum(line.usd for line in lines(**change).values()) > before, change


def test_what_nothing_is_used_of_has_no_line():
    assert "secret_versions" not in lines(secrets=0)


def test_a_days_estimate_has_the_prices_of_the_list():
    costs = CATALOG.rules.costs
    day = day_cost_usd(
        3600,
        0,
        compute_usd_per_vcpu_hour=costs.compute_usd_per_vcpu_hour,
        storage_usd_per_gib_month=costs.storage_usd_per_gib_month,
        queried_bytes=2**40,
        query_usd_per_tib=costs.query_usd_per_tib,
    )
    memory = LEAN.job_memory_gib * ITEMS["job_memory"].usd
    assert day == pytest.approx(3600 * (ITEMS["job_cpu"].usd + memory) + ITEMS["warehouse_scans"].usd)


def test_ones_own_prices_reach_the_daily_estimate(tmp_path: Path):
    (tmp_path / "prices.yaml").write_text("items: {job_cpu: {usd: 0.001}, job_memory: {usd: 0}}\n")
    assert load_catalog(tmp_path).rules.costs.compute_usd_per_vcpu_hour == pytest.approx(3.6)
    (tmp_path / "rules.yaml").write_text("costs: {compute_usd_per_vcpu_hour: 0.5}\n")
    assert load_catalog(tmp_path).rules.costs.compute_usd_per_vcpu_hour == 0.5


def test_a_price_that_is_none_is_refused_by_file_and_field(tmp_path: Path):
    (tmp_path / "prices.yaml").write_text("items: {job_cpu: {usd: -1}}\n")
    with pytest.raises(CatalogError, match=r"prices\.yaml(.|\n)*job_cpu\.usd"):
        load_catalog(tmp_path)
    (tmp_path / "prices.yaml").unlink()
    (tmp_path / "profiles.yaml").write_text("day: dear\n")
    with pytest.raises(CatalogError, match=r"profiles\.yaml(.|\n)*dear"):
        load_catalog(tmp_path)


def test_the_page_about_costs_is_the_one_that_the_command_writes(project_root: str):
    said = (Path(project_root) / "docs" / "costs.md").read_text()
    assert said == page(CATALOG), "run steel costs --document > docs/costs.md"


def test_the_alert_conditions_that_are_charged_are_those_that_terraform_makes(project_root: str):
    text = (Path(project_root) / "deploy" / "google-cloud" / "monitoring.tf").read_text()
    assert text.count("      title    = ") == LEAN.alert_conditions
