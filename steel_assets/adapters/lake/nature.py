"""The file that says whether a lake holds simulated or real data, read without pandas."""

from __future__ import annotations

from typing import Any

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore

MARK = "lake.json"


def marked(store: ObjectStore) -> bool | None:
    """Whether it says simulated; None if it does not exist or is damaged (``Lake.simulated`` then finds out)."""
    return read_kept(store, MARK, _nature)


def _nature(content: Any) -> bool:
    """The content of the file; raises if it is damaged."""
    if not isinstance(content["simulated"], bool):
        raise ValueError("simulated must be true or false")
    return content["simulated"]
