"""Which API keys get the variant of an experiment: the same ones for as long as it is called the same.

A key's place in an experiment is a number in [0, 1) that its id and the experiment's id make; its secret plays no part. Places in
two experiments are independent. Who has the variant keeps it when the share grows. Standard library only, for the service.
"""

from __future__ import annotations

import hashlib


def has_variant(key: str, experiment: str, share: float) -> bool:
    """Whether the key with the id ``key`` is one of the ``share`` (0-1) of all keys that get the variant of ``experiment``."""
    return _place(key, experiment) < share


def _place(key: str, experiment: str) -> float:
    digest = hashlib.sha256(f"{experiment}:{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
