"""Every way in which a provider was seen to misbehave, by name; and which of them must do no harm at all."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from steel_assets_tests.chaos.proxy import Fault, Passing, send

LIMIT = 3.0
"""Seconds that a fault keeps a connection busy at most: longer than any collection in these tests waits."""

Rows = list[tuple[dict[str, Any] | list[Any], str | int]]


def _reset(connection: socket.socket, _: Passing) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _silent(connection: socket.socket, _: Passing) -> None:
    time.sleep(LIMIT)


def _drip(connection: socket.socket, passing: Passing) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {len(passing.body)}\r\n\r\n".encode())
    for at in range(int(LIMIT * 10)):
        connection.sendall(passing.body[at : at + 1])
        time.sleep(0.1)


def _headers_for_ever(connection: socket.socket, _: Passing) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for at in range(20_000):
        connection.sendall(f"x-{at}: {'y' * 80}\r\n".encode())


def _flood(connection: socket.socket, _: Passing) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 209715200\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" " * 2**20)


@cache
def _small_and_large() -> bytes:
    return gzip.compress(b"[" * (200 * 2**20), 1, mtime=0)


def _bomb(connection: socket.socket, _: Passing) -> None:
    send(connection, _small_and_large(), content_encoding="gzip")


def _raw(content: bytes) -> Fault:
    return lambda connection, _: connection.sendall(content)


def _cut(connection: socket.socket, passing: Passing) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(passing.body)}\r\n\r\n".encode()
    connection.sendall(head + passing.body[: len(passing.body) // 2])


def _chunks_broken(connection: socket.socket, passing: Passing) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFF\r\n" + passing.body[:100] + b"\r\nZZ\r\n")


def _says(body: bytes | str, status: int = 200, **headers: str) -> Fault:
    content = body.encode() if isinstance(body, str) else body
    return lambda connection, _: send(connection, content, status, **headers)


def _first(times: int, fault: Fault) -> Fault:
    """``fault`` for the first answers, then as it should be."""
    return lambda connection, passing: fault(connection, passing) if passing.number < times else send(connection, passing.body)


def _body(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    return lambda connection, passing: send(connection, change(passing.body), **headers)


def _json(change: Callable[[Any, str], Any]) -> Fault:
    """An answer whose JSON was changed; ``change`` is told the source."""

    def fault(connection: socket.socket, passing: Passing) -> None:
        send(connection, json.dumps(change(json.loads(passing.body), passing.source)).encode())

    return fault


def rows_of(body: Any, source: str) -> Any:
    """The list or mapping of an answer that holds its rows."""
    if source == "yahoo_finance":
        return body["chart"]["result"][0]
    if source == "alpha_vantage":
        return body["Time Series (Daily)"]
    return body["observations"] if source == "fred_api" else body


def _values(change: Callable[[Any], Any], newest: int | None = None) -> Fault:
    """Every figure of an answer changed, or only the ``newest`` ones of it."""

    def whole(body: Any, source: str) -> Any:
        rows = rows_of(body, source)
        if source == "yahoo_finance":
            closes = rows["indicators"]["quote"][0]["close"]
            first = len(closes) - newest if newest else 0
            closes[:] = [change(value) if at >= first else value for at, value in enumerate(closes)]
            return body
        name = {"alpha_vantage": "4. close", "fred_api": "value", "trading_economics": "Close"}[source]
        cells = list(rows.values()) if isinstance(rows, dict) else rows
        cells = sorted(cells, key=lambda cell: cell.get("date", "")) if source == "fred_api" else cells[::-1]
        for cell in cells[-newest if newest else 0 :]:
            cell[name] = change(cell[name])
        return body

    return _json(whole)


def _times(factor: float) -> Callable[[Any], Any]:
    def changed(value: Any) -> Any:
        if value is None or value == ".":
            return value
        return str(float(value) * factor) if isinstance(value, str) else value * factor

    return changed


def _twice(body: Any, source: str) -> Any:
    rows = rows_of(body, source)
    if source == "yahoo_finance":
        rows["timestamp"] *= 2
        rows["indicators"]["quote"][0]["close"] *= 2
    elif isinstance(rows, list):
        rows += list(rows)
        if source == "fred_api":
            body["count"] *= 2
    return body


def _backwards(body: Any, source: str) -> Any:
    rows = rows_of(body, source)
    if source == "yahoo_finance":
        rows["timestamp"].reverse()
        rows["indicators"]["quote"][0]["close"].reverse()
    elif isinstance(rows, dict):
        body["Time Series (Daily)"] = dict(reversed(rows.items()))
    else:
        rows.reverse()
    return body


def _years_ahead(body: Any, source: str) -> Any:
    rows = rows_of(body, source)
    if source == "yahoo_finance":
        rows["timestamp"].append(rows["timestamp"][-1] + 3 * 366 * 86_400)
        rows["indicators"]["quote"][0]["close"].append(1.0)
    elif source == "alpha_vantage":
        rows["2031-06-02"] = dict(next(iter(rows.values())))
    elif source == "fred_api":
        rows.append({**rows[-1], "date": "2031-06-02"})
        body["count"] += 1
    else:
        rows.insert(0, {**rows[0], "Date": "02/06/2031"})
    return body


def _renamed(body: Any, source: str) -> Any:
    return json.loads(json.dumps(body).replace("close", "settle").replace("Close", "Settle").replace('"value"', '"amount"'))


def _more_fields(body: Any, source: str) -> Any:
    rows = rows_of(body, source)
    for row in [rows] if source == "yahoo_finance" else rows.values() if isinstance(rows, dict) else rows:
        row["brand_new"] = {"field": [1, 2, {"deep": None}]}
    return body


def _cells(body: Any, source: str) -> tuple[Any, bool]:
    """The rows of an answer, and whether the oldest is the first."""
    rows = rows_of(body, source)
    return rows, source in ("fred_api", "yahoo_finance")


def _kept(body: Any, source: str, keep: Callable[[list[Any], bool], list[Any]]) -> Any:
    """An answer with only the rows that ``keep`` keeps, told whether the oldest is the first."""
    rows, ascending = _cells(body, source)
    if source == "yahoo_finance":
        closes = rows["indicators"]["quote"][0]["close"]
        pairs = keep(list(zip(rows["timestamp"], closes, strict=True)), ascending)
        rows["timestamp"] = [stamp for stamp, _ in pairs]
        rows["indicators"]["quote"][0]["close"] = [close for _, close in pairs]
    elif source == "alpha_vantage":
        body["Time Series (Daily)"] = dict(keep(list(rows.items()), ascending))
    else:
        rows[:] = keep(list(rows), ascending)
        if source == "fred_api":
            body["count"] = len(rows)
    return body


def _newest_two(body: Any, source: str) -> Any:
    return _kept(body, source, lambda rows, ascending: rows[-2:] if ascending else rows[:2])


def _oldest_two(body: Any, source: str) -> Any:
    return _kept(body, source, lambda rows, ascending: rows[:2] if ascending else rows[-2:])


def _dates_with(suffix: str) -> Callable[[Any, str], Any]:
    """Every day with a time of day and an offset; Yahoo's stamps as text."""

    def changed(body: Any, source: str) -> Any:
        rows = rows_of(body, source)
        if source == "yahoo_finance":
            rows["timestamp"] = [f"{stamp}{suffix}" for stamp in rows["timestamp"]]
        elif source == "alpha_vantage":
            body["Time Series (Daily)"] = {f"{day}{suffix}": bar for day, bar in rows.items()}
        elif source == "fred_api":
            for row in rows:
                row["date"] += suffix
        else:
            for row in rows:
                day, month, year = row["Date"].split("/")
                row["Date"] = f"{year}-{month}-{day}{suffix}"
        return body

    return changed


