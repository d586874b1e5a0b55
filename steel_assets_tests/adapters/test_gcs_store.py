"""A bucket as an object store: the contract, and what only a service across a network can do wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.object_store import Conflict, ObjectStore, ObjectStoreError
from steel_assets_tests.contracts.object_store import ObjectStoreContract
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.storage_server import StorageServer

DOWN = {"status": 503, "reason": "backendError", "message": "We encountered an internal error."}
UPLOAD, DOWNLOAD = "/upload/.*", "/download/.*"


@pytest.fixture
def store(storage: StorageServer) -> GcsStore:
    return bucket(storage)


def bucket(storage: StorageServer, address: str = "gs://steel-lake/plant/lake", retry_seconds: float = 20) -> GcsStore:
    return GcsStore(address, connect=partial(storage_client, storage.url), retry_seconds=retry_seconds)


class TestGcsStore(ObjectStoreContract):
    @pytest.fixture
    def store(self, storage: StorageServer) -> ObjectStore:
        return bucket(storage)


def test_two_prefixes_of_one_bucket_do_not_see_each_other(storage: StorageServer, store: GcsStore) -> None:
    other = bucket(storage, "gs://steel-lake/plant/lake2")
    store.put("a", b"one")
    other.put("a", b"two")
    bucket(storage, "gs://steel-lake").put("b", b"at the root")
    assert (store.get("a"), list(store.list("")), list(other.list(""))) == (b"one", ["a"], ["a"])
    assert list(bucket(storage, "gs://steel-lake/").list("")) == ["b", "plant/lake/a", "plant/lake2/a"]


def test_objects_that_are_no_keys_of_ours_are_not_listed(storage: StorageServer, store: GcsStore) -> None:
    for name in ("plant/lake/", "plant/lake/.keep", "plant/lake/a b", "plant/lake/ä"):
        storage.held.write("steel-lake", {"name": name}, b"", None)
    store.put("a", b"")
    assert list(store.list("")) == ["a"]


@pytest.mark.parametrize(
    "address", ["gs://", "gs:///x", "gs://A", "gs://a", "gs://bucket/../x", "gs://bucket//x", "s3://b/x", "b"]
)
def test_an_address_that_is_none_is_refused_by_name(address: str) -> None:
    with pytest.raises(ObjectStoreError, match="gs://bucket/prefix"):
        GcsStore(address)


def test_an_object_s_address_opens_it_in_the_console_and_a_folder_s_opens_the_folder(store: GcsStore) -> None:
    console = "https://console.cloud.google.com/storage/browser"
    assert store.uri("raw-data/a.parquet") == f"{console}/_details/steel-lake/plant/lake/raw-data/a.parquet"
    assert store.uri("raw-data") == f"{console}/steel-lake/plant/lake/raw-data"


@pytest.mark.parametrize("status", [429, 503])
def test_a_failure_of_a_moment_is_not_even_noticed(storage: StorageServer, store: GcsStore, status: int) -> None:
    store.put("a", b"old")
    storage.faults.plan(
        Fault(status, "backendError", path=UPLOAD), Fault(status, "backendError", path=DOWNLOAD), Fault(status, "x", method="GET")
    )
    store.put("a", b"new")
    assert store.get("a") == b"new"
    assert all(fault.times == 0 for fault in storage.faults.planned)


@pytest.mark.parametrize(
    ("fault", "trouble", "said"),
    [
        (Fault(**DOWN, times=99), "unavailable", "internal error.*try again later"),
        (Fault(429, "rateLimitExceeded", "The object exceeded the rate limit", times=99), "quota", "rate limit.*quota"),
        (Fault(403, "quotaExceeded", "Quota exceeded for class A operations", times=99), "quota", "class A"),
        (
            Fault(403, "forbidden", "sa@p does not have storage.objects.get access", path=DOWNLOAD),
            "permission",
            "storage.objects.get.*role",
        ),
        (Fault(501, "notImplemented", "no", path=DOWNLOAD), "refused", "no"),
    ],
)
def test_what_stays_wrong_is_said_with_its_remedy(storage: StorageServer, fault: Fault, trouble: str, said: str) -> None:
    store = bucket(storage, retry_seconds=0.5)
    storage.faults.plan(fault)
    with pytest.raises(ObjectStoreError, match=f"(?s)read a from gs://steel-lake/plant/lake: .*{said}") as raised:
        store.get("a")
    assert raised.value.trouble == trouble


def test_a_token_the_service_refuses_is_said_to_be_about_credentials(storage: StorageServer) -> None:
    storage.faults.plan(Fault(401, "authError", "Invalid Credentials", times=99))
    with pytest.raises(ObjectStoreError, match="gcloud auth application-default login") as raised:
        bucket(storage, retry_seconds=1).put("a", b"")
    assert raised.value.trouble == "credentials"


def test_a_service_that_does_not_answer_is_unavailable() -> None:
    store = GcsStore("gs://steel-lake", connect=partial(storage_client, "http://127.0.0.1:9"), retry_seconds=0.5)
    with pytest.raises(ObjectStoreError) as raised:
        store.get("a")
    assert raised.value.trouble == "unavailable"


def test_an_absent_bucket_is_an_error_and_never_an_empty_lake(storage: StorageServer) -> None:
    store = bucket(storage, "gs://not-there/lake", retry_seconds=1)
    for attempt in (
        lambda: store.get("a"),
        lambda: store.put("a", b""),
        lambda: store.put_if("a", b"", None),
        lambda: store.version("a"),
        lambda: store.delete("a"),
        lambda: list(store.list("")),
    ):
        with pytest.raises(ObjectStoreError, match=r"gs://not-there/lake.*does not exist") as raised:
            attempt()
        assert raised.value.trouble == "missing"


def test_an_account_that_may_not_look_at_the_bucket_itself_can_still_work(storage: StorageServer, store: GcsStore) -> None:
    storage.faults.plan(Fault(403, "forbidden", "no storage.buckets.get", path="/storage/v1/b/steel-lake", times=99))
    store.put("a", b"content")
    assert (store.get("a"), list(store.list("")), store.version("b")) == (b"content", ["a"], None)


def test_what_was_changed_on_the_way_is_refused(storage: StorageServer) -> None:
    store = bucket(storage, retry_seconds=1)
    store.put("a", b"content")
    storage.garble = 99
    with pytest.raises(ObjectStoreError) as raised:
        store.get("a")
    assert raised.value.trouble == "damaged"
    storage.garble = 0
    assert store.get("a") == b"content"


@pytest.mark.parametrize("size", [10, 9_000_000], ids=["in one piece", "resumable"])
def test_a_write_that_was_changed_on_the_way_is_refused_and_the_old_object_stays(storage: StorageServer, size: int) -> None:
    store = bucket(storage, retry_seconds=1)
    store.put("a", b"old")
    storage.garble_uploads = 99
    with pytest.raises(ObjectStoreError, match="what arrived is not what was sent") as raised:
        store.put("a", b"n" * size)
    assert raised.value.trouble == "damaged"
    storage.garble_uploads = 0
    assert store.get("a") == b"old"


@pytest.mark.parametrize("size", [10, 9_000_000], ids=["in one piece", "resumable"])
def test_a_write_whose_answer_was_lost_is_written_once_and_no_conflict(
    storage: StorageServer, store: GcsStore, size: int
) -> None:
    storage.faults.plan(Fault(**DOWN, path=UPLOAD, method="PUT" if size > 1_000 else "POST", after=True))
    store.put_if("pointer", b"1" * size, None)
    assert storage.faults.planned[0].times == 0
    version = store.version("pointer")
    storage.faults.plan(Fault(**DOWN, path=UPLOAD, method="PUT" if size > 1_000 else "POST", after=True))
    store.put_if("pointer", b"2" * size, version)
    assert store.get("pointer") == b"2" * size
    with pytest.raises(Conflict):
        store.put_if("pointer", b"3" * size, version)


def test_an_upload_that_breaks_off_leaves_the_old_object(storage: StorageServer) -> None:
    store = bucket(storage, retry_seconds=0.5)
    store.put("big", b"old")
    storage.faults.plan(Fault(403, "forbidden", "no", path=UPLOAD, method="PUT"))
    with pytest.raises(ObjectStoreError):
        store.put("big", b"n" * 9_000_000)
    assert store.get("big") == b"old"


def test_the_shipped_lifecycle_is_one_that_the_service_takes(storage: StorageServer, project_root: str) -> None:
    rules = json.loads((Path(project_root) / "deploy" / "google-cloud" / "lifecycle.json").read_text())["rule"]
    wanted = storage_client(storage.url).bucket("steel-lake")
    wanted.lifecycle_rules = rules
    wanted.patch()
    assert list(storage_client(storage.url).get_bucket("steel-lake").lifecycle_rules) == rules
    kept_away = [prefix for rule in rules for prefix in rule["condition"].get("matchesPrefix", [])]
    assert not any(prefix.startswith(("raw-data", "models/production", "models/staging")) for prefix in kept_away)


def test_a_local_lake_never_imports_a_google_client() -> None:
    script = textwrap.dedent("""
        import sys
        import steel_assets.cli.main, steel_assets.definitions
        from steel_assets.bootstrap import platform
        from steel_assets.settings import Settings
        import tempfile, pathlib
        parts = platform(Settings(home=pathlib.Path(tempfile.mkdtemp())))
        parts.store.put("a", b""); parts.warehouse; parts.models; parts.cache
        print(sorted(name for name in sys.modules if name.startswith(("google.cloud.", "google.auth", "google.api_core"))))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
