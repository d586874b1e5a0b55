"""Requests an hour: exact alone, exact together over Redis, never an error when Redis is not there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from steel_assets.adapters.rate_limit import HourlyRateLimiter, Standing
from steel_assets_tests.serving.running import Redis

WORKER = """
import asyncio, sys
from steel_assets.adapters.rate_limit import HourlyRateLimiter
async def main():
    limiter = HourlyRateLimiter(sys.argv[1], timeout_seconds=2)
    print(sum([(await limiter.take("mill", int(sys.argv[2]))).allowed for _ in range(int(sys.argv[3]))]))
asyncio.run(main())
"""


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


def take(limiter: HourlyRateLimiter, times: int, limit: int = 100, caller: str = "mill") -> list[Standing]:
    async def every() -> list[Standing]:
        return [await limiter.take(caller, limit) for _ in range(times)]

    return asyncio.run(every())


def test_exactly_the_limit_is_let_through_and_what_remains_counts_down() -> None:
    standings = take(HourlyRateLimiter(), 103)
    assert [one.allowed for one in standings] == [True] * 100 + [False] * 3
    assert [one.remaining for one in standings] == [*range(99, -1, -1), 0, 0, 0]


def test_the_next_window_begins_an_hour_after_the_first_request() -> None:
    now = [time.time()]
    limiter = HourlyRateLimiter(clock=lambda: now[0])
    first = take(limiter, 3, limit=2)
    assert first[-1].resets_at == pytest.approx(now[0] + 3600, abs=5)
    assert not first[-1].allowed


@pytest.mark.parametrize(("limit", "each"), [(100, 50), (1000, 400)])
def test_four_processes_share_one_limit_to_the_request(redis: Redis, limit: int, each: int) -> None:
    command = [sys.executable, "-c", WORKER, redis.url, str(limit), str(each)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    let_through = [int(worker.communicate()[0]) for worker in workers]
    assert limit * 0.98 <= sum(let_through) <= limit
    if limit < 200:
        assert sum(let_through) == limit


def test_a_generous_limit_does_not_ask_redis_for_every_request(redis: Redis) -> None:
    limiter = HourlyRateLimiter(redis.url)
    began = time.perf_counter()
    standings = take(limiter, 20_000, limit=10**7)
    assert all(one.allowed for one in standings)
    assert time.perf_counter() - began < 2


def test_concurrent_requests_of_one_caller_never_get_more_than_the_limit(redis: Redis) -> None:
    async def storm(limiter: HourlyRateLimiter) -> int:
        return sum(one.allowed for one in await asyncio.gather(*(limiter.take("mill", 100) for _ in range(300))))

    assert asyncio.run(storm(HourlyRateLimiter())) == 100
    assert asyncio.run(storm(HourlyRateLimiter(redis.url, timeout_seconds=5))) == 100


def test_without_redis_this_process_counts_alone_and_still_keeps_the_limit(redis: Redis) -> None:
    redis.stop()
    limiter = HourlyRateLimiter(redis.url)
    assert sum(one.allowed for one in take(limiter, 120)) == 100
    assert limiter.shared is False


def test_a_frozen_redis_costs_a_moment_once_and_not_every_time(redis: Redis) -> None:
    limiter = HourlyRateLimiter(redis.url, pause_seconds=60)
    redis.freeze()
    began = time.perf_counter()
    take(limiter, 50)
    assert time.perf_counter() - began < 1
    assert limiter.failures == 1