def _next_session(body: Any, source: str) -> Any:
    """Yahoo's live row of the evening session, stamped 17:05 in Chicago on the day of the last bar."""
    if source == "yahoo_finance":
        rows = rows_of(body, source)
        midnight = next(stamp for stamp in reversed(rows["timestamp"]) if stamp % 86_400 in (4 * 3600, 5 * 3600))
        rows["timestamp"].append(midnight + 18 * 3600 + 300)
        rows["indicators"]["quote"][0]["close"].append(111.11)
    return body


BURSTS = {
    "yahoo_finance": (429, "Too Many Requests"),
    "alpha_vantage": (
        200,
        '{"Information":"Please consider spreading out your requests more sparingly (1 request per second)."}',
    ),
    "fred_api": (429, '{"error_code":429,"error_message":"Too Many Requests.  Exceeded Rate Limit"}'),
    "trading_economics": (409, "You have reached the maximum requests per second."),
}
ONE_OF_SEVERAL = {
    "yahoo_finance": (400, '{"chart":{"result":null,"error":{"code":"Bad Request","description":"Invalid input"}}}'),
    "alpha_vantage": (200, '{"Information":"Thank you for using Alpha Vantage! This is a premium endpoint."}'),
    "fred_api": (
        400,
        '{"error_code":400,"error_message":"Bad Request.  The series does not exist in ALFRED but may exist in FRED."}',
    ),
    "trading_economics": (403, "No Access to this country as free user."),
}
BLOCK_PAGES = {
    "yahoo_finance": (401, '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'),
    "alpha_vantage": (403, "<html>Access denied</html>"),
    "fred_api": (403, "<html>Access denied</html>"),
    "trading_economics": (403, "<html>Access denied</html>"),
}
OWN_ERRORS = {
    "yahoo_finance": (404, '{"chart":{"result":null,"error":{"code":"Not Found","description":"symbol may be delisted"}}}'),
    "alpha_vantage": (200, '{"Error Message":"Invalid API call. Please retry or visit the documentation."}'),
    "fred_api": (400, '{"error_code":400,"error_message":"Bad Request.  The series does not exist."}'),
    "trading_economics": (403, "No Access to this country as free user."),
}
OWN_LIMITS = {
    "yahoo_finance": (429, "Too Many Requests"),
    "alpha_vantage": (200, '{"Information":"We have detected your key; our standard limit is 25 requests per day."}'),
    "fred_api": (429, '{"error_code":429,"error_message":"Too Many Requests.  Exceeded Rate Limit"}'),
    "trading_economics": (403, "You exceeded your API subscription limit for this month."),
}


