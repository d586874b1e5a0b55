"""The same contracts against the real services, when somebody pays for it: ``STEEL_TEST_GCP_PROJECT=<project>``.

Uses application default credentials, a bucket and a dataset of its own, and removes both. Costs well under a cent.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from steel_assets.adapters.google.clients import bigquery_client, storage_client
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets_tests.contracts.object_store import ObjectStoreContract
from steel_assets_tests.contracts.warehouse import WarehouseContract

PROJECT = os.environ.get("STEEL_TEST_GCP_PROJECT", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROJECT, reason="STEEL_TEST_GCP_PROJECT names no project to test against"),
]


@pytest.fixture(scope="module")
def bucket_name() -> Iterator[str]:
    name = f"steel-test-{uuid.uuid4().hex}"
    bucket = storage_client().create_bucket(name, project=PROJECT, location="US")
    yield name
    bucket.delete_blobs(list(bucket.list_blobs()))
    bucket.delete()


class TestRealCloudStorage(ObjectStoreContract):
    @pytest.fixture
    def store(self, bucket_name: str) -> ObjectStore:
        return GcsStore(f"gs://{bucket_name}/{uuid.uuid4().hex}")


class TestRealBigQuery(WarehouseContract):
    @pytest.fixture
    def warehouse(self) -> Iterator[Warehouse]:
        dataset = f"steel_rebar_predictor_{uuid.uuid4().hex}"
        yield BigQueryWarehouse(f"bigquery://{PROJECT}/{dataset}")
        bigquery_client(PROJECT).delete_dataset(dataset, delete_contents=True, not_found_ok=True)
