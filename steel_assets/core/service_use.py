"""What the prediction service measured about itself: one JSON line per minute and process, and what a day adds up to.

The service writes them to the lake under ``service/measurements/<date>/<hour>-<process>.jsonl`` (UTC); the metrics stage
reads them back with ``parse`` and ``summary``. Latency is from the request's arrival to its last byte handed to the network.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

FOLDER = "service/measurements"
LONGEST_LINE = 64 * 1024

SILENT = timedelta(hours=1)
"""A service without measurements for this long counts as not measuring."""

LATENCY_BUCKETS_MS: tuple[float, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""Upper bounds of the latency histogram; one more bucket holds whatever was slower."""


@dataclass(frozen=True)
class Minute:
    """One minute of one process.

    Attributes:
        minute: start, UTC, for example 2026-11-20T08:01Z.
        process: name of the process, unique within the hour.
        requests: answered in that minute, operational paths (health, metrics, static) left out.
        predictions: those that were answered with a forecast.
        errors: answers with status 500 and above.
        latency_ms_sum, latency_ms_max: over ``requests``.
        latency_counts: requests per bucket of LATENCY_BUCKETS_MS, not cumulative, the last one for slower.
        up_seconds: seconds of the minute that the service could answer with a forecast.
        cpu_seconds: processor time used.
        memory_bytes: resident memory at the end of the minute.
        seconds: how much of the minute was measured; less than 60 in the first and the last one of a process.
    """

    minute: str
    process: str
    requests: int
    predictions: int
    errors: int
    latency_ms_sum: float
    latency_ms_max: float
    latency_counts: tuple[int, ...]
    up_seconds: float
    cpu_seconds: float
    memory_bytes: int
    seconds: float = 60.0


@dataclass(frozen=True)
class ServiceUsage:
    """The sums over some minutes; None if nothing was measured."""

    requests: int
    predictions: int
    errors: int
    avg_latency_ms: float | None
    p99_latency_ms: float | None
    error_share: float | None
    availability_share: float | None
    requests_per_second: float | None
    cpu_share: float | None
    memory_bytes: int | None


def measurement_key(minute: str, process: str) -> str:
    """The key of a minute's file in the lake."""
    return f"{FOLDER}/{minute[:10]}/{minute[11:13]}-{process}.jsonl"


def to_line(minute: Minute) -> str:
    """A minute as one line of JSON, without a newline.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(asdict(minute), allow_nan=False, separators=(",", ":"))


def parse(content: bytes) -> list[Minute]:
    """The minutes in one file.

    A line that is damaged or cut off by a crash is left out, and a repeated one counts once.
    """
    found: dict[tuple[str, str], Minute] = {}
    for line in content.splitlines():
        try:
            minute = _minute(json.loads(line if len(line) <= LONGEST_LINE else b""))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            continue
        found[minute.process, minute.minute] = minute
    return list(found.values())


def _minute(row: dict[str, Any]) -> Minute:
    """The minute in one line.

    Raises:
        KeyError, TypeError, ValueError: it has another form.
    """
    known = {field.name: row[field.name] for field in fields(Minute) if field.name in row}
    counts = tuple(map(_count, known["latency_counts"]))
    if len(counts) != len(LATENCY_BUCKETS_MS) + 1 or not isinstance(known["process"], str):
        raise ValueError("its latencies are of other buckets, or its process has no name")
    if datetime.fromisoformat(known["minute"]).tzinfo is None:
        raise ValueError("its minute has no time zone")
    whole = {name: _count(known[name]) for name in ("requests", "predictions", "errors", "memory_bytes")}
    parts = {name: value for name, value in known.items() if name not in {*whole, "latency_counts", "minute", "process"}}
    for value in parts.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise ValueError("a figure of it is none")
    return Minute(minute=known["minute"], process=known["process"], latency_counts=counts, **whole, **parts)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError("a count of it is none")
    return value


def summary(minutes: Iterable[Minute]) -> ServiceUsage:
    """The sums over minutes of any processes. Availability counts measured minutes only."""
    every = list(minutes)
    seconds = sum(minute.seconds for minute in every)
    requests = sum(minute.requests for minute in every)
    counts = [sum(column) for column in zip(*(minute.latency_counts for minute in every), strict=True)]
    return ServiceUsage(
        requests=requests,
        predictions=sum(minute.predictions for minute in every),
        errors=sum(minute.errors for minute in every),
        avg_latency_ms=sum(minute.latency_ms_sum for minute in every) / requests if requests else None,
        p99_latency_ms=quantile_ms(counts, 0.99),
        error_share=sum(minute.errors for minute in every) / requests if requests else None,
        availability_share=sum(minute.up_seconds for minute in every) / seconds if seconds > 0 else None,
        requests_per_second=requests / seconds if seconds > 0 else None,
        cpu_share=sum(minute.cpu_seconds for minute in every) / seconds if seconds > 0 else None,
        memory_bytes=max(minute.memory_bytes for minute in every) if every else None,
    )


def quantile_ms(counts: Sequence[int], level: float) -> float | None:
    """Upper bound of the bucket in which quantile ``level`` lies; infinity beyond the last bound, None without requests."""
    total, reached = sum(counts), 0
    for bound, count in zip((*LATENCY_BUCKETS_MS, math.inf), counts, strict=False):
        reached += count
        if total and reached >= level * total:
            return float(bound)
    return None
