"""Signed tokens of the links in messages; each permits one action only.

One acknowledges an incident: it names one case, is valid for a week, and is void once that case ended or somebody looks after it.
The other removes a price watch: it names one watch, and is void once that is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from steel_assets.core.problem import Problem

LASTS = timedelta(days=7)
MEANING = b"steel-assets/acknowledge/"
"""Prefix of the signed text, so that no signature made for another purpose is accepted."""

REMOVING = b"steel-assets/unsubscribe/"
"""The same for the other link."""

REMOVES = re.compile(r"([0-9a-f]{12})\.([0-9a-f]{32})")
SHAPE = re.compile(r"([0-9a-f]{12})\.([a-z][a-z0-9_]{0,31})\.([0-9a-f]{8})\.([0-9a-f]{32})")


class BadToken(Problem, ValueError):
    """The token is not valid, or too old."""


@dataclass(frozen=True)
class LinkClaims:
    """The content of a token: the case, and the channel over which it was sent."""

    case: str
    channel: str


def token(key: bytes, case: str, channel: str, now: datetime) -> str:
    """The token for the link in a message about ``case``, sent over ``channel`` at ``now``."""
    claim_text = f"{case}.{channel}.{int((now + LASTS).timestamp()):08x}"
    return f"{claim_text}.{_signature(key, claim_text)}"


def claim(key: bytes, text: str, now: datetime) -> LinkClaims:
    """The content of ``text``.

    Raises:
        BadToken: it is not a valid token.
    """
    parts = SHAPE.fullmatch(text)
    if parts is None or not hmac.compare_digest(parts[4], _signature(key, text.rpartition(".")[0])):
        raise BadToken("this link is not one that Steel Assets sent; open it from the message, whole")
    if datetime.fromtimestamp(int(parts[3], 16), UTC) < now:
        raise BadToken("this link is older than a week; look with `steel alerts list`")
    return LinkClaims(parts[1], parts[2])


def removal_token(key: bytes, watch: str) -> str:
    """The token for the link that removes the price watch of that id."""
    return f"{watch}.{_signature(key, watch, REMOVING)}"


def removal(key: bytes, text: str) -> str:
    """The id of the watch that ``text`` removes.

    Raises:
        BadToken: it is not a valid token.
    """
    found = REMOVES.fullmatch(text)
    if found is None or not hmac.compare_digest(found[2], _signature(key, found[1], REMOVING)):
        raise BadToken("this link is not one that Steel Assets sent; open it from the message, whole")
    return found[1]


def _signature(key: bytes, text: str, meaning: bytes = MEANING) -> str:
    return hmac.new(key, meaning + text.encode(), hashlib.sha256).hexdigest()[:32]
