"""Limits of a request's size, checked before anything in it is parsed, so that no request is expensive.

The figures are those of common reverse proxies (8 KiB a line), a little more than any browser sends.
"""

from __future__ import annotations

from collections.abc import Iterable

from steel_assets.serving.errors import RequestRefused

KIB = 1024
LONGEST_TARGET = 8 * KIB
LONGEST_HEADER = 8 * KIB
"""Bytes of one header's value, and of all cookies together."""

MOST_HEADERS = 100
LARGEST_HEAD = 32 * KIB
LARGEST_BODY = 64 * KIB
MOST_CHUNKS = 256
"""Of a body sent in chunks, since each chunk costs the same however small it is."""

MOST_PIECES = 512
"""Number of network reads in which a request may arrive, since each wakes the process."""

MOST_QUEUED = 16
"""Requests that a client may send on one connection before it has read the first answer."""


class HeadTooLarge(RequestRefused):
    """A request's line or headers exceed a limit; the message names it."""

    def __init__(self, what: str) -> None:
        super().__init__(431, what)


class TooLarge(RequestRefused):
    """A request's body exceeds the limit."""

    def __init__(self, what: str = f"a request may carry at most {LARGEST_BODY // KIB} KiB") -> None:
        super().__init__(413, what)


def check_target(target: bytes) -> None:
    """Refuse a path and query that are too long.

    Raises:
        RequestRefused: (414) they are.
    """
    if len(target) > LONGEST_TARGET:
        raise RequestRefused(414, f"path and query may take at most {LONGEST_TARGET // KIB} KiB")


def check_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check lengths and numbers of headers without parsing them.

    Raises:
        RequestRefused: (400, 431) a limit is exceeded.
    """
    count = size = cookies = hosts = 0
    for name, value in headers:
        count += 1
        size += len(name) + len(value)
        if len(value) > LONGEST_HEADER or len(name) > LONGEST_HEADER:
            raise HeadTooLarge(f"a header may take at most {LONGEST_HEADER // KIB} KiB")
        if name == b"cookie":
            cookies += len(value)
        elif name == b"host":
            hosts += 1
    if count > MOST_HEADERS:
        raise HeadTooLarge(f"a request may have at most {MOST_HEADERS} headers")
    if cookies > LONGEST_HEADER:
        raise HeadTooLarge(f"cookies may take at most {LONGEST_HEADER // KIB} KiB together")
    if size > LARGEST_HEAD:
        raise HeadTooLarge(f"headers may take at most {LARGEST_HEAD // KIB} KiB")
    if hosts > 1:
        raise RequestRefused(400, "a request must name one Host")
