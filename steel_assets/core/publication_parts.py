"""The parts of a publication: their initial content, and which of them must not become empty again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMPTY: Mapping[str, Any] = {
    "catalogue": None,
    "withdrawn": [],
    "latest": {},
    "price_calendars": {},
    "prices": {},
    "exchange": None,
    "explanations": {},
    "champions": [],
    "sources": [],
    "issues": {},
    "scorecards": {},
    "ledger": [],
    "metrics": [],
    "costs": None,
    "quality": {},
    "drift": {},
    "analysis": {},
    "outlooks": {},
    "experiments": [],
}
"""Every part with its content before it is first read."""

LASTING = frozenset({"latest", "prices", "issues", "scorecards", "metrics", "ledger", "champions"})
"""Parts that, once published, cannot become empty: an empty result means that a store was not reachable."""

GONE = "nothing is there any more; what was read last is kept"


def emptied(name: str, content: Any, former: Any) -> bool:
    """Whether part ``name``, read as ``content``, has lost everything it was published with."""
    return name in LASTING and not content and bool(former)
