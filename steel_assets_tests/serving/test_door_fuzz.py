"""Broken requests to the doors that the API's documentation does not know: login, logout, the one-time link, cookies.

Requests that a browser would send are mutated byte by byte and sent over a socket of their own.
"""

from __future__ import annotations

import json
import random
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steel_assets.serving.access import FIRST_LOOK
from steel_assets.serving.connection_limits import BoundedProtocol
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets_tests.serving.running import answering

pytestmark = pytest.mark.slow

AMOUNTS = pytest.mark.parametrize("amount", [600, pytest.param(20_000, marks=pytest.mark.chaos)])
PIECES = [
    b"\r\n",
    b"\0",
    b"%00",
    b"%ff",
    b"\xff",
    b'"',
    b"\\",
    b";",
    b"=",
    b"&",
    b":",
    b" ",
    b"\t",
    b"..",
    b"//",
    b"-1",
    b"a" * 9000,
]
PIECES += [
    b"Host: evil.example\r\n",
    b"Origin: null\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Cookie: a\r\n",
]
PIECES += [
    b"X-Forwarded-User: admin\r\n",
    b"X-Forwarded-For: 127.0.0.1\r\n",
    b"Forwarded: for=127.0.0.1\r\n",
    b"HTTP/0.9",
    b"HTTP/2.0",
]
STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "seconds", 0.05)  # as long as half a request is waited for


def browsers_requests(port: int, token: str) -> list[bytes]:
    """What a browser sends to these doors; ``token`` is what lets it in."""
    own = f"Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nAccept-Language: es,en;q=0.5\r\n".encode()
    cookie = f"Cookie: steel_language=es; steel_session={token}\r\n".encode()
    form, multipart = (
        b"key=wrong.key&next=%2Fdashboard",
        b"--b\r\nContent-Disposition: form-data; name=key\r\n\r\nwrong\r\n--b--\r\n",
    )
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
    parts = b"Content-Type: multipart/form-data; boundary=b\r\n"
    return [
        b"GET /dashboard HTTP/1.1\r\n" + own + cookie + b"\r\n",
        b"GET /dashboard/login HTTP/1.1\r\n" + own + cookie + b"\r\n",
        b"GET /v1/alerts HTTP/1.1\r\n" + own + cookie + f"X-API-Key: {token}\r\n\r\n".encode(),
        b"GET " + f"{FIRST_LOOK}?token={token}".encode() + b" HTTP/1.1\r\n" + own + b"\r\n",
        b"POST /dashboard/login HTTP/1.1\r\n" + own + kind + b"Content-Length: %d\r\n\r\n" % len(form) + form,
        b"POST /dashboard/login HTTP/1.1\r\n" + own + parts + b"Content-Length: %d\r\n\r\n" % len(multipart) + multipart,
        b"POST /dashboard/logout HTTP/1.1\r\n" + own + kind + b"Content-Length: 0\r\n\r\n",
        b"POST /update-data HTTP/1.1\r\n" + own + cookie + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    ]


def mutated(requests: Sequence[bytes], amount: int, token: str, seed: int) -> Iterator[bytes]:
    """``amount`` of them, with another token, each changed in one to four places."""
    rng = random.Random(seed)  # noqa: S311  the same requests every time
    for _ in range(amount):
        request = rng.choice(requests).replace(token.encode(), bytes(rng.choices(token.encode(), k=len(token))))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(request) + 1)
            end = min(len(request), place + rng.choice([0, 0, 1, 8, 60]))
            piece = rng.choice([b"", rng.choice(PIECES), rng.randbytes(3), request[place:end] * 2])
            request = request[:place] + piece + request[end:]
        yield request


def answer_to(port: int, request: bytes) -> bytes:
    """All that is answered; nothing where the service hung up."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as one, suppress(ConnectionError):
        one.sendall(request)
        one.shutdown(socket.SHUT_WR)
        while piece := one.recv(65536):
            said += piece
    return said


def told(port: int, request: bytes) -> set[int]:
    """The statuses of all answers to ``request``, which open nothing."""
    said = answer_to(port, request)
    statuses = {int(found) for found in STATUS.findall(said)}
    assert not said or said.startswith(b"HTTP/1.1 "), request
    assert max(statuses, default=0) < 500 or statuses == {503}, (request, said[:500])
    assert b"steel_session=" not in said.replace(b'steel_session=""', b""), (request, said[:500])
    assert b"Traceback" not in said
    assert b'id="logout"' not in said
    return statuses


@AMOUNTS
def test_no_broken_request_to_a_door_opens_it_or_is_an_error_of_the_service(
    tmp_path: Path, amount: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = KeyStore(tmp_path / KEY_FILE)
    made, key = store.create("reader", ["read"], datetime.now(UTC))
    with answering(tmp_path) as (service, port):
        session = service.access.sessions.begin(made.id, datetime.now(UTC).timestamp())
        whole = browsers_requests(port, session)
        assert answer_to(port, whole[0]).startswith(b"HTTP/1.1 200 "), "the session is a right one"
        seen: set[int] = set()
        for request in mutated(whole, amount, session, seed=3):
            seen |= told(port, request)
        assert seen >= {303, 400, 401, 403}
        assert answer_to(port, whole[0]).startswith(b"HTTP/1.1 200 "), "and still is"
        assert json.loads(answer_to(port, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")[2])
    assert "Traceback" not in caplog.text
    assert session not in caplog.text
    assert key not in caplog.text


@AMOUNTS
def test_no_broken_request_uses_the_one_time_link_up_or_comes_in_without_it(tmp_path: Path, amount: int) -> None:
    with answering(tmp_path) as (service, port):
        link = str(service.access.first_look)
        token = link.partition("token=")[2]
        for request in mutated(browsers_requests(port, token)[:5], amount, token, seed=4):
            told(port, request)
        assert service.access.first_look == link
        right = f"GET {link} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        assert b"steel_session=" in answer_to(port, right)
        assert answer_to(port, right).startswith(b"HTTP/1.1 401 "), "it opens once"
