"""The parts of a publication: what each is before it was ever read, and which of them cannot become empty again."""

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
"""Every part and what it is before it was ever read."""

LASTING = frozenset({"latest", "prices", "issues", "scorecards", "metrics", "ledger", "champions"})
"""Parts that, once published, cannot honestly become empty: an empty reading means that a store is away."""

GONE = "nothing is there any more; what was read last is kept"


def emptied(name: str, content: Any, former: Any) -> bool:
    """Whether part ``name``, read as ``content``, has lost everything it was published with."""
    return name in LASTING and not content and bool(former)
