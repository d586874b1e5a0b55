"""A Redis that is full, holds something else under our names, or is no Redis at all: callers do not notice."""

from __future__ import annotations

import hashlib
import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis as Client
from redis.exceptions import RedisError

from steel_assets.adapters.cache.cache import RedisCache
from steel_assets.adapters.lake.snapshots import fits, written
from steel_assets.operations.publication.parts import read_parts
from steel_assets_tests.serving.running import PREDICT, Redis, Running, make_key
from steel_assets_tests.serving.sample import issue_again
from steel_assets_tests.serving.test_faults import MARKET, parts_of, soon

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
    service.until(lambda: service.price() == round(float(published["predicted_price"].iloc[0]), 2))
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
        service = serve(home, key=make_key(home, "--limit", "1000000")["key"], STEEL_REDIS_URL=url)
        ask(service)
        assert "Traceback" not in service.log


@pytest.mark.parametrize(
    "ruin",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b'"predicted_price":', b'"predicted_price":1'),
        lambda content: b"{}",
        lambda content: b"[" * 100_000,
    ],
)
def test_a_copy_in_redis_counts_only_where_it_is_what_was_published(
    home: Path, serve: Serve, redis: Redis, ruin: Callable[[bytes], bytes]
) -> None:
    parts, moment = parts_of(home), soon()
    service = serve(home, STEEL_REDIS_URL=redis.url)
    published = parts.lake.read(issue_again(parts, MARKET, 571.0, moment, publishing=False))
    content = written(read_parts(parts, moment.timestamp(), {}))
    version = f"{moment:%Y%m%dT%H%M%SZ}-{hashlib.sha256(content).hexdigest()[:12]}"
    cache = RedisCache(redis.url)
    assert cache.put("predictions", version, ruin(content))
    snapshots = parts.snapshots
    assert snapshots.switch(content, moment.to_pydatetime(), snapshots.token(), snapshots.pointer()).version == version
    service.until(lambda: service.price() == round(float(published["predicted_price"].iloc[0]), 2))
    assert service.client.get("/ready").json()["problems"] == {}
    service.until(lambda: cache.get("predictions", version) == content)  # the next one to look finds it whole


def test_a_service_that_starts_takes_the_publication_from_redis_and_puts_it_there(home: Path, serve: Serve, redis: Redis) -> None:
    pointer = parts_of(home).snapshots.pointer()
    assert pointer is not None
    serve(home, STEEL_REDIS_URL=redis.url).stop()
    assert fits(RedisCache(redis.url).get("predictions", pointer.version) or b"", pointer)
    (home / "lake" / pointer.key).unlink()
    shutil.rmtree(home / "serving")
    assert serve(home, STEEL_REDIS_URL=redis.url).price() > 0, "one look at the pointer, and nothing read of the store"
