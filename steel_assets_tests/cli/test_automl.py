"""``steel automl`` against stand-ins of BigQuery and Vertex AI, by Google's own clients: said, refused, bought, believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from steel_assets.bootstrap import Platform
from steel_assets.cli.automl import automl
from steel_assets.cli.problem import Problem
from steel_assets.core.automl import AutoMLError
from steel_assets.core.folds import walk_forward
from steel_assets.core.models import applicable
from steel_assets.core.samples import build_samples
from steel_assets.core.types import AutoMLSearches, VertexJobs
from steel_assets.operations import feature_store, histories
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import MARKET, lived
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.vertex_server import VertexServer

TERMS = VertexJobs.model_validate({"horizons": [1], "since": "2023-01-03", "budget_usd": 100})


@pytest.fixture(scope="module")
def vertex() -> Iterator[VertexServer]:
    bigquery = BigQueryServer()
    with running(bigquery.app()) as bigquery.url:
        server = VertexServer(bigquery)
        server.looks = 0
        with running(server.app()) as server.url:
            yield server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, vertex: VertexServer) -> Platform:
    made = synthetic(count=1_400, lived=0)
    made = replace(made, market=made.market.model_copy(update={"automl": AutoMLSearches(vertex=TERMS), "horizons": (1,)}))
    parts = lived(tmp_path_factory.mktemp("world"), made=made)
    there = {"warehouse": "bigquery://steel-project/steel_rebar_predictor", "bigquery_endpoint": vertex.bigquery.url}
    return Platform(Settings(home=parts.settings.home, vertex_endpoint=vertex.url, **there), parts.catalog)


@pytest.fixture
def parts(world: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setattr("steel_assets.cli.automl.platform", lambda: world)
    return world


def run(*arguments: str) -> dict[str, object]:
    app = typer.Typer()
    app.command()(automl)
    done = CliRunner().invoke(app, [MARKET, "--json", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_first_it_only_says_what_it_costs_and_what_is_not_covered_is_refused(parts: Platform, vertex: VertexServer) -> None:
    told = run()
    assert (told["searches"], told["answered"], told["simulated"]) == (2, 0, True)
    assert told["estimate_usd"] == pytest.approx(2 * 21.25 + 2 * 8, abs=0.01)
    with pytest.raises(AutoMLError, match=r"is not confirmed: nothing was bought\. Say --confirm-usd 59"):
        run("--confirm-usd", "58")
    assert vertex.made["trainingPipelines"] == {}


def test_what_was_confirmed_is_answered_believed_by_its_family_and_not_bought_again(
    parts: Platform, vertex: VertexServer
) -> None:
    told = run("--confirm-usd", "59")
    assert told["answered"] == told["origins"] > 250
    assert len(vertex.made["trainingPipelines"]) == 2
    again = run("--confirm-usd", "59")
    assert (again["searches"], again["estimate_usd"], again["answered"]) == (0, 0, 0)
    history = histories.load(parts.catalog, parts.lake, MARKET)
    samples = build_samples(history, feature_store.load(parts.lake, history), 1)
    newest = len(samples) - 60
    issued = walk_forward(history, samples, applicable(history.market)["vertex"], newest, len(samples))[0]
    assert (issued["p"] != samples.curve[newest:]).mean() > 0.9, "the gate judges a family that says something"


def test_what_cannot_be_bought_says_why(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = Platform(Settings(home=parts.settings.home), parts.catalog)
    monkeypatch.setattr("steel_assets.cli.automl.platform", lambda: embedded)
    with pytest.raises(AutoMLError, match="trains from BigQuery, and STEEL_WAREHOUSE is file:"):
        run()
    app = typer.Typer()
    app.command()(automl)
    for market, said in (("nothing", "not in the catalogue"), ("iron_ore_62", "declares no automl.vertex")):
        with pytest.raises(Problem, match=said):
            CliRunner().invoke(app, [market], catch_exceptions=False)
