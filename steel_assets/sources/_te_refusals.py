"""Trading Economics' refusals, in plain text with any status, sometimes 200; and its limits of an answer."""

from __future__ import annotations

import re

from steel_assets.core.responses import Response
from steel_assets.sources._connector import Access, Exhausted, RateLimited, ResponseLimits
from steel_assets.sources._refusals import LONGEST_QUOTE, accepted, quoted

LIMITS = ResponseLimits(rows=10_000, events=1_000, url_letters=260)
"""As documented: rows of prices, rows of the calendar, letters of a URL. Besides, calls less than 200 ms apart are refused."""

REMEDY = "check STEEL_TRADING_ECONOMICS_API_KEY, what it is subscribed to, and the symbol in the catalogue"
JSON = (b"[", b"{")
ABOUT_THE_CALLER = re.compile(rb"limit|credential|discontinued|exceeded|unauthori[sz]ed", re.IGNORECASE)
"""Words after which further calls are pointless. Whether an answer is a refusal is not determined by words."""

TOO_FAST = re.compile(rb"requests? per (second|minute)|too many requests", re.IGNORECASE)
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait after calls that came less than 200 ms apart."""


def content_of(response: Response, access: Access) -> bytes:
    """The content of an answer that was not refused. Raises as ``accepted``, and RateLimited for calls that came too fast."""
    content = access.without_key(response.content)
    in_words = not content.lstrip().startswith(JSON)
    message = f"Trading Economics refused ({response.status}): {quoted(content)}; {REMEDY}"
    if response.status == 409 or ((response.status != 200 or in_words) and TOO_FAST.search(content[:LONGEST_QUOTE])):
        raise RateLimited(f"Trading Economics refused ({response.status}): {quoted(content)}", PAUSES)
    if in_words and ABOUT_THE_CALLER.search(content[:LONGEST_QUOTE]):
        raise Exhausted(message)
    return accepted(response, "Trading Economics", REMEDY, access)
