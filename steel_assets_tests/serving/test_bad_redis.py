"""A Redis that is full, holds something else under our names, or is no Redis at all: callers do not notice."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis as Client
from redis.exceptions import RedisError

from steel_assets.adapters.cache import RedisCache
from steel_assets.core.published import forecast_json
from steel_assets_tests.serving.running import PREDICT, Redis, Running, make_key
from steel_assets_tests.serving.test_faults import MARKET, issue_again, parts_of, soon

pytestmark = pytest.mark.slow

Serve = Callable[..., Running]


def ask(service: Running, times: int = 30) -> list[int]:
    """Answers counted one by one, all with the price that is served."""
    price = service.price()
    answers = [service.client.get(PREDICT) for _ in range(times)]
    assert {answer.json().get("predicted_price_usd_per_ton") for answer in answers} == {price}, answers[-1].text
    assert {answer.status_code for answer in answers} == {200}
    return [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]


def test_a_full_redis_counts_nobody_out_and_its_cache_is_done_without(home: Path, serve: Serve) -> None:
    full = Redis("--maxmemory", "1500kb", "--maxmemory-policy", "noeviction")
    client = Client(port=full.port)
    with suppress(RedisError):
        for place in range(10_000):
            client.set(f"filler:{place}", b"x" * 1000)
    with pytest.raises(RedisError, match="maxmemory"):
        client.set("one more", b"x" * 1000)
    service = serve(home, key=make_key(home, "--limit", "100000")["key"], STEEL_REDIS_URL=full.url)
    remaining = ask(service)
    assert remaining == sorted(remaining, reverse=True)
    parts = parts_of(home)
    published = parts.lake.read(issue_again(parts, MARKET, 777.0, soon()))
    service.until(lambda: service.price() == round(float(published["predicted_price"].iloc[0]), 2), 20)
    full.stop()


def test_something_else_under_the_names_of_our_counts_is_not_taken_for_one(home: Path, serve: Serve, redis: Redis) -> None:
    made = make_key(home)
    service = serve(home, key=made["key"], STEEL_REDIS_URL=redis.url)
    ask(service, 3)
    client = Client(port=redis.port)
    ours = [name for name in client.scan_iter() if made["id"].encode() in name]
    assert ours
    for name in ours:
        client.delete(name)
        client.rpush(name, "not a count")
    ask(service)


@contextmanager
def impostor(reply: bytes) -> Iterator[str]:
    """Something that says ``reply`` to whatever it hears."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65_536):
                self.request.sendall(reply)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    "reply",
    [
        b"\x00\xff\xfegarbage\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK\r\n" * 5,
        b":-9223372036854775808\r\n" * 5,
        b":99999999999999999999999999\r\n" * 5,
        b"$7\r\ngarbage\r\n" * 5,
        b"$-1\r\n" * 5,
        b"*-1\r\n" * 5,
        b"$99999999999\r\n",
        b"-OOM command not allowed\r\n" * 5,
        b"",
    ],
)
def test_what_is_no_redis_costs_nobody_an_answer(home: Path, serve: Serve, reply: bytes) -> None:
    with impostor(reply) as url:
        service = serve(home, key=make_key(home)["key"], STEEL_REDIS_URL=url)
        ask(service)
        assert "Traceback" not in service.log


def test_a_forecast_in_the_cache_that_cannot_be_true_is_passed_over(home: Path, serve: Serve, redis: Redis) -> None:
    parts = parts_of(home)
    key = issue_again(parts, MARKET, 777.0, soon())
    rows = parts.lake.read(key)
    (home / "lake" / key).unlink()
    service = serve(home, key=make_key(home)["key"], STEEL_REDIS_URL=redis.url)
    price = service.price()
    client = Client(port=redis.port)
    whole = forecast_json(rows)
    for content in (
        whole[: len(whole) // 2],
        whole.replace(b'"q95":', b'"q95":-'),
        whole.replace(MARKET.encode(), b"scrap_turkey"),
    ):
        for name in client.keys("*"):
            client.delete(name)
        RedisCache(redis.url).put("predictions", MARKET, content)
        ask(service)
    assert service.price() == price
