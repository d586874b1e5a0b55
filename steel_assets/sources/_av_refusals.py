"""Alpha Vantage's refusals: a text under Note, Information or Error Message, always with HTTP 200, as errors."""

from __future__ import annotations

import re

from steel_assets.sources._connector import Exhausted, RateLimited, SourceError
from steel_assets.sources._refusals import quoted

REMEDY = "check the symbol in the catalogue and STEEL_ALPHA_VANTAGE_API_KEY"
PAID = (
    "it needs a paid key: set STEEL_ALPHA_VANTAGE_OUTPUTSIZE=compact if it is set to full, or take another symbol or source for "
    "the series"
)
UNKNOWN = (
    "it has nothing to say about this symbol: set STEEL_ALPHA_VANTAGE_OUTPUTSIZE=compact if it is set to full, or take another "
    "symbol or source for the series; it is asked again at the next collection"
)

A_SECOND = re.compile(r"(requests?|calls?) per second|more sparingly|burst", re.IGNORECASE)
A_MINUTE = re.compile(r"(requests?|calls?) per minute|call frequency", re.IGNORECASE)
A_DAY = re.compile(r"(requests?|calls?) per day|daily (rate )?limit|rate limit", re.IGNORECASE)
A_PAID_FUNCTION = re.compile(r"(is|are)( only)?( an?| for)? premium", re.IGNORECASE)
THE_KEY = re.compile(r"api ?key", re.IGNORECASE)
"""The paid function is looked for first, then the shorter time: a refusal of a burst names the day's limit too."""

AFTER_A_SECOND = (1.2, 2.4, 5.0, 10.0)
AFTER_A_MINUTE = (13.0, 47.0)
"""Seconds. Five calls a minute are one each twelve seconds; after a whole minute all five are free."""


def refusal(error: object, note: object, information: object, content: bytes) -> SourceError:
    """The error for an answer without data: Busy for a burst, Exhausted for the day's budget or the key, else the symbol's."""
    text = " ".join(str(words) for words in (error, note, information) if words is not None)
    what = f"Alpha Vantage answered without data: {quoted(content)}"
    if A_PAID_FUNCTION.search(text):
        return SourceError(f"{what}; {PAID}")
    if A_SECOND.search(text):
        return RateLimited(what, AFTER_A_SECOND)
    if A_MINUTE.search(text):
        return RateLimited(what, AFTER_A_MINUTE)
    if A_DAY.search(text):
        return Exhausted(f"{what}; it is asked again at the next collection")
    if THE_KEY.search(text):
        return Exhausted(f"Alpha Vantage refused: {quoted(content)}; {REMEDY}")
    if error is not None:
        return SourceError(f"Alpha Vantage refused: {quoted(content)}; {REMEDY}")
    return SourceError(f"{what}; {UNKNOWN}", None if text or content.strip() == b"{}" else content)
