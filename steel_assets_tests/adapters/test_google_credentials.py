"""Credentials as Google's library handles them: found, refreshed, refused, and what a person is told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import storage as cloud_storage
from google.oauth2 import service_account
from pydantic import SecretStr

from steel_assets.adapters.google.clients import bigquery_client, storage_client
from steel_assets.adapters.google.secret_manager import SecretError, Secrets
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import ObjectStoreError
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import WarehouseError
from steel_assets_tests.contracts.warehouse import SMALL
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer
from steel_assets_tests.google.token_server import TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    server = TokenServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture
def store(storage: StorageServer, tokens: TokenServer, private_key: str) -> GcsStore:
    """A bucket opened by a service account of its own."""
    return GcsStore("gs://steel-lake", connect=partial(client_of, storage.url, tokens.url, private_key), retry_seconds=2)


def client_of(endpoint: str, tokens: str, private_key: str) -> cloud_storage.Client:
    account = {
        "type": "service_account",
        "project_id": "steel-project",
        "private_key": private_key,
        "client_email": "steel-assets@steel-project.iam.gserviceaccount.com",
        "token_uri": f"{tokens}/token",
    }
    scope = "https://www.googleapis.com/auth/devstorage.read_write"
    credentials = service_account.Credentials.from_service_account_info(account, scopes=[scope])
    return cloud_storage.Client(project="steel-project", credentials=credentials, client_options={"api_endpoint": endpoint})


def test_a_token_that_ran_out_is_renewed_without_a_word(storage: StorageServer, tokens: TokenServer, store: GcsStore) -> None:
    store.put("a", b"1")
    storage.faults.plan(Fault(401, "authError", "Invalid Credentials", path="/upload/.*"))
    store.put("a", b"2")
    assert store.get("a") == b"2"
    assert tokens.given >= 2


@pytest.mark.parametrize(
    ("description", "trouble", "remedy"),
    [
        ("Token has been expired or revoked.", "credentials", "gcloud auth application-default login"),
        ("Invalid grant: account not found", "credentials", "service account"),
        (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
            "values in the JWT claim.",
            "clock",
            "clock is wrong",
        ),
    ],
)
def test_an_account_that_gets_no_token_is_told_why(
    storage: StorageServer, tokens: TokenServer, store: GcsStore, description: str, trouble: str, remedy: str
) -> None:
    tokens.refusal = {"error": "invalid_grant", "error_description": description}
    with pytest.raises(ObjectStoreError, match=remedy) as raised:
        store.put("a", b"1")
    assert raised.value.trouble == trouble
    assert not any(asked.startswith("POST /upload") for asked in storage.faults.asked)


def test_a_machine_without_credentials_is_told_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    with pytest.raises(ObjectStoreError, match="gcloud auth application-default login"):
        GcsStore("gs://steel-lake").get("a")
    with pytest.raises(WarehouseError, match="gcloud auth application-default login"):
        BigQueryWarehouse("bigquery://steel-project").count(SMALL)
    with pytest.raises(SecretError, match="gcloud auth application-default login"):
        Secrets().reveal(SecretStr("sm://steel-project/key"))


def test_a_test_server_gets_no_credentials_and_a_private_endpoint_does(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    for connect in (storage_client, partial(bigquery_client, "steel-project")):
        assert isinstance(connect(endpoint="http://127.0.0.1:1")._credentials, AnonymousCredentials)
        with pytest.raises(DefaultCredentialsError):
            connect(endpoint="https://storage.private.example")
