"""How Yahoo Finance blocks a client: endless 429, a page instead of data, a consent form, a crumb."""

from __future__ import annotations

import re

from steel_assets.core.responses import HttpError, Response
from steel_assets.sources._connector import Access, Blocked
from steel_assets.sources._refusals import quoted

SHUT_OUT = frozenset({401, 403, 999})
WORDS = re.compile(
    rb"crumb|cookie|unauthori[sz]ed|too many requests|consent|captcha|forbidden|access denied|unable to access|right back|robot",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"consent|guce|login", re.IGNORECASE)
DATA, NO_DATA = b'{"chart"', b'"result":null'
WHAT_TO_DO = (
    "wait (it is asked less and less until it answers again), ask less (fewer series, fewer collections a day), ask from another "
    "network, or take the series from another source or a file (steel import). It may also tell programs from browsers by how "
    "they open a TLS connection (its fingerprint), which no setting here changes"
)


def blocked(error: HttpError) -> Blocked | None:
    """The block that a failure means; None if it is not one."""
    shut = error.kind == "limited" or error.status in SHUT_OUT
    if shut or (error.kind == "redirect" and ELSEWHERE.search(str(error))):
        return _blocked(str(error), retry_after=error.retry_after)
    return None


def refuse_block(response: Response, access: Access) -> None:
    """Refuse an answer by which Yahoo blocks this client.

    Raises:
        Blocked: it is one.
    """
    content = access.without_key(response.content)
    start = content.lstrip()[:2000]
    page = start.startswith(b"<") and response.status == 200
    compact = start.replace(b" ", b"")
    in_words = (not compact.startswith(DATA) or NO_DATA in compact) and WORDS.search(start) and response.status != 404
    if response.status in SHUT_OUT or page or in_words:
        raise _blocked(f"it answered ({response.status}) {quoted(content)}", content if page else None)


def _blocked(what: str, content: bytes | None = None, retry_after: float | None = None) -> Blocked:
    return Blocked(f"Yahoo blocks this client: {what}; {WHAT_TO_DO}", content, retry_after)
