"""Small JSON documents that carry their own checksum, so that a damaged one is refused before anything in it is believed.

The seal finds damage and torn writes. It is no signature: whoever may write the store may seal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"


class Damaged(ValueError):
    """The bytes are not what was sealed."""


def seal(document: Mapping[str, Any]) -> bytes:
    """``document`` as JSON in its one canonical form, with the checksum of all the rest under ``sha256``.

    Raises:
        ValueError: the document is not plain JSON, has numbers that JSON lacks (NaN, infinity), or a key ``sha256``.
    """
    if SEAL in document:
        raise ValueError(f"a sealed document cannot have a key {SEAL!r} of its own")
    try:
        body = _canonical(document)
        if json.loads(body) != document:
            raise ValueError("it would be read back differently: use text as keys, and lists")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not plain JSON: {error}") from error
    return _canonical({**document, SEAL: hashlib.sha256(body).hexdigest()})


def unseal(content: bytes) -> dict[str, Any]:
    """The document sealed in ``content``, without its seal.

    Raises:
        Damaged: any byte differs from what ``seal`` returned.
    """
    try:
        document = json.loads(content)
        stated = document.pop(SEAL)
        intact = seal(document) == content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"not a sealed document: {error}") from error
    if not intact:
        raise Damaged(f"its content does not fit its seal {stated!r}")
    return document


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
