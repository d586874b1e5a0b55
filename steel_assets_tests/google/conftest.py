"""A BigQuery server, and a client with an empty dataset in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud import bigquery as bq

from steel_assets.adapters.google.clients import bigquery_client
from steel_assets_tests.google.bigquery_asking import DATASET, PROJECT
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.serving import running


@pytest.fixture(scope="module")
def server() -> Iterator[BigQueryServer]:
    server = BigQueryServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def client(server: BigQueryServer) -> bq.Client:
    server.forget()
    client = bigquery_client(PROJECT, server.url)
    client.create_dataset(DATASET)
    return client
