"""Google's services for tests of the adapters: started once, emptied before every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer


@pytest.fixture(scope="session")
def _storage() -> Iterator[StorageServer]:
    server = StorageServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def storage(_storage: StorageServer) -> StorageServer:
    """Cloud Storage with one empty bucket, ``steel-lake``."""
    _storage.forget()
    _storage.held.insert({"name": "steel-lake"})
    return _storage


@pytest.fixture(scope="session")
def _bigquery() -> Iterator[BigQueryServer]:
    server = BigQueryServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def bigquery(_bigquery: BigQueryServer) -> BigQueryServer:
    """BigQuery without any dataset."""
    _bigquery.forget()
    return _bigquery
