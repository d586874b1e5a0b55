"""The storage server: what it serves it serves as Google does, to the unmodified client; what it does not, it refuses."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from google.api_core import exceptions as google
from google.cloud import storage

from steel_assets.adapters.google_clients import storage_client
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer


@pytest.fixture(scope="module")
def server() -> Iterator[StorageServer]:
    server = StorageServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def bucket(server: StorageServer) -> storage.Bucket:
    server.forget()
    return storage_client(server.url).create_bucket("steel-lake")


def test_buckets_are_made_once_and_found_by_name(bucket: storage.Bucket) -> None:
    client = bucket.client
    assert client.get_bucket("steel-lake").location == "US"
    assert client.lookup_bucket("not-there") is None
    with pytest.raises(google.Conflict):
        client.create_bucket("steel-lake")
    with pytest.raises(google.BadRequest):
        client.create_bucket("UPPER")


def test_an_object_comes_back_with_what_was_told_about_it(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a/ü ñ&b+c?.json")
    blob.metadata = {"k": "v"}
    blob.upload_from_string('{"a": 1}', content_type="application/json")
    found = bucket.get_blob("a/ü ñ&b+c?.json")
    assert (found.size, found.content_type, found.metadata, found.metageneration) == (8, "application/json", {"k": "v"}, 1)
    assert found.md5_hash
    assert found.crc32c
    assert found.updated
    assert found.download_as_text() == '{"a": 1}'
    assert bucket.get_blob("zz") is None
    with pytest.raises(google.NotFound):
        bucket.blob("zz").download_as_bytes()


def test_generations_only_grow_and_preconditions_hold(bucket: storage.Bucket) -> None:
    blob = bucket.blob("pointer")
    blob.upload_from_string("1", if_generation_match=0)
    first = blob.generation
    bucket.blob("pointer").upload_from_string("2", if_generation_match=first)
    for stale in (0, first, first + 1_000):
        with pytest.raises(google.PreconditionFailed):
            bucket.blob("pointer").upload_from_string("3", if_generation_match=stale)
        with pytest.raises(google.PreconditionFailed):
            bucket.blob("pointer").upload_from_file(io.BytesIO(b"3" * 9_000_000), size=9_000_000, if_generation_match=stale)
        with pytest.raises(google.PreconditionFailed):
            bucket.blob("pointer").delete(if_generation_match=stale)
    found = bucket.get_blob("pointer")
    assert found.generation > first
    assert found.download_as_bytes() == b"2"


def test_of_sixteen_writers_exactly_one_creates(bucket: storage.Bucket) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        try:
            bucket.blob("race").upload_from_string(str(number), if_generation_match=0, retry=None)
            won.append(number)
        except google.PreconditionFailed:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert bucket.blob("race").download_as_bytes() == str(won[0]).encode()


@pytest.mark.parametrize("size", [0, 1, 262_144, 1_500_000, 20_000_000])
def test_pieces_of_any_size_make_the_whole(bucket: storage.Bucket, size: int) -> None:
    content = os.urandom(size)
    bucket.blob("big", chunk_size=4 * 262_144).upload_from_file(io.BytesIO(content), size=size)
    assert bucket.blob("big").download_as_bytes() == content


def test_content_that_does_not_have_its_checksum_is_refused(server: StorageServer, bucket: storage.Bucket) -> None:
    body = b'--x\r\ncontent-type: application/json\r\n\r\n{"name": "a", "crc32c": "AAAAAA=="}\r\n--x\r\n\r\nbytes\r\n--x--'
    answer = requests.post(
        f"{server.url}/upload/storage/v1/b/steel-lake/o?uploadType=multipart",
        data=body,
        headers={"content-type": "multipart/related; boundary=x"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert bucket.get_blob("a") is None


def test_listing_is_by_prefix_in_order_and_in_pages(bucket: storage.Bucket) -> None:
    for number in range(25):
        bucket.blob(f"l/{number % 3}/x{number:02d}").upload_from_string("x")
    client = bucket.client
    pages = [[blob.name for blob in page] for page in client.list_blobs("steel-lake", prefix="l/", page_size=10).pages]
    assert [len(page) for page in pages] == [10, 10, 5]
    names = [name for page in pages for name in page]
    assert names == sorted(names)
    assert len(set(names)) == 25
    assert len(list(client.list_blobs("steel-lake", prefix="l/", max_results=7))) == 7
    assert list(client.list_blobs("steel-lake", prefix="nothing")) == []


REFUSED: dict[str, Callable[[storage.Bucket], Any]] = {
    "versions": lambda bucket: _patched(bucket, versioning_enabled=True),
    "labels": lambda bucket: _patched(bucket, labels={"a": "b"}),
    "old generations in a listing": lambda bucket: list(bucket.client.list_blobs(bucket, versions=True)),
    "folders in a listing": lambda bucket: list(bucket.client.list_blobs(bucket, delimiter="/")),
    "patterns in a listing": lambda bucket: list(bucket.client.list_blobs(bucket, match_glob="*")),
    "offsets in a listing": lambda bucket: list(bucket.client.list_blobs(bucket, start_offset="a")),
    "ranges": lambda bucket: bucket.blob("a").download_as_bytes(start=1, end=2),
    "other preconditions on writing": lambda bucket: bucket.blob("a").upload_from_string("x", if_generation_not_match=0),
    "other preconditions on deleting": lambda bucket: bucket.blob("a").delete(if_metageneration_match=1),
    "preconditions on reading": lambda bucket: bucket.blob("a").download_as_bytes(if_generation_match=1),
    "rewriting": lambda bucket: bucket.copy_blob(bucket.blob("a"), bucket, "b"),
    "composing": lambda bucket: bucket.blob("c").compose([bucket.blob("a")]),
    "moving": lambda bucket: bucket.move_blob(bucket.blob("a"), "b"),
    "changing metadata": lambda bucket: bucket.blob("a").patch(),
    "listing buckets": lambda bucket: list(bucket.client.list_buckets(project="p")),
    "deleting buckets": lambda bucket: bucket.delete(),
    "access lists": lambda bucket: bucket.blob("a").acl.reload(),
    "storage classes": lambda bucket: bucket.blob("a").update_storage_class("NEARLINE"),
    "cache control": lambda bucket: _cached(bucket),
}


def _patched(bucket: storage.Bucket, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(bucket, name, value)
    bucket.patch()


def _cached(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.cache_control = "no-store"
    blob.upload_from_string("x")


@pytest.mark.parametrize("what", REFUSED)
def test_what_it_was_not_built_for_is_refused_and_never_pretended(bucket: storage.Bucket, what: str) -> None:
    bucket.blob("a").upload_from_string("content")
    with pytest.raises(google.MethodNotImplemented, match="does not serve"):
        REFUSED[what](bucket)
    assert bucket.blob("a").download_as_bytes() == b"content"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/storage/v1/b", b"{", 400),
        ("POST", "/storage/v1/b", b"[]", 400),
        ("GET", "/storage/v1/b/steel-lake/o?pageToken=%FF", b"", 400),
        ("GET", "/storage/v1/b/steel-lake/o?maxResults=many", b"", 400),
        ("DELETE", "/storage/v1/b/steel-lake/o/a?ifGenerationMatch=x", b"", 400),
        ("POST", "/upload/storage/v1/b/steel-lake/o?uploadType=multipart", b"nonsense", 400),
        ("PUT", "/upload/storage/v1/b/steel-lake/o?upload_id=none", b"", 404),
        ("GET", "/somewhere/else", b"", 501),
    ],
)
def test_nonsense_is_answered_with_an_error(
    server: StorageServer, bucket: storage.Bucket, method: str, path: str, body: bytes, status: int
) -> None:
    bucket.blob("a").upload_from_string("content")
    answer = requests.request(method, server.url + path, data=body, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
