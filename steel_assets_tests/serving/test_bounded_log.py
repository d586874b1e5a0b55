"""A log that nobody can flood, whatever is sent for an hour, with a clock that passes a second a request."""

from __future__ import annotations

import io
import itertools
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from steel_assets.serving.bounded_log import HOUR, MOST, BoundedLog, bound_log
from steel_assets.serving.connection_limits import BoundedProtocol
from steel_assets_tests.serving.running import answering

MOST_LINES = 200
SECONDS = 3600
HEAD = b"POST /dashboard/login HTTP/1.1\r\nHost: x\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = b"Content-Type: multipart/form-data; boundary=b\r\n"
JSON = b"Content-Type: application/json\r\n"


def posted(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


MALFORMED: dict[str, Callable[[int], bytes]] = {
    "raw bytes": lambda number: bytes(number * place % 251 for place in range(1, 200)) + b"\r\n\r\n",
    "no request": lambda number: b"nonsense %d\r\n\r\n" % number,
    "TLS on the plain port": lambda number: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + number.to_bytes(32, "big"),
    "HTTP/2": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bad cookie": lambda number: b'GET /dashboard HTTP/1.1\r\nHost: x\r\nCookie: steel_session="\\%d\xff; =;;\r\n\r\n' % number,
    "bad host": lambda number: b"GET /dashboard HTTP/1.1\r\nHost: \xff[%d\r\n\r\n" % number,
    "two hosts": lambda _: b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": lambda _: b"GET /health HTTP/1.1\r\n\r\n",
    "header too large": lambda number: b"GET /health HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (b"%d" % number * 9000),
    "half a request": lambda number: b"GET /health/%d HTTP/1.1\r\nHos" % number,
    "half a body": lambda _: HEAD + FORM + b"Content-Length: 100\r\n\r\nkey=1",
    "bad length": lambda _: HEAD + b"Content-Length: -5\r\n\r\n",
    "bad chunk": lambda _: HEAD + FORM + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nkey\r\n",
    "bad JSON": lambda number: posted(b"POST /update-data HTTP/1.1\r\nHost: x\r\n" + JSON, b'{"a": %d' % number),
    "bad multipart": lambda number: posted(HEAD + PARTS, b"--b\r\nContent-Disposition: %d\r\n--c" % number),
    "bad form": lambda _: posted(HEAD + FORM, b"%ff%zz=&&=\xff"),
    "wrong method": lambda number: b"BREW%d /health HTTP/1.1\r\nHost: x\r\n\r\n" % number,
    "known wrong method": lambda _: b"DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad path": lambda number: b"GET /%%ff%%00/../%d HTTP/1.1\r\nHost: x\r\n\r\n" % number,
    "bad query": lambda number: b"GET /v1/markets?horizon=%%ff%d HTTP/1.1\r\nHost: x\r\n\r\n" % number,
    "bad link": lambda number: b"GET /dashboard/first?token=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number,
    "bad key": lambda number: b"GET /v1/markets HTTP/1.1\r\nHost: x\r\nX-API-Key: %d\xff\r\n\r\n" % number,
    "upgrade": lambda _: b"GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "nothing": lambda _: b"",
}


class Hour:
    """A clock that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hour:
    return Hour()


@pytest.fixture
def written(clock: Hour) -> Iterator[io.StringIO]:
    """What the service writes: its handler on the root logger, bounded, with this test's clock."""
    text = io.StringIO()
    neighbours = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")]
    before = [(logger.handlers[:], logger.level, logger.propagate, logger.disabled) for logger in neighbours]
    for neighbour in neighbours:  # a server that another test started in this process has set them up for itself
        neighbour.handlers[:], neighbour.propagate, neighbour.disabled = [], True, False
        neighbour.setLevel(logging.NOTSET)
    root = neighbours[0]
    root.handlers[:] = [logging.StreamHandler(text)]
    root.setLevel(logging.INFO)
    bound_log(clock)
    yield text
    for entry, (handlers, level, propagate, disabled) in zip(neighbours, before, strict=True):
        entry.handlers[:], entry.propagate, entry.disabled = handlers, propagate, disabled
        entry.setLevel(level)


def without_pytest() -> None:
    """Only what is bounded writes: pytest's own handlers, there again in each test, would format every one of 7,200 traces."""
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if any(isinstance(each, BoundedLog) for each in handler.filters)]


