"""What the storage server holds: buckets, objects, generations, and the preconditions on them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import google_crc32c

from steel_assets_tests.google.faults import NotServed, Refusal

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
BUCKET_FIELDS = frozenset({"name", "location", "lifecycle"})
OBJECT_FIELDS = frozenset({"name", "contentType", "metadata", "crc32c", "md5Hash"})
PAGE = 1000


@dataclass
class Object:
    """One object: what is told about it, and its content."""

    resource: dict[str, Any]
    content: bytes

    @property
    def generation(self) -> str:
        return str(self.resource["generation"])


@dataclass
class Bucket:
    """One bucket. There are no older generations: what is overwritten is gone."""

    resource: dict[str, Any]
    objects: dict[str, Object] = field(default_factory=dict)


@dataclass
class Buckets:
    """Everything the server holds. Generations only grow, over all objects."""

    named: dict[str, Bucket] = field(default_factory=dict)
    generation: int = 1_700_000_000_000_000

    def insert(self, body: Mapping[str, Any]) -> dict[str, Any]:
        _only(body, BUCKET_FIELDS, "a bucket")
        name = str(body.get("name", ""))
        if not BUCKET_NAME.fullmatch(name):
            raise Refusal(400, f"Invalid bucket name: '{name}'", "invalid")
        if name in self.named:
            raise Refusal(409, "Your previous request to create the named bucket succeeded and you already own it.", "conflict")
        told = {"kind": "storage#bucket", "id": name, "location": "US", "storageClass": "STANDARD", "metageneration": "1"}
        self.named[name] = Bucket({**told, **body, "timeCreated": _now(), "updated": _now()})
        return self.named[name].resource

    def bucket(self, name: str) -> Bucket:
        if name not in self.named:
            raise Refusal(404, "The specified bucket does not exist.", "notFound")
        return self.named[name]

    def patch(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        _only(body, frozenset({"lifecycle"}), "a change of a bucket")
        resource = self.bucket(name).resource
        resource.update(body, updated=_now(), metageneration=str(int(resource["metageneration"]) + 1))
        return resource

    def find(self, bucket: str, name: str, generation: str | None = None) -> Object:
        found = self.bucket(bucket).objects.get(name)
        if found is None or generation not in (None, found.generation):
            raise Refusal(404, f"No such object: {bucket}/{name}", "notFound")
        return found

    def check(self, bucket: str, name: str, generation: str | None) -> None:
        """Refuse unless the live object has this generation; 0 means that there is none."""
        if generation is None:
            return
        if not generation.isdecimal():
            raise Refusal(400, f"Invalid unsigned integer value: '{generation}'.", "invalid")
        live = self.bucket(bucket).objects.get(name)
        if int(generation) != (int(live.generation) if live else 0):
            raise Refusal(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet")

    def write(self, bucket: str, body: Mapping[str, Any], content: bytes, generation: str | None) -> dict[str, Any]:
        """Write an object whole, when its checksums and its precondition hold."""
        _only(body, OBJECT_FIELDS, "an object")
        name = _object_name(body)
        self.check(bucket, name, generation)
        crc32c = base64.b64encode(google_crc32c.Checksum(content).digest()).decode()
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        for given, true in (("crc32c", crc32c), ("md5Hash", md5)):
            if body.get(given, true) != true:
                raise Refusal(400, f'Provided {given} "{body[given]}" doesn\'t match calculated {given} "{true}".', "invalid")
        self.generation += 1
        resource = {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{self.generation}",
            "name": name,
            "bucket": bucket,
            "generation": str(self.generation),
            "metageneration": "1",
            "contentType": body.get("contentType") or "application/octet-stream",
            "metadata": dict(body.get("metadata") or {}),
            "size": str(len(content)),
            "crc32c": crc32c,
            "md5Hash": md5,
            "etag": f"E{self.generation}",
            "storageClass": "STANDARD",
            "timeCreated": _now(),
            "updated": _now(),
        }
        self.bucket(bucket).objects[name] = Object(resource, content)
        return resource

    def delete(self, bucket: str, name: str, generation: str | None) -> None:
        self.find(bucket, name)
        self.check(bucket, name, generation)
        del self.bucket(bucket).objects[name]

    def page(self, bucket: str, prefix: str, size: int, after: str) -> dict[str, Any]:
        """Objects by name after ``after``, at most ``size``; the last name is the token of the next page."""
        objects = self.bucket(bucket).objects
        names = sorted((n for n in objects if n.startswith(prefix) and n > after), key=str.encode)
        shown = names[: min(size, PAGE)]
        listing: dict[str, Any] = {"kind": "storage#objects", "items": [objects[name].resource for name in shown]}
        if len(names) > len(shown):
            listing["nextPageToken"] = base64.urlsafe_b64encode(json.dumps(shown[-1]).encode()).decode()
        return listing


def _object_name(body: Mapping[str, Any]) -> str:
    name = str(body.get("name") or "")
    if not name or len(name.encode()) > 1024 or "\r" in name or "\n" in name or name in (".", ".."):
        raise Refusal(400, f"Invalid object name: {name[:40]!r}", "invalid")
    return name


def _only(body: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = {name for name, value in body.items() if name not in known and value not in (None, {}, [], "")}
    if unknown:
        raise NotServed(f"{what} with {', '.join(sorted(unknown))}")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
