"""Finds a secret in text from others, however it is escaped: providers repeat keys in answers and errors."""

from __future__ import annotations

import base64
import re
from functools import lru_cache

BLOT = b"***"


def blotted(content: bytes, secret: str) -> bytes:
    r"""``content`` with every form of ``secret`` replaced.

    Found are, also mixed: plain text, URL escapes (``%2F``), those of URL escapes (``%252F``), JSON's (``\/``, ``\u002f``),
    HTML's (``&#47;``, ``&#x2f;``, ``&amp;``), and the secret inside of base64 and base64url at any of its three alignments.
    """
    return _writings(secret).sub(BLOT, content)


def holds(content: bytes, secret: str) -> bool:
    """Whether ``secret`` is in ``content``, in any of these forms."""
    return _writings(secret).search(content) is not None


@lru_cache(maxsize=64)
def _writings(secret: str) -> re.Pattern[bytes]:
    escaped = b"".join(_any_escape(character) for character in secret)
    return re.compile(b"|".join([escaped, *map(re.escape, _in_base64(secret.encode()))]))


def _any_escape(character: str) -> bytes:
    raw = character.encode()
    number = ord(character)
    percent = b"".join(b"%%(?:25)*%s" % _hex(b"%02x" % byte) for byte in raw)
    ways = [
        re.escape(raw),
        percent,
        rb"\\+u" + _hex(b"%04x" % number),
        rb"\\+x" + _hex(b"%02x" % number),
        b"&#0*%d;" % number,
        b"&#[xX]0*" + _hex(b"%x" % number) + b";",
    ]
    named = {"&": b"&amp;", "<": b"&lt;", ">": b"&gt;", '"': b"&quot;", "'": b"&apos;", " ": rb"\+"}
    if character in named:
        ways.append(named[character])
    if character in "/\"\\'":
        ways.append(rb"\\+" + re.escape(raw))
    return b"(?:" + b"|".join(ways) + b")"


def _hex(digits: bytes) -> bytes:
    """Hexadecimal digits in either case."""
    return b"".join(b"[%c%c]" % (d, d - 32) if 97 <= d <= 122 else b"%c" % d for d in digits)


def _in_base64(secret: bytes) -> list[bytes]:
    """The parts of base64 that depend only on the secret, at each alignment."""
    found = set()
    for before in range(3):
        coded = base64.b64encode(bytes(before) + secret)
        core = coded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return sorted((secret for secret in found if secret), key=len, reverse=True)
