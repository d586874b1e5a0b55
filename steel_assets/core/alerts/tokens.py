"""The link in a message by which whoever got it acknowledges its incident: what it says is in it, signed and good for a week.

It opens nothing else: it names one case, and is void once that case is over or somebody looks after it.
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
"""Before what is signed: no signature passes for one of something else."""

SHAPE = re.compile(r"([0-9a-f]{12})\.([a-z][a-z0-9_]{0,31})\.([0-9a-f]{8})\.([0-9a-f]{32})")


class BadToken(Problem, ValueError):
    """The link is not one of ours, or too old."""


@dataclass(frozen=True)
class Claim:
    """What a link says: the case, and over which channel it was sent."""

    case: str
    channel: str


def token(key: bytes, case: str, channel: str, now: datetime) -> str:
    """What the link in a message about ``case``, sent over ``channel`` at ``now``, carries."""
    claim_text = f"{case}.{channel}.{int((now + LASTS).timestamp()):08x}"
    return f"{claim_text}.{_signature(key, claim_text)}"


def claim(key: bytes, text: str, now: datetime) -> Claim:
    """What ``text`` says. Raises BadToken, also for everything that is no token at all."""
    parts = SHAPE.fullmatch(text)
    if parts is None or not hmac.compare_digest(parts[4], _signature(key, text.rpartition(".")[0])):
        raise BadToken("this link is not one that Steel Assets sent; open it from the message, whole")
    if datetime.fromtimestamp(int(parts[3], 16), UTC) < now:
        raise BadToken("this link is older than a week; look with `steel alerts list`")
    return Claim(parts[1], parts[2])


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, MEANING + text.encode(), hashlib.sha256).hexdigest()[:32]
