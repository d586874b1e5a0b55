"""A market's analysis is made by its asset, kept, published and printed; all four say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import Platform
from steel_assets.cli.main import app
from steel_assets.cli.problem import Problem
from steel_assets.operations import analysis, histories
from steel_assets.operations.publication import analyses
from steel_assets.operations.publication.warehouse import Tables
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    found = lived(tmp_path_factory.mktemp("analysed"), 900)
    assert made_of(found, "market_analysis").success
    return found


def test_what_the_asset_made_is_what_the_history_says_and_is_published(parts: Platform) -> None:
    kept = analysis.read(parts.store, MARKET)
    assert kept is not None
    history = histories.load(parts.catalog, parts.lake, MARKET)
    assert kept == json.loads(json.dumps(analysis.analysis(parts.catalog, history)))
    assert (kept["simulated"], kept["as_of"]) == (True, history.as_of.isoformat())
    assert analyses.read(parts, Tables(parts.warehouse)) == {MARKET: kept}


def test_scrap_that_leads_by_a_day_is_found_first(parts: Platform) -> None:
    kept = analysis.read(parts.store, MARKET)
    assert kept is not None
    first = kept["statements"][0]
    assert first["finding"]
    leads = [statement for statement in kept["statements"] if statement["key"] == "lead" and statement["finding"]]
    assert [(lead["values"]["leader"], lead["values"]["days"]) for lead in leads] == [("scrap", 1)]
    assert all(statement["n"] > 0 and 0 <= statement["p"] <= statement["p_corrected"] <= 1 for statement in kept["statements"])


def test_the_asset_shows_its_findings(tmp_path: Path) -> None:
    done = made_of(lived(tmp_path, 400), "market_analysis")
    [event] = done.get_asset_materialization_events()
    shown = event.materialization.metadata
    assert shown["statements"].value > 0
    assert shown["not said"].value > 0, "400 days are too few for analogues"


def test_the_command_prints_findings_before_what_is_none(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    history = histories.load(parts.catalog, parts.lake, MARKET)
    monkeypatch.setattr("steel_assets.cli.analysis.platform", lambda: parts)
    monkeypatch.setattr("steel_assets.cli.analysis.histories.build", lambda *_: history)
    monkeypatch.setattr("steel_assets.cli.analysis.now", lambda: pd.Timestamp("2026-11-20", tz="UTC"))
    shown = CliRunner().invoke(app, ["analysis", MARKET]).stdout
    assert "SIMULATED DATA" in shown
    assert shown.index("More than chance") < shown.index("scrap leads") < shown.index("No more than chance")
    said = json.loads(CliRunner().invoke(app, ["analysis", MARKET, "--json"]).stdout)
    assert said == analysis.read(parts.store, MARKET)
    told = CliRunner().invoke(app, ["analysis", "gold"]).exception
    assert isinstance(told, Problem)
    assert "not in the catalogue" in str(told)