def _own(errors: dict[str, tuple[int, str]]) -> Fault:
    def fault(connection: socket.socket, passing: Passing) -> None:
        status, body = errors[passing.source]
        send(connection, body.encode(), status)

    return fault


def _once(errors: dict[str, tuple[int, str]], times: int = 1) -> Fault:
    """The provider's own refusal for the first answers, then as it should be."""
    return _first(times, _own(errors))


HTML = "<!doctype html><html><body>Please verify that you are human</body></html>"

FAULTS: dict[str, Fault] = {
    "the connection is reset": _reset,
    "the connection is closed without a word": lambda connection, _: connection.close(),
    "no answer ever": _silent,
    "a byte at a time": _drip,
    "headers without end": _headers_for_ever,
    "headers, then nothing": _first(
        99, lambda c, p: (c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"), _silent(c, p))[0]
    ),
    "a body of 200 MB": _flood,
    "200 MB in a small gzip": _bomb,
    "a TLS alert on a plain line": _raw(b"\x15\x03\x01\x00\x02\x02\x28"),
    "no HTTP at all": _raw(b"220 ftp.example ready\r\n"),
    "a body cut off": _cut,
    "broken chunks": _chunks_broken,
    "gzip that is garbage": _says(b"\x1f\x8b" + b"garbage" * 20, content_encoding="gzip"),
    "gzip cut off": _body(lambda body: gzip.compress(body, mtime=0)[:-40], content_encoding="gzip"),
    "an encoding nobody asked for": _body(lambda body: b"\xce\xb2\xcf\x81" + body, content_encoding="br"),
    "a redirect to elsewhere": _says(b"", 302, location="http://127.0.0.2:9/login"),
    "a redirect in a circle": lambda connection, p: send(connection, b"", 302, location=f"/{p.source}/again"),
    "a redirect to a file": _says(b"", 301, location="file:///etc/passwd"),
    "429": _says("Too Many Requests", 429),
    "429, come back in an hour": _says("Too Many Requests", 429, retry_after="3600"),
    "429, come back at a date": _says("", 429, retry_after="Wed, 04 Mar 2026 09:00:00 GMT", date="Wed, 04 Mar 2026 08:00:00 GMT"),
    "429, and a clock that is years off": _says("", 429, retry_after="Mon, 01 Jan 2035 00:00:00 GMT", date="nonsense"),
    "429 once": _first(1, _says("Too Many Requests", 429, retry_after="0")),
    "500": _says('{"fault": true}', 500),
    "502 with a page": _says(HTML, 502),
    "503 in a burst": _first(2, _says("", 503, retry_after="0")),
    "504 for ever": _says("", 504),
    "its own error": _own(OWN_ERRORS),
    "its own limit": _own(OWN_LIMITS),
    "401": _says('{"message": "bad key"}', 401),
    "403": _says("Forbidden", 403),
    "404 page": _says(HTML, 404),
    "410": _says("the guest account has been discontinued.", 410),
    "200 and nothing": _says(b""),
    "204": _says(b"", 204),
    "a page instead of data": _says(HTML),
    "null": _says("null"),
    "an empty list": _says("[]"),
    "an empty object": _says("{}"),
    "a legacy limit in a note": _says('{"Note": "5 calls per minute and 500 calls per day"}'),
    "JSON cut in half": _body(lambda body: body[: len(body) // 2]),
    "JSON a hundred thousand deep": _says("[" * 100_000),
    "another character set": _body(lambda body: body.decode().encode("utf-16")),
    "bytes of no character set": _body(lambda body: body.replace(b'"', b'"\xff', 3)),
    "renamed fields": _json(_renamed),
    "new fields": _json(_more_fields),
    "every row twice": _json(_twice),
    "rows in the other order": _json(_backwards),
    "a row years ahead": _json(_years_ahead),
    "figures that are null": _values(lambda _: None),
    "figures that are words": _values(lambda _: "soon"),
    "figures that are infinite": _values(lambda _: "1e999"),
    "the newest price ten times": _values(_times(10.0), newest=1),
    "the newest price a hundredth": _values(_times(0.01), newest=1),
    "every price a hundred times": _values(_times(100.0)),
    "every price negative": _values(_times(-1.0)),
    "every price zero": _values(_times(0.0)),
    "only the newest rows": _json(_newest_two),
    "only the oldest rows": _json(_oldest_two),
    "dates with an offset": _json(_dates_with("T00:00:00+00:00")),
    "dates with a time that may be of two days": _json(_dates_with("T22:30:00-11:00")),
    "a live row of the next session": _json(_next_session),
    "a burst refused once": _once(BURSTS),
    "a burst refused for ever": _own(BURSTS),
    "one of several refused": _once(ONE_OF_SEVERAL),
    "an empty object for one of several": _first(1, _says("{}")),
    "a page that blocks": _own(BLOCK_PAGES),
    "a consent form": _says("<!DOCTYPE html><html><title>Yahoo is part of the Yahoo family of brands</title></html>"),
}

HARMLESS = frozenset(
    {"429 once", "503 in a burst", "a burst refused once", "new fields", "every row twice", "rows in the other order"}
)
"""Faults after which everything is there as if nothing had been."""

QUICK = {
    "yahoo_finance": ("no answer ever", "the newest price ten times", "503 in a burst", "a page instead of data"),
    "alpha_vantage": ("its own limit", "JSON cut in half", "every price a hundred times", "every row twice"),
    "fred_api": ("a byte at a time", "a row years ahead", "another character set", "renamed fields"),
    "trading_economics": ("the connection is reset", "gzip that is garbage", "rows in the other order", "every price negative"),
}
"""What `make test` tries; `make chaos` tries all on all."""
