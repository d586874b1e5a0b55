"""Selects the API keys that get the variant of an experiment: always the same keys for the same experiment.

The hash of a key's id and the experiment's id gives a number in [0, 1); the key's secret is not used. The numbers of two
experiments are independent. A key that has the variant keeps it when the share grows. Standard library only, for the service.
"""

from __future__ import annotations

import hashlib


def has_variant(key: str, experiment: str, share: float) -> bool:
    """Whether the key with id ``key`` is in the ``share`` (0-1) of keys that get the variant of ``experiment``."""
    return _place(key, experiment) < share


def _place(key: str, experiment: str) -> float:
    digest = hashlib.sha256(f"{experiment}:{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
