"""The budget of calls: never exceeded, by any number of processes and restarts, in any 24 hours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from steel_assets.adapters.http.client import HttpError, HttpxHttp
from steel_assets.adapters.http.quota import DAY, BudgetSpent, FileLedger, Quota, RateLimits, RedisLedger
from steel_assets_tests.google.redis_server import redis_here
from steel_assets_tests.loopback import Reply, serving

FREE = RateLimits(calls_per_day=25, calls_per_minute=5)
NOON = 1_790_000_000.0

WORKER = """
import sys
from pathlib import Path
from steel_assets.adapters.http.quota import BudgetSpent, FileLedger, RateLimits, Quota
quota = Quota(RateLimits(25), FileLedger(Path(sys.argv[1])))
made = 0
for _ in range(20):
    try:
        quota.wait()
        made += 1
    except BudgetSpent:
        pass
print(made)
"""


class Time:
    """A clock that only moves when told, or slept on."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def quota(folder: Path, clock: Time, limits: RateLimits = FREE) -> Quota:
    """As a process has it that has just started."""
    return Quota(limits, FileLedger(folder / "quota" / "alpha_vantage.json"), clock=clock, sleep=clock.sleep)


def most_within(calls: list[float], seconds: float) -> int:
    return max(sum(at <= other < at + seconds for other in calls) for at in calls)


def test_two_hundred_restarts_over_three_days_never_exceed_the_budget(tmp_path: Path) -> None:
    clock, chance, made = Time(), np.random.default_rng(7), []
    for _ in range(200):
        process = quota(tmp_path, clock)
        for _ in range(chance.integers(1, 13)):
            try:
                process.wait()
                made.append(clock.now)
            except BudgetSpent:
                break
        clock.now += chance.uniform(0, 2 * 3 * DAY / 200)
    assert clock.now - NOON > 2.5 * DAY
    assert most_within(made, DAY) == 25
    assert most_within(made, 60.0) <= 5
    assert len(made) >= 3 * 25, "the budget is used, not only kept"


def test_processes_at_once_share_one_budget_to_the_call(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path / "ledger.json")]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sum(int(worker.communicate()[0]) for worker in workers) == 25


def test_a_spent_budget_says_when_the_next_call_is_free(tmp_path: Path) -> None:
    clock = Time()
    one = quota(tmp_path, clock, RateLimits(2))
    one.wait()
    clock.now += 3600
    one.wait()
    with pytest.raises(
        BudgetSpent, match=r"its 2 calls in 24 hours are used; the next one is possible at 2026-09-2\d \d\d:\d\d UTC"
    ):
        one.wait()
    assert one.used() == 2
    clock.now = NOON + DAY + 1
    one.wait()
    assert one.used() == 2


def test_a_clock_that_was_wrong_by_years_blocks_for_a_day_at_most(tmp_path: Path) -> None:
    clock = Time(NOON + 1000 * DAY)
    quota(tmp_path, clock, RateLimits(1)).wait()
    clock.now = NOON
    with pytest.raises(BudgetSpent):
        quota(tmp_path, clock, RateLimits(1)).wait()


def test_a_damaged_ledger_counts_as_spent_and_says_what_to_do(tmp_path: Path) -> None:
    place = tmp_path / "quota" / "alpha_vantage.json"
    place.parent.mkdir()
    place.write_text('[1790000000.0, "x')
    with pytest.raises(BudgetSpent, match=r"alpha_vantage\.json, is damaged, .* delete it"):
        quota(tmp_path, Time()).wait()


def test_retries_are_calls_and_the_answer_to_a_spent_budget_is_an_error_that_says_so(tmp_path: Path) -> None:
    with serving(lambda request: Reply(b"", 503)) as server:
        http = HttpxHttp(first_pause_seconds=0.01, quota=Quota(RateLimits(6), FileLedger(tmp_path / "ledger.json")))
        with pytest.raises(HttpError):
            http.get(f"{server.url}/query", {})
        with pytest.raises(HttpError, match="the next one is possible at") as spent:
            http.get(f"{server.url}/query", {})
        assert spent.value.kind == "budget"
        assert len(server.asked) == 6


def test_machines_share_a_budget_over_redis_and_each_goes_on_by_its_own_file_when_redis_is_away(tmp_path: Path) -> None:
    with redis_here() as url:
        if url is None:
            pytest.skip("redis-server is not installed")
        ours, theirs = (
            Quota(RateLimits(10), RedisLedger(url, "steel:quota:test", FileLedger(tmp_path / name / "ledger.json")))
            for name in ("ours", "theirs")
        )
        for _ in range(4):
            ours.wait()
            theirs.wait()
        assert ours.used() == theirs.used() == 8
    for _ in range(3):  # of the eight calls, the file knows those up to this machine's last one
        ours.wait()
    with pytest.raises(BudgetSpent):
        ours.wait()
    assert len(json.loads((tmp_path / "ours" / "ledger.json").read_text())) == 10


def test_a_call_counts_from_when_it_was_sent_for_the_next_process_too(tmp_path: Path) -> None:
    clock = Time()
    first = quota(tmp_path, clock)
    first.wait()
    clock.sleep(0.9)  # opening the connection
    first.sent()
    sent = clock.now
    quota(tmp_path, clock).wait()
    assert clock.now - sent >= 1.1 - 1e-6
    assert first.used() == 2
