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

from steel_assets.adapters.google.clients import storage_client
from steel_assets_tests.google.faults import Fault
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
        timeout=120,
    )
    assert answer.status_code == 400
    assert bucket.get_blob("a") is None


def test_a_resumable_upload_that_does_not_have_its_checksum_is_refused(server: StorageServer, bucket: storage.Bucket) -> None:
    answer = _last_piece(server, b"bytes", "crc32c=AAAAAA==")
    assert (answer.status_code, "doesn't match" in answer.text) == (400, True)
    assert bucket.get_blob("a") is None
    assert _last_piece(server, b"bytes", "").status_code == 200


def _last_piece(server: StorageServer, content: bytes, checksums: str) -> requests.Response:
    place = _begun(server)
    headers = {"content-range": f"bytes 0-{len(content) - 1}/{len(content)}", "x-goog-hash": checksums}
    return requests.put(place, data=content, headers=headers, timeout=120)


def _begun(server: StorageServer, **conditions: str) -> str:
    query = {"uploadType": "resumable", "name": "a"} | conditions
    answer = requests.post(f"{server.url}/upload/storage/v1/b/steel-lake/o", params=query, json={}, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.headers["location"]


def test_an_upload_that_was_interrupted_goes_on_where_it_was(server: StorageServer, bucket: storage.Bucket) -> None:
    content, piece = os.urandom(600_000), 262_144
    place = _begun(server)

    def sent(first: int, last: int, total: str = "600000") -> requests.Response:
        headers = {"content-range": f"bytes {first}-{last - 1}/{total}"}
        return requests.put(place, data=content[first:last], headers=headers, timeout=120)

    assert sent(0, piece, "*").headers["range"] == f"bytes=0-{piece - 1}"
    asked = requests.put(place, headers={"content-range": "bytes */600000"}, timeout=120)
    assert (asked.status_code, asked.headers["range"]) == (308, f"bytes=0-{piece - 1}")
    assert sent(2 * piece, 600_000).status_code == 400
    assert sent(piece, piece + 1_000, "*").status_code == 400
    assert bucket.get_blob("a") is None
    assert [sent(piece, 600_000).status_code for _ in range(2)] == [200, 200]
    assert bucket.blob("a").download_as_bytes() == content


def test_an_upload_that_lost_the_race_while_it_ran_writes_nothing(server: StorageServer, bucket: storage.Bucket) -> None:
    place = _begun(server, ifGenerationMatch="0")
    bucket.blob("a").upload_from_string("first")
    answer = requests.put(place, data=b"late", headers={"content-range": "bytes 0-3/4"}, timeout=120)
    assert answer.status_code == 412
    assert bucket.blob("a").download_as_bytes() == b"first"


def test_the_client_resumes_an_upload_that_failed_in_the_middle(server: StorageServer, bucket: storage.Bucket) -> None:
    content = os.urandom(9_000_000)  # more than the client sends in one piece
    server.faults.plan(*[Fault(503, "backendError", path="/upload/.*", method="PUT", after=bool(turn % 2)) for turn in range(3)])
    bucket.blob("a", chunk_size=1_048_576).upload_from_file(io.BytesIO(content), size=len(content), checksum="crc32c")
    assert all(fault.times == 0 for fault in server.faults.planned)
    assert bucket.blob("a").download_as_bytes(checksum="crc32c") == content


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
    "etags on reading": lambda bucket: bucket.blob("a").download_as_bytes(if_etag_match="x"),
    "etags on looking": lambda bucket: bucket.blob("a").reload(if_etag_not_match="x"),
    "generations on looking": lambda bucket: bucket.blob("a").reload(if_generation_match=1),
    "old generations to delete": lambda bucket: bucket.blob("a", generation=1).delete(),
    "preconditions on buckets": lambda bucket: bucket.reload(if_metageneration_match=99),
    "preconditions on changing buckets": lambda bucket: _patched(bucket, if_metageneration_match=99),
    "keys of one's own on writing": lambda bucket: bucket.blob("a", encryption_key=b"k" * 32).upload_from_string("x"),
    "keys of one's own on reading": lambda bucket: bucket.blob("a", encryption_key=b"k" * 32).download_as_bytes(),
    "access on writing": lambda bucket: bucket.blob("a").upload_from_string("x", predefined_acl="publicRead"),
    "buckets that pay themselves": lambda bucket: bucket.client.bucket("steel-lake", user_project="p").blob("a").reload(),
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


def _patched(bucket: storage.Bucket, if_metageneration_match: int | None = None, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(bucket, name, value)
    bucket.patch(if_metageneration_match=if_metageneration_match)


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
        ("GET", "/storage/v1/b/steel-lake/o?maxResults=0", b"", 400),
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
    answer = requests.request(method, server.url + path, data=body, timeout=120)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
