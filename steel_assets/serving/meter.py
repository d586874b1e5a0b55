"""The service's own measurements: a few additions per request, everything else once a minute outside requests."""

from __future__ import annotations

import bisect
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

import psutil
from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, ServiceUsage, measurement_key, summary, to_line

log = logging.getLogger("steel.serving")

KEPT_MINUTES = 24 * 60
UNMEASURED = ("/health", "/ready", "/metrics", "/static", "/dashboard", "/favicon.ico")
"""Paths of monitoring; they are counted for Prometheus but not as use of the service."""


class Store(Protocol):
    """The method of an object store that is needed."""

    def put(self, key: str, content: bytes) -> None:
        """See ``adapters.objects.object_store.ObjectStore``."""


class _Tally:
    """Counts of one minute."""

    def __init__(self) -> None:
        self.requests = self.predictions = self.errors = 0
        self.latency_ms_sum = self.latency_ms_max = 0.0
        self.latency_counts = [0] * (len(LATENCY_BUCKETS_MS) + 1)
        self.seconds = self.up_seconds = 0.0


class Meter:
    """Counts of this process since its start, and its minutes of the last day."""

    def __init__(self, store: Store | None, *, is_up: Callable[[], bool], clock: Callable[[], float] = time.time) -> None:
        """A meter with nothing counted yet.

        Args:
            store: where minutes are written; None keeps them in memory only.
            is_up: returns whether the service can answer with a forecast.
        """
        self.process = f"{os.getpid()}-{secrets.token_hex(3)}"
        self.started_at = clock()
        self.minutes: deque[Minute] = deque(maxlen=KEPT_MINUTES)
        self.counts: dict[tuple[str, str, int], int] = {}
        bounds = [milliseconds / 1000 for milliseconds in LATENCY_BUCKETS_MS]
        self._latency = Histogram("steel_request_seconds", "Time to answer a request.", buckets=bounds, registry=None)
        self.in_flight = 0
        self._store = store
        self._is_up = is_up
        self._clock = clock
        self._self = psutil.Process()
        self._tally = _Tally()
        self._cpu = self._cpu_seconds()
        self._minute_began = self._noted_at = self.started_at
        self._lines: dict[str, list[str]] = {}

    def record(self, method: str, route: str, status: int, seconds: float, *, predicted: bool) -> None:
        """Count one answered request."""
        place = (method, route, status)
        self.counts[place] = self.counts.get(place, 0) + 1
        if route.startswith(UNMEASURED):
            return
        self._latency.observe(seconds)
        milliseconds = seconds * 1000
        tally = self._tally
        tally.requests += 1
        tally.predictions += predicted
        tally.errors += status >= 500
        tally.latency_ms_sum += milliseconds
        tally.latency_ms_max = max(tally.latency_ms_max, milliseconds)
        tally.latency_counts[bisect.bisect_left(LATENCY_BUCKETS_MS, milliseconds)] += 1

    def note_uptime(self) -> None:
        """Record whether the service can answer; call it about every second."""
        now = self._clock()
        passed, self._noted_at = max(0.0, now - self._noted_at), now
        self._tally.seconds += passed
        self._tally.up_seconds += passed if self._is_up() else 0.0

    def close_minute(self) -> None:
        """End the present minute and write it; call it once a minute in a thread, since it writes to storage."""
        self.note_uptime()
        tally, self._tally = self._tally, _Tally()
        now, cpu = self._clock(), self._cpu_seconds()
        minute = Minute(
            minute=f"{datetime.fromtimestamp(self._minute_began, UTC):%Y-%m-%dT%H:%MZ}",
            process=self.process,
            requests=tally.requests,
            predictions=tally.predictions,
            errors=tally.errors,
            latency_ms_sum=round(tally.latency_ms_sum, 3),
            latency_ms_max=round(tally.latency_ms_max, 3),
            latency_counts=tuple(tally.latency_counts),
            seconds=round(tally.seconds, 3),
            up_seconds=round(tally.up_seconds, 3),
            cpu_seconds=round(max(0.0, cpu - self._cpu), 3),
            memory_bytes=self.memory_bytes,
        )
        self._minute_began, self._cpu = now, cpu
        self.minutes.append(minute)
        self._write(minute)

    def _write(self, minute: Minute) -> None:
        if self._store is None:
            return
        key = measurement_key(minute.minute, self.process)
        if key not in self._lines:
            self._lines = {key: []}
        self._lines[key].append(to_line(minute))
        try:
            self._store.put(key, ("\n".join(self._lines[key]) + "\n").encode())
        except Exception as error:  # noqa: BLE001  whatever a store away raises: measuring must not disturb serving
            log.warning("measurements of %s were not written: %s", minute.minute, error)

    def use(self, minutes: int = KEPT_MINUTES) -> ServiceUsage:
        """The sums over the last ``minutes``."""
        return summary(list(self.minutes)[-minutes:])

    @property
    def memory_bytes(self) -> int:
        """Resident memory of this process, in bytes."""
        return int(self._self.memory_info().rss)

    def _cpu_seconds(self) -> float:
        times = self._self.cpu_times()
        return float(times.user + times.system)

    def collect(self) -> Iterator[Metric]:
        """The metrics for Prometheus: see ``prometheus_client.registry.Collector``."""
        requests = CounterMetricFamily("steel_requests", "Requests answered.", labels=["method", "route", "status"])
        for (method, route, status), count in list(self.counts.items()):
            requests.add_metric([method, route, str(status)], count)
        yield requests
        yield from self._latency.collect()
        yield GaugeMetricFamily("steel_requests_in_flight", "Requests being answered.", self.in_flight)
        yield GaugeMetricFamily("steel_up", "1 when the service can answer with a forecast.", float(self._is_up()))
        yield GaugeMetricFamily("steel_resident_memory_bytes", "Resident memory of this process.", self.memory_bytes)
        yield CounterMetricFamily("steel_cpu_seconds", "Processor time used.", self._cpu_seconds())
        yield GaugeMetricFamily("steel_start_time_seconds", "Unix time at which the process began.", self.started_at)
