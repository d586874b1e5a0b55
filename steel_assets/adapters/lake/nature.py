"""The file that says which data a lake holds, simulated or real; to read it needs no pandas."""

from __future__ import annotations

from typing import Any

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore

MARK = "lake.json"


def marked(store: ObjectStore) -> bool | None:
    """What the mark says; None where there is none, or it is damaged (then ``Lake.simulated`` finds out)."""
    return read_kept(store, MARK, _nature)


def _nature(content: Any) -> bool:
    """What the mark says. Raises what a mark that is damaged makes it raise."""
    if not isinstance(content["simulated"], bool):
        raise ValueError("simulated must be true or false")
    return content["simulated"]
