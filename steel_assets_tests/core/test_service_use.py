"""What the service's minutes add up to."""

from __future__ import annotations

import math

import pytest

from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, measurement_key, parse, quantile_ms, summary, to_line


def minute(**changes: object) -> Minute:
    counts = [0] * (len(LATENCY_BUCKETS_MS) + 1)
    counts[2] = 10
    given = {
        "minute": "2026-11-20T08:01Z",
        "process": "12-ab",
        "requests": 10,
        "predictions": 8,
        "errors": 1,
        "latency_ms_sum": 40.0,
        "latency_ms_max": 5.0,
        "latency_counts": tuple(counts),
        "seconds": 60.0,
        "up_seconds": 60.0,
        "cpu_seconds": 6.0,
        "memory_bytes": 100,
    }
    return Minute(**(given | changes))  # type: ignore[arg-type]


def test_a_minute_is_read_back_as_it_was_written_and_a_line_cut_off_is_left_out() -> None:
    whole = to_line(minute())
    found = parse(f"{whole}\n{whole[:-9]}".encode())
    assert len(found) == 1
    assert found[0].requests == 10
    assert tuple(found[0].latency_counts) == minute().latency_counts
    assert parse(b"\xff\n[]\n{}\nnull\n") == []


def test_a_day_is_the_sum_of_its_minutes_weighted_by_requests() -> None:
    use = summary([minute(), minute(requests=30, latency_ms_sum=0.0, errors=0, up_seconds=0.0)])
    assert use.requests == 40
    assert use.avg_latency_ms == 1.0
    assert use.error_share == pytest.approx(1 / 40)
    assert use.availability_share == 0.5
    assert use.requests_per_second == pytest.approx(40 / 120)
    assert use.cpu_share == pytest.approx(0.1)


def test_a_process_that_began_within_the_minute_was_not_down_before() -> None:
    assert summary([minute(seconds=12.0, up_seconds=12.0)]).availability_share == 1.0
    assert summary([minute(seconds=30.0, up_seconds=0.0), minute()]).availability_share == pytest.approx(60 / 90)


def test_without_minutes_or_requests_nothing_is_claimed() -> None:
    assert summary([]).avg_latency_ms is None
    assert summary([]).availability_share is None
    assert summary([minute(requests=0, latency_counts=(0,) * 14)]).p99_latency_ms is None


def test_a_quantile_is_the_bound_of_its_bucket() -> None:
    counts = [90, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert quantile_ms(counts, 0.5) == 1
    assert quantile_ms(counts, 0.99) == 2
    assert quantile_ms(counts, 0.999) == math.inf


def test_minutes_are_kept_by_day_and_hour() -> None:
    assert measurement_key("2026-11-20T08:01Z", "12-ab") == "service/measurements/2026-11-20/08-12-ab.jsonl"
