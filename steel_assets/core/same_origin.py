"""Whether a browser's request comes from a page of the same server. Pure: takes headers, returns a reason.

Any page on the web can make a visitor's browser send simple requests to any address, including loopback; it cannot choose what
the browser writes into ``Origin``, ``Sec-Fetch-Site`` and ``Host`` (Fetch standard; Fetch Metadata). Programs other than browsers
send neither of the first two and are not refused.
"""

from __future__ import annotations

from collections.abc import Iterable

HERE = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site: a page of this server, or a person (a typed address, a bookmark)."""

WATCHED = {b"host": "Host", b"origin": "Origin", b"sec-fetch-site": "Sec-Fetch-Site"}


def from_elsewhere(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request counts as sent by a page of another server, in words; None if it does not.

    Args:
        headers: of the request, names in lower case.
    """
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in WATCHED:
            if name in found:
                return f"the header {WATCHED[name]} is there twice"
            found[name] = value.decode("latin-1").strip().lower()
    site, origin, host = (found.get(name) for name in (b"sec-fetch-site", b"origin", b"host"))
    if site is not None and site not in HERE:
        return f"a page of another server sent it (Sec-Fetch-Site: {site[:40]})"
    if origin is not None and (not host or origin not in (f"http://{host}", f"https://{host}")):
        return "a page of another server sent it (its Origin is not this Host)"
    return None
