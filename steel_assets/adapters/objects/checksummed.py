"""Small JSON documents with their own checksum, so that a damaged one is refused before its content is used.

The checksum detects damage and incomplete writes; any program can compute it. With a key (STEEL_SIGNING_KEY) a document is also
signed (HMAC-SHA256 over the same content), and one that is not is refused: then only a holder of the key can write accepted
documents.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from steel_assets.core.problem import Problem

LARGEST = 16 * 2**20
SEAL = "sha256"
SIGNATURE = "hmac_sha256"


class Damaged(Problem, ValueError):
    """The bytes are not what was written."""


class NotSigned(Damaged):
    """The bytes are intact, but not signed with this installation's key."""


def checksummed(document: Mapping[str, Any], key: bytes | None = None) -> bytes:
    """``document`` as canonical JSON with a checksum of the rest, and with ``key`` a signature.

    Raises:
        ValueError: the document is not plain JSON, has numbers that JSON lacks (NaN, infinity), or uses a reserved key.
    """
    if SEAL in document or SIGNATURE in document:
        raise ValueError(f"a sealed document cannot have a key {SEAL!r} or {SIGNATURE!r} of its own")
    body = _body(document)
    return _with_checksum(document, body, sign(body, key) if key else None)


def unseal(content: bytes, key: bytes | None = None) -> dict[str, Any]:
    """The document in ``content``, verified, without checksum and signature.

    Raises:
        NotSigned: a key is given, and the signature is missing or of another key.
        Damaged: a byte differs from what ``checksummed`` returned.
    """
    if len(content) > LARGEST:
        raise Damaged(f"it has {len(content):,} bytes, at most {LARGEST:,} are read")
    try:
        document = json.loads(content)
        stated, signature = document.pop(SEAL), document.pop(SIGNATURE, None)
        body = _body(document)
        intact = _with_checksum(document, body, signature) == content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"not a sealed document: {error}") from error
    if not intact:
        raise Damaged(f"its content does not fit its seal {stated!r}")
    if key and not hmac.compare_digest(str(signature).encode(), sign(body, key).encode()):
        raise NotSigned(f"it is {'signed with another key' if signature else 'not signed'}, and STEEL_SIGNING_KEY is set")
    return document


def sign(content: bytes, key: bytes) -> str:
    """The signature of ``content`` in hexadecimal."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _body(document: Mapping[str, Any]) -> bytes:
    try:
        body = _canonical(document)
        if json.loads(body) != document:
            raise ValueError("it would be read back differently: use text as keys, and lists")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not plain JSON: {error}") from error
    return body


def _with_checksum(document: Mapping[str, Any], body: bytes, signature: Any) -> bytes:
    signed = {} if signature is None else {SIGNATURE: signature}
    return _canonical({**document, SEAL: hashlib.sha256(body).hexdigest(), **signed})


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
