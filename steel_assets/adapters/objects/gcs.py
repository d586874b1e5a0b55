"""The object store in a Cloud Storage bucket, over Google's own client.

Atomicity comes from generations: an object is written completely or not at all, and ``put_if`` writes only over the generation
that was read. Every upload has a crc32c that the service checks; every download is checked against the service's. Temporary
failures (429, 500, 502-504, a broken connection) are retried by the client's own policy. Writing an object twice has the same
effect as once; for ``put_if`` a mark in the object's metadata distinguishes a lost answer from a lost race.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.google.errors import Diagnosis, Trouble, explained
from steel_assets.adapters.machine.traces import traced
from steel_assets.adapters.objects.object_store import KEY, Conflict, ObjectNotFound, ObjectStoreError, checked_key, md5_of

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket, Client

ADDRESS = re.compile(rf"gs://(?P<bucket>[a-z0-9][a-z0-9._-]{{1,220}}[a-z0-9])(?:/(?P<prefix>{KEY.pattern}))?/?")
CONSOLE = "https://console.cloud.google.com/storage/browser"
WRITER = "steel-writer"
"""The object's metadata with the id of the ``put_if`` call that wrote it."""

REQUEST_SECONDS = 60.0


class GcsStore:
    """Blobs as objects of one bucket under one prefix."""

    def __init__(self, address: str, *, connect: Callable[[], Client] = storage_client, retry_seconds: float = 120.0) -> None:
        """A store in a bucket; the connection is made at first use.

        Args:
            address: ``gs://bucket`` or ``gs://bucket/prefix``.
            connect: makes the client, when it is first needed.
            retry_seconds: how long one operation is retried while the service is unavailable.

        Raises:
            ObjectStoreError: ``address`` is not one.
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise ObjectStoreError(f"{address!r} is no bucket address; write gs://bucket or gs://bucket/prefix", Trouble.REFUSED)
        self.bucket_name = match["bucket"]
        self.prefix = f"{match['prefix']}/" if match["prefix"] else ""
        self.retry_seconds = retry_seconds
        self._connect = connect

    @traced("storage get", "steel.key")
    def get(self, key: str) -> bytes:
        from google.api_core.exceptions import NotFound

        blob = self._blob(key)
        with self._explained(f"read {key} from"):
            try:
                content: bytes = blob.download_as_bytes(checksum="crc32c", **self._tries)
            except NotFound as error:
                self._look_for_bucket()
                raise ObjectNotFound(key) from error
        return content

    @traced("storage put", "steel.key")
    def put(self, key: str, content: bytes) -> None:
        with self._explained(f"write {key} to"):
            self._upload(self._blob(key), content)

    def version(self, key: str) -> str | None:
        blob = self._found(key)
        return None if blob is None else str(blob.generation)

    @traced("storage put_if", "steel.key")
    def put_if(self, key: str, content: bytes, version: str | None) -> None:
        from google.api_core.exceptions import PreconditionFailed

        if version is not None and not version.isdecimal():
            raise Conflict(f"{key} was changed by another writer: {version!r} is no generation of {self.address}")
        blob = self._blob(key)
        blob.metadata = {WRITER: uuid.uuid4().hex}
        with self._explained(f"write {key} to"):
            try:
                self._upload(blob, content, if_generation_match=int(version or 0))
            except PreconditionFailed as error:
                if not self._wrote(key, blob.metadata[WRITER]):
                    raise Conflict(f"{key} was changed by another writer") from error

    def list(self, prefix: str) -> Iterator[str]:
        yield from (key for key, _ in self.stamped(prefix))

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        with self._explained(f"list {prefix!r} of"):
            for blob in self._client.list_blobs(
                self.bucket_name, prefix=self.prefix + prefix, fields="items(name,generation),nextPageToken", **self._tries
            ):
                key = blob.name.removeprefix(self.prefix)
                if KEY.fullmatch(key):
                    yield key, str(blob.generation)

    def strange_names(self) -> Iterator[str]:
        with self._explained("list the top of"):
            for blob in self._client.list_blobs(
                self.bucket_name, prefix=self.prefix, fields="items(name),nextPageToken", **self._tries
            ):
                name = blob.name.removeprefix(self.prefix)
                if name and "/" not in name and not KEY.fullmatch(name):
                    yield name

    def delete(self, key: str) -> None:
        from google.api_core.exceptions import NotFound

        blob = self._blob(key)
        with self._explained(f"delete {key} from"):
            try:
                blob.delete(**self._tries)
            except NotFound:
                self._look_for_bucket()

    def checksum(self, key: str) -> str:
        blob = self._found(key)
        if blob is None:
            raise ObjectNotFound(key)
        return base64.b64decode(blob.md5_hash).hex() if blob.md5_hash else md5_of(self.get(key))

    def sizes(self) -> Iterator[tuple[str, int]]:
        with self._explained("measure"):
            for blob in self._client.list_blobs(
                self.bucket_name, prefix=self.prefix, fields="items(name,size),nextPageToken", **self._tries
            ):
                key = blob.name.removeprefix(self.prefix)
                if KEY.fullmatch(key):
                    yield key, blob.size or 0

    def stored_bytes(self) -> int:
        return sum(size for _, size in self.sizes())

    def uri(self, key: str) -> str:
        place = f"{self.bucket_name}/{quote(self.prefix + checked_key(key))}"
        is_object = "." in key.rpartition("/")[2]
        return f"{CONSOLE}/_details/{place}" if is_object else f"{CONSOLE}/{place}"

    @property
    def address(self) -> str:
        return f"gs://{self.bucket_name}/{self.prefix}".rstrip("/")

    @cached_property
    def _client(self) -> Client:
        return self._connect()

    @cached_property
    def _bucket(self) -> Bucket:
        return self._client.bucket(self.bucket_name)

    @cached_property
    def _tries(self) -> dict[str, Any]:
        from google.cloud.storage.retry import DEFAULT_RETRY

        return {"retry": DEFAULT_RETRY.with_timeout(self.retry_seconds), "timeout": REQUEST_SECONDS}

    def _blob(self, key: str) -> Blob:
        name = self.prefix + checked_key(key)
        with self._explained("reach"):
            return self._bucket.blob(name)

    def _found(self, key: str) -> Blob | None:
        """The object with its metadata; None if there is none."""
        from google.api_core.exceptions import NotFound

        blob = self._blob(key)
        with self._explained(f"look at {key} in"):
            try:
                blob.reload(**self._tries)
            except NotFound:
                self._look_for_bucket()
                return None
        return blob

    def _upload(self, blob: Blob, content: bytes, **conditions: int) -> None:
        kind = "application/json" if blob.name.endswith(".json") else "application/octet-stream"
        blob.upload_from_string(content, content_type=kind, checksum="crc32c", **conditions, **self._tries)

    def _wrote(self, key: str, writer: str) -> bool:
        """Whether the object under ``key`` was written by this call, whose answer was lost."""
        found = self._found(key)
        return found is not None and (found.metadata or {}).get(WRITER) == writer

    def _look_for_bucket(self) -> None:
        """Distinguish a missing object from a missing bucket.

        Raises:
            NotFound: the bucket is missing.
        """
        next(iter(self._client.list_blobs(self.bucket_name, max_results=1, fields="items(name)", **self._tries)), None)

    def _explained(self, doing: str) -> AbstractContextManager[None]:
        def refused(diagnosis: Diagnosis) -> ObjectStoreError:
            return ObjectStoreError(f"could not {doing} {self.address}: {diagnosis.sentence}", diagnosis.trouble)

        return explained(refused)
