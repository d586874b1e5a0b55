"""AutoML: both implementations keep the contract, and what only a service that charges can do wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from steel_assets.adapters.google.clients import GoogleNotInstalled, bigquery_client, vertex_clients
from steel_assets.adapters.google.vertex import Tariff, VertexAutoML
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.core.automl import AutoMLError, AutoMLService
from steel_assets.core.models._search import EmbeddedSearch
from steel_assets.core.types import Search
from steel_assets_tests.contracts.automl import SPLIT, AutoMLContract, asked, past, rows
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.vertex_server import VertexServer


@pytest.fixture(scope="module")
def _vertex(_bigquery: BigQueryServer) -> Iterator[VertexServer]:
    server = VertexServer(_bigquery)
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def vertex(_vertex: VertexServer, bigquery: BigQueryServer) -> VertexServer:
    _vertex.forget()
    return _vertex


@pytest.fixture
def bought(vertex: VertexServer) -> VertexAutoML:
    return at(vertex)


def at(server: VertexServer, **more: float) -> VertexAutoML:
    connect = partial(bigquery_client, endpoint=server.bigquery.url)
    return VertexAutoML(
        BigQueryWarehouse("bigquery://steel-project/steel_rebar_predictor", connect=connect, retry_seconds=20),
        partial(vertex_clients, "us-central1", server.url),
        connect,
        "us-central1",
        node_hours=1.0,
        tariff=Tariff(21.0, 5.0),
        **({"pause_seconds": 0.0} | more),
    )


class TestEmbedded(AutoMLContract):
    @pytest.fixture
    def search(self) -> AutoMLService:
        return EmbeddedSearch(Search(trials=4))


class TestVertex(AutoMLContract):
    @pytest.fixture
    def search(self, bought: VertexAutoML) -> AutoMLService:
        return bought


def count(server: VertexServer) -> dict[str, int]:
    return {kind: len(made) for kind, made in server.made.items()}


def test_what_leaves_is_columns_of_figures_and_no_name_of_a_series_or_day(vertex: VertexServer, bought: VertexAutoML) -> None:
    bought.predict(past(), asked())
    told = repr(vertex.made)
    assert not [word for word in ("scrap", "rebar_m01", "drivers", "2019", "lags") if word in told]
    (pipeline,) = vertex.made["trainingPipelines"].values()
    assert pipeline["trainingTaskInputs"]["trainBudgetMilliNodeHours"] == 1000
    assert len(pipeline["trainingTaskInputs"]["transformations"]) == past().features.shape[1]


def test_the_same_question_is_bought_once_and_a_newer_row_costs_a_prediction_but_no_training(
    vertex: VertexServer, bought: VertexAutoML
) -> None:
    bought.predict(past(), asked())
    bought.predict(past(), asked())
    assert count(vertex) == {"datasets": 1, "trainingPipelines": 1, "batchPredictionJobs": 1}
    bought.predict(past(), asked().rows(slice(0, 3)))
    assert count(vertex) == {"datasets": 1, "trainingPipelines": 1, "batchPredictionJobs": 2}


def test_a_training_that_outlasts_the_wait_is_found_again_and_not_bought_twice(vertex: VertexServer) -> None:
    vertex.looks = 3
    with pytest.raises(AutoMLError, match="buys nothing twice"):
        at(vertex, wait_seconds=-1.0).predict(past(), asked())
    assert at(vertex).predict(past(), asked()).shape == (len(asked()),)
    assert count(vertex)["trainingPipelines"] == 1


def test_what_failed_says_what_the_service_said_and_may_be_bought_again(vertex: VertexServer, bought: VertexAutoML) -> None:
    vertex.failing = "Internal error occurred."
    with pytest.raises(AutoMLError, match=r"PIPELINE_STATE_FAILED: Internal error occurred\."):
        bought.predict(past(), asked())
    assert np.isfinite(bought.predict(past(), asked())).all()
    assert count(vertex) == {"datasets": 1, "trainingPipelines": 2, "batchPredictionJobs": 1}


def test_a_row_that_was_not_answered_is_an_error(vertex: VertexServer, bought: VertexAutoML) -> None:
    vertex.forgets = True
    with pytest.raises(AutoMLError, match="of 100 rows 99 were answered"):
        bought.predict(past(), asked())


def test_a_refusal_names_the_remedy(vertex: VertexServer, bought: VertexAutoML) -> None:
    vertex.faults.plan(Fault(403, "forbidden", "Permission 'aiplatform.trainingPipelines.list' denied"))
    with pytest.raises(AutoMLError, match=r"denied.*docs/google-cloud\.md"):
        bought.predict(past(), asked())


@pytest.mark.parametrize("kind", ["trainingPipelines", "batchPredictionJobs"])
def test_what_was_bought_and_whose_answer_was_lost_is_not_bought_twice(
    vertex: VertexServer, bought: VertexAutoML, kind: str
) -> None:
    vertex.faults.plan(Fault(501, "lost", method="POST", path=f".*/{kind}", after=True))
    with pytest.raises(AutoMLError, match="planned by the test"):
        bought.predict(past(), asked())
    bought.predict(past(), asked())
    assert count(vertex) == {"datasets": 1, "trainingPipelines": 1, "batchPredictionJobs": 1}


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.aiplatform_v1.services.dataset_service.transports", None)
    with pytest.raises(GoogleNotInstalled, match=r"steel-assets\[vertex\]"):
        vertex_clients("us-central1")


def test_the_rows_of_the_contract_are_as_many_as_the_service_wants() -> None:
    assert len(past().rows(past().labelled)) >= 1_000
    assert len(rows()) > SPLIT
