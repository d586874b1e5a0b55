"""How Trading Economics refuses: in plain text, with whatever status, sometimes 200."""

from __future__ import annotations

import re

from steel_assets.core.answers import Answer
from steel_assets.sources._answers import LONGEST_QUOTE, accepted, quoted
from steel_assets.sources._contract import Access, Exhausted

REMEDY = "check STEEL_TRADING_ECONOMICS_API_KEY, what it is subscribed to, and the symbol in the catalogue"
JSON = (b"[", b"{")
ABOUT_THE_CALLER = re.compile(rb"limit|credential|discontinued|exceeded|unauthori[sz]ed", re.IGNORECASE)
"""Words by which further calls are spared. Whether an answer is a refusal is never told by words."""


def content_of(answer: Answer, access: Access) -> bytes:
    """The content of an answer that was not refused. Raises as ``accepted`` does."""
    content = access.without_key(answer.content)
    if not content.lstrip().startswith(JSON) and ABOUT_THE_CALLER.search(content[:LONGEST_QUOTE]):
        raise Exhausted(f"Trading Economics refused ({answer.status}): {quoted(content)}; {REMEDY}")
    return accepted(answer, "Trading Economics", REMEDY, access)
