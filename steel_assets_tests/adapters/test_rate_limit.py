"""Requests an hour: exact alone, exact together over Redis, never an error when Redis is not there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client

from steel_assets.adapters.callers.local_counts import LocalCounts
from steel_assets.adapters.callers.rate_limit import HourlyRateLimiter, RateLimitState
from steel_assets_tests.serving.running import Redis

WORKER = """
import asyncio, sys
from steel_assets.adapters.callers.rate_limit import HourlyRateLimiter
async def main():
    limiter = HourlyRateLimiter(sys.argv[1], timeout_seconds=60)
    print(sum([(await limiter.take("mill", int(sys.argv[2]))).allowed for _ in range(int(sys.argv[3]))]))
asyncio.run(main())
"""


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


def take(limiter: HourlyRateLimiter, times: int, limit: int = 100, caller: str = "mill") -> list[RateLimitState]:
    async def every() -> list[RateLimitState]:
        return [await limiter.take(caller, limit) for _ in range(times)]

    return asyncio.run(every())


def test_exactly_the_limit_is_let_through_and_what_remains_counts_down() -> None:
    standings = take(HourlyRateLimiter(), 103)
    assert [state.allowed for state in standings] == [True] * 100 + [False] * 3
    assert [state.remaining for state in standings] == [*range(99, -1, -1), 0, 0, 0]


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
    standings = take(limiter, 20_000, limit=10**7)
    assert all(state.allowed for state in standings)
    with redis_client.Redis(port=redis.port) as asked:
        assert asked.info("stats")["total_commands_processed"] < 2_000


def test_concurrent_requests_of_one_caller_never_get_more_than_the_limit(redis: Redis) -> None:
    async def storm(limiter: HourlyRateLimiter) -> int:
        return sum(state.allowed for state in await asyncio.gather(*(limiter.take("mill", 100) for _ in range(300))))

    assert asyncio.run(storm(HourlyRateLimiter())) == 100
    assert asyncio.run(storm(HourlyRateLimiter(redis.url, timeout_seconds=60))) == 100


def test_without_redis_this_process_counts_alone_and_still_keeps_the_limit(redis: Redis) -> None:
    redis.stop()
    limiter = HourlyRateLimiter(redis.url)
    assert sum(state.allowed for state in take(limiter, 120)) == 100
    assert limiter.shared is False


def test_a_frozen_redis_costs_a_moment_once_and_not_every_time(redis: Redis) -> None:
    limiter = HourlyRateLimiter(redis.url, pause_seconds=60)
    redis.freeze()
    take(limiter, 50)
    assert limiter.failures == 1


COUNTED = """
import asyncio, pathlib, sys
from steel_assets.adapters.callers.local_counts import LocalCounts
from steel_assets.adapters.callers.rate_limit import HourlyRateLimiter
async def main():
    counts = LocalCounts(pathlib.Path(sys.argv[1]))
    limiter = HourlyRateLimiter(sys.argv[2] or None, timeout_seconds=0.02, pause_seconds=0.02, counts=counts)
    done = allowed = 0
    print("ready", flush=True)
    while done < int(sys.argv[3]):
        done += 1
        allowed += (await limiter.take("mill", 1000)).allowed
        await asyncio.sleep(0)
    print(allowed)
asyncio.run(main())
"""


def counted(path: Path, url: str, each: int) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-c", COUNTED, str(path), url, str(each)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    return workers


def test_four_processes_without_redis_share_one_limit_through_the_folder(tmp_path: Path) -> None:
    workers = counted(tmp_path / "counts.sqlite", "", 400)
    assert 980 <= sum(int(worker.communicate()[0]) for worker in workers) <= 1000


def test_a_redis_that_comes_and_goes_lets_not_one_request_more_through(redis: Redis, tmp_path: Path) -> None:
    """Where each process counted from nothing while Redis did not answer, 1,027 of 1,000 were let through."""
    workers = counted(tmp_path / "counts.sqlite", redis.url, 1500)
    while any(worker.poll() is None for worker in workers):
        redis.freeze()
        time.sleep(0.03)
        redis.thaw()
        time.sleep(0.03)
    assert 980 <= sum(int(worker.communicate()[0]) for worker in workers) <= 1000


def test_a_redis_that_forgets_everything_opens_no_second_window_on_this_machine(redis: Redis, tmp_path: Path) -> None:
    limiter = HourlyRateLimiter(redis.url, timeout_seconds=5, counts=LocalCounts(tmp_path / "counts.sqlite"))
    assert sum(state.allowed for state in take(limiter, 70)) == 70
    redis.stop()
    redis.start()
    again = HourlyRateLimiter(redis.url, timeout_seconds=5, counts=LocalCounts(tmp_path / "counts.sqlite"))
    assert sum(state.allowed for state in take(again, 70)) == 30


def test_a_file_of_counts_that_is_damaged_costs_its_counts_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "counts.sqlite"
    path.write_bytes(b"garbage" * 1000)
    standings = take(HourlyRateLimiter(counts=LocalCounts(path)), 103)
    assert [state.allowed for state in standings] == [True] * 100 + [False] * 3


def test_a_window_ends_when_redis_says_so_where_another_machine_began_it(tmp_path: Path) -> None:
    counts, now = LocalCounts(tmp_path / "counts.sqlite"), 1000.0
    counts.take("mill", 10, 10, now)
    counts.settle("mill", 4, now + 60)
    assert counts.take("mill", 10, 10, now + 1).granted == 4
    assert counts.take("mill", 10, 10, now + 61).granted == 10
