"""Cloud Storage's JSON interface: upload whole or in pieces, download, look, list, delete.

Served: creating a bucket and setting its lifecycle; multipart and resumable uploads with ``ifGenerationMatch``; whole downloads.
Not served, and refused: versioning, rewriting, composing, moving, ranges, batches, access lists, other preconditions.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from steel_assets_tests.google.faults import Faults, NotServed, Refusal
from steel_assets_tests.google.serving import Answer, Call, application, multipart, route
from steel_assets_tests.google.storage_objects import PAGE, Buckets

RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
PIECE = 256 * 1024


@dataclass
class Upload:
    """A resumable upload that has begun."""

    bucket: str
    body: dict[str, Any]
    generation: str | None
    content: bytearray = field(default_factory=bytearray)
    written: dict[str, Any] | None = None


class StorageServer:
    """The calls, over what is held.

    Attributes:
        url: where it answers, once it runs.
        garble: how many of the next downloads arrive with one bit changed.
        garble_uploads: how many of the next uploads do, before they are checked.
    """

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.forget()

    def forget(self) -> None:
        """Start anew: no buckets, no faults."""
        self.held = Buckets()
        self.garble = self.garble_uploads = 0
        self._uploads: dict[str, Upload] = {}
        self.faults.forget()

    def app(self) -> Starlette:
        def to(path: str, method: str, answer: Answer) -> Route:
            return route(path, method, answer, self.faults)

        return application(
            [
                to("/storage/v1/b", "POST", self._insert_bucket),
                to("/storage/v1/b/{bucket}", "GET", self._bucket),
                to("/storage/v1/b/{bucket}", "PATCH", self._patch_bucket),
                to("/storage/v1/b/{bucket}/o", "GET", self._list),
                to("/storage/v1/b/{bucket}/o/{name:path}", "GET", self._look),
                to("/storage/v1/b/{bucket}/o/{name:path}", "DELETE", self._delete),
                to("/download/storage/v1/b/{bucket}/o/{name:path}", "GET", self._download),
                to("/upload/storage/v1/b/{bucket}/o", "POST", self._upload),
                to("/upload/storage/v1/b/{bucket}/o", "PUT", self._resume),
            ],
            self.faults,
        )

    def _insert_bucket(self, call: Call) -> dict[str, Any]:
        call.only("project")
        return self.held.insert(call.json())

    def _bucket(self, call: Call) -> dict[str, Any]:
        call.only()
        return self.held.bucket(call.names["bucket"]).resource

    def _patch_bucket(self, call: Call) -> dict[str, Any]:
        call.only()
        return self.held.patch(call.names["bucket"], call.json())

    def _list(self, call: Call) -> dict[str, Any]:
        call.only("prefix", "maxResults", "pageToken")
        token = call.query.get("pageToken")
        try:
            after = str(json.loads(base64.urlsafe_b64decode(token))) if token else ""
            size = int(call.query.get("maxResults") or PAGE)
        except ValueError as error:
            raise Refusal(400, f"Invalid argument: {error}", "invalid") from error
        if size < 1:
            raise Refusal(400, f"Invalid value '{size}'. Values must be within the range: [1, 1000]", "invalid")
        page = self.held.page(call.names["bucket"], call.query.get("prefix", ""), size, after)
        return page | {"items": [_told(call, item) for item in page["items"]]}

    def _look(self, call: Call) -> dict[str, Any]:
        call.only("generation")
        if call.query.get("alt") == "media":
            raise NotServed("downloads outside /download")
        return _told(call, self.held.find(call.names["bucket"], _name(call), call.query.get("generation")).resource)

    def _delete(self, call: Call) -> None:
        call.only("ifGenerationMatch")
        self.held.delete(call.names["bucket"], _name(call), call.query.get("ifGenerationMatch"))

    def _download(self, call: Call) -> Response:
        call.only("generation")
        whole = call.headers.get("range", "bytes=0-") == "bytes=0-"
        if not whole:
            raise NotServed("ranges")
        found = self.held.find(call.names["bucket"], _name(call), call.query.get("generation"))
        content = found.content
        if self.garble and content:
            self.garble -= 1
            content = _garbled(content)
        told = found.resource
        headers = {
            "x-goog-hash": f"crc32c={told['crc32c']},md5={told['md5Hash']}",
            "x-goog-generation": told["generation"],
            "x-goog-metageneration": told["metageneration"],
            "x-goog-stored-content-length": told["size"],
            "x-goog-storage-class": told["storageClass"],
            "etag": told["etag"],
        }
        return Response(content, headers=headers, media_type=told["contentType"])

    def _upload(self, call: Call) -> dict[str, Any] | Response:
        call.only("uploadType", "name", "ifGenerationMatch")
        bucket, generation = call.names["bucket"], call.query.get("ifGenerationMatch")
        kind = call.query.get("uploadType")
        if kind == "multipart":
            body, content = multipart(call)
            return _told(call, self.held.write(bucket, body, self._arrived(content), generation))
        if kind != "resumable":
            raise NotServed(f"uploadType={kind}")
        body = call.json()
        body.setdefault("name", call.query.get("name"))
        body.setdefault("contentType", call.headers.get("x-upload-content-type"))
        self.held.check(bucket, str(body["name"]), generation)
        self.held.bucket(bucket)
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = Upload(bucket, body, generation)
        return Response(headers={"location": f"{call.url}?uploadType=resumable&upload_id={upload_id}"})

    def _arrived(self, content: bytes) -> bytes:
        if not self.garble_uploads:
            return content
        self.garble_uploads -= 1
        return _garbled(content)

    def _resume(self, call: Call) -> dict[str, Any] | Response:
        call.only("uploadType", "upload_id")
        upload = self._uploads.get(call.query.get("upload_id", ""))
        piece = RANGE.fullmatch(call.headers.get("content-range", ""))
        if upload is None:
            raise Refusal(404, "No such upload", "notFound")
        if piece is None:
            raise Refusal(400, "Failed to parse Content-Range header.", "badRequest")
        if upload.written is not None:
            return _told(call, upload.written)
        first, last, total = piece.groups()
        if first is not None:
            if int(first) > len(upload.content) or int(last) - int(first) + 1 != len(call.body):
                raise Refusal(400, "The piece does not join what was sent before.", "badRequest")
            if total == "*" and len(call.body) % PIECE:
                raise Refusal(400, f"Every piece but the last is a multiple of {PIECE} bytes.", "badRequest")
            upload.content[int(first) :] = call.body
        if total != "*" and len(upload.content) == int(total):
            body = upload.body | _hashes(call.headers.get("x-goog-hash", ""))
            upload.written = self.held.write(upload.bucket, body, self._arrived(bytes(upload.content)), upload.generation)
            return _told(call, upload.written)
        so_far = {"range": f"bytes=0-{len(upload.content) - 1}"} if upload.content else {}
        return Response(status_code=308, headers=so_far)


def _garbled(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def _hashes(header: str) -> dict[str, str]:
    """The checksums that came with the last piece, as an object's resource names them."""
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    told = [entry.strip().partition("=") for entry in header.split(",") if entry.strip()]
    return {names[kind]: value for kind, _, value in told}


def _name(call: Call) -> str:
    """The object a call is about. Its slashes are escaped in the address: a plain one leads to something else of the object."""
    if "/" in call.raw_path.partition("/o/")[2]:
        raise NotServed(call.raw_path)
    return call.names["name"]


def _told(call: Call, resource: dict[str, Any]) -> dict[str, Any]:
    """An object's resource, with the addresses under which it is found here."""
    origin = call.url.partition("/storage/v1")[0].removesuffix("/upload")
    path = f"storage/v1/b/{resource['bucket']}/o/{quote(resource['name'], safe='')}"
    media = f"{origin}/download/{path}?generation={resource['generation']}&alt=media"
    return resource | {"selfLink": f"{origin}/{path}", "mediaLink": media}