def lines(written: io.StringIO) -> int:
    return written.getvalue().count("\n")


@pytest.mark.slow
@pytest.mark.parametrize("access_log", [False, pytest.param(True, marks=pytest.mark.chaos)])
def test_a_malformed_request_a_second_for_an_hour_is_less_than_200_lines(
    tmp_path: Path, clock: Hour, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, access_log: bool
) -> None:
    monkeypatch.setattr(BoundedProtocol, "seconds", 0.05)  # as long as half a request is waited for
    kinds, answered = list(MALFORMED.values()), 0
    with answering(tmp_path, opened=True, access_log=access_log) as (_, port):
        for second in range(SECONDS):
            clock.now = float(second)
            with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
                one.sendall(kinds[second % len(kinds)](second))
                if second % 7:
                    with suppress(ConnectionResetError):
                        answered += one.recv(100).startswith(b"HTTP/1.1 ")
    assert answered > 100
    assert lines(written) < MOST_LINES, written.getvalue()[-3000:]
    assert "Invalid HTTP request received." in written.getvalue()


def test_of_one_kind_a_few_are_written_and_the_rest_is_counted(clock: Hour, written: io.StringIO) -> None:
    for second in range(SECONDS):
        clock.now = float(second)
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    said = written.getvalue().splitlines()
    assert len(said) == MOST
    assert said[-1].endswith("(more like this are counted, not written, for an hour)")
    clock.now = HOUR + 1
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert f"(and about {SECONDS - MOST} more like this in the hour before)" in written.getvalue()


@pytest.mark.parametrize("name", ["steel.serving", "asyncio", "a library"])
def test_whatever_is_said_an_hour_of_it_is_less_than_200_lines(clock: Hour, written: io.StringIO, name: str) -> None:
    """Exceptions with long traces, messages of many lines, messages that differ each time, and messages of a hundred kinds."""
    without_pytest()
    log = logging.getLogger(name)

    def deep(depth: int) -> None:
        if not depth:
            raise ValueError("a\nb\n" * 100)
        deep(depth - 1)

    for second in range(SECONDS):
        clock.now = float(second)
        try:
            deep(second % 50)
        except ValueError:
            log.exception("a request to %s failed\n", "/x\n" * 1000)
            log.exception(f"kind {'abcdefghij'[second % 10]} of {'klmnopqrst'[second // 10 % 10]}")
        log.error(f"Task exception was never retrieved\n<Task name='Task-{second}' at {id(log) + second:#x}>")
        log.warning("%s", "a line\n" * 500)
    assert 0 < lines(written) < MOST_LINES
    assert "ValueError" in written.getvalue()
    assert max(map(len, written.getvalue().splitlines())) < 1000


def test_what_is_rare_is_still_said_in_a_flood(clock: Hour, written: io.StringIO) -> None:
    log = logging.getLogger("steel.serving")
    for second in range(600):
        log.error("a flood of one kind")
        log.error(f"a flood that differs, {second}")
    log.warning("the publication could not be read")
    assert "the publication could not be read\n" in written.getvalue()


def test_an_exception_keeps_its_traceback_the_first_time(written: io.StringIO) -> None:
    for _ in range(2):
        try:
            raise KeyError("of all things")
        except KeyError:
            logging.getLogger("steel.serving").exception("a request to %s failed", "/health")
    assert written.getvalue().count("Traceback (most recent call last)") == 1
    assert written.getvalue().endswith("a request to /health failed: KeyError: 'of all things'\n")


def test_kinds_that_were_not_seen_for_hours_make_room(clock: Hour, written: io.StringIO) -> None:
    for hour in range(5):
        clock.now = hour * 3 * HOUR
        for kind in itertools.product("abcdef", repeat=2):
            logging.getLogger("steel.serving").warning(f"kind {''.join(kind)} {'x' * hour}")
    assert lines(written) == 5 * 36
