"""Reading a cookie, in time that grows with its length and no faster.

``http.cookies`` unquotes in quadratic time before Python 3.11.10 and 3.12.7 (CVE-2024-7592), so nothing of a request is given to
it. Our own cookies need no unquoting.
"""

from __future__ import annotations


def cookie(header: str, name: str) -> str | None:
    """The value of the first cookie called ``name`` in a ``Cookie`` header, as it was sent; None when there is none."""
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            return value.strip()
    return None
