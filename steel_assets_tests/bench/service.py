"""How fast the service is: ``python -m steel_assets_tests.bench.service [--seconds 60] [--soak 1000000]``.

Everything on this machine, load generator included: cold start, 500 requests a second, as many as it can with Redis, the
same body from a bare FastAPI route in turns of the same run, and a soak that watches memory and open files. Lines end with
what is wanted; the machine's load is said first and last, because on a busy one the figures are the neighbours'.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from steel_assets_tests.bench.open_loop import steady
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.serving.running import PREDICT, Redis, Running, free_port, make_key
from steel_assets_tests.serving.sample import WITH_A_HISTORY, publish

CONNECTIONS = 16
PLANS = 500
PACE_PER_SECOND = 500
TURNS = 5
"""How often the service and the bare route take turns; the ratio is the median of theirs."""
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

BARE = """
import sys
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
app, body = FastAPI(), sys.argv[2].encode()
@app.get("/predict/steel-rebar-price")
async def predict() -> Response:
    return Response(body, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error")
"""


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="length of each load")
    parser.add_argument("--soak", type=int, default=1_000_000, help="requests of the soak")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        say("service", "not measured: wrk is not on this machine (apt-get install wrk)")
        return
    say("load of the machine before", _load_average())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        publish(home)
        key = make_key(home, "--limit", "1000000000")["key"]
        cold_start(home, key)
        redis = Redis()
        with Running(home, key=key, fresh=True, STEEL_REDIS_URL=redis.url) as service:
            service.until_read()
            body = service.client.get(PREDICT).text
            load(service.url, key, 2)
            paced = load(service.url, key, chosen.seconds, pace=PACE_PER_SECOND)
            say(f"{PACE_PER_SECOND} requests/s, with Redis (wrk)", f"{described(paced)}; wanted p99 ≤ 10 ms, 0 errors")
            due = steady(service.url, PREDICT, key, per_second=PACE_PER_SECOND, seconds=chosen.seconds, connections=CONNECTIONS)
            latency = f"p50 {due.p50_ms:.2f} ms, p99 {due.p99_ms:.2f} ms, worst {due.worst_ms:.0f} ms"
            say("the same, from when each was due", f"{due.per_second:,.0f} requests/s, {latency}, {due.errors} errors")
            full = load(service.url, key, chosen.seconds)
            say("as many as it can, with Redis", f"{described(full)}; wanted ≥ 1,500 requests/s, 0 errors")
            plans(service)
            with bare(body) as url:
                ratio(service.url, url, key, max(2, chosen.seconds // TURNS))
            soak(service, key, chosen.soak)
        redis.stop()
    say("load of the machine after", _load_average())


def plans(service: Running) -> None:
    """How long a plan of a purchase takes, asked one after the other, on spot and on the monthly average."""
    path = f"/v1/markets/{WITH_A_HISTORY}/averages"
    told = service.client.get(path).raise_for_status().json()
    whole = [average["period"] for average in told["averages"] if average["whole"] and "Q" not in average["period"]]
    for contract in ("spot", "average"):
        took = []
        for number in range(PLANS):
            asked = {"market": WITH_A_HISTORY, "tonnes": 1 + number, "by": f"{whole[-1]}-28", "contract": contract}
            began = time.perf_counter()
            service.client.post("/v1/plan", json=asked).raise_for_status()
            took.append(1000 * (time.perf_counter() - began))
        fast = statistics.quantiles(took, n=100)
        say(f"{PLANS} plans of a purchase, {contract}", f"p50 {fast[49]:.1f} ms, p99 {fast[98]:.1f} ms; wanted p99 ≤ 100 ms")


def ratio(url: str, bare_url: str, key: str, seconds: int) -> None:
    """The service's throughput ÷ the bare route's, in turns."""
    load(bare_url, key, 2)
    turns = [(load(url, key, seconds).per_second, load(bare_url, key, seconds).per_second) for _ in range(TURNS)]
    ratios = [mine / theirs for mine, theirs in turns]
    say("bare FastAPI route, same body", f"{statistics.median(theirs for _, theirs in turns):,.0f} requests/s")
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    how = f"wrk, {TURNS} turns of {seconds} s, {CONNECTIONS} connections"
    record("API: a forecast", "a bare FastAPI route", 1 / statistics.median(ratios), how)
    say("ratio to the bare route", f"{statistics.median(ratios):.2f} ({each}); wanted ≥ 0.80")


def soak(service: Running, key: str, requests: int) -> None:
    """Memory and open files after the first tenth of ``requests``, and after all of them."""
    served, errors, began = 0, 0, time.monotonic()
    early: tuple[float, int] | None = None
    while served < requests:
        one = load(service.url, key, 10)
        served, errors = served + round(one.per_second * 10), errors + one.errors
        if early is None and served >= requests / 10:
            early = service.resident_mb(), service.open_files()
    memory, files = early or (float("nan"), 0)
    grown = (
        f"{memory:.1f} → {service.resident_mb():.1f} MB resident, {files} → {service.open_files()} open files, {errors} errors"
    )
    say(f"soak of {served:,} requests in {time.monotonic() - began:.0f} s", grown)


def _load_average() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def cold_start(home: Path, key: str) -> None:
    """From starting the process to the first answers, without a kept copy and with one."""
    for what, keep in (("cold start", False), ("cold start with the last good copy", True)):
        began = time.perf_counter()
        service = Running(home, key=key, keep=keep, fresh=True)
        alive = service.until(_timed(lambda service=service: service.client.get("/health").status_code == 200, began))
        first = service.until(_timed(lambda service=service: service.client.get(PREDICT).status_code == 200, began))
        service.until_read()
        time.sleep(1)
        times = f"answers after {alive:.2f} s, first forecast after {first:.2f} s"
        say(what, f"{times}, {service.resident_mb():.0f} MB resident; wanted < 1.5 s, < 150 MB")
        service.stop()


def _timed(check: Callable[[], bool], began: float) -> Callable[[], float | None]:
    return lambda: time.perf_counter() - began if check() else None


def load(url: str, key: str, seconds: int, *, pace: int | None = None) -> Load:
    """Load with wrk; ``pace`` in requests a second by a pause of each connection between its requests."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        pause = round(1000 * CONNECTIONS / pace) - 2 if pace else 0  # less the answer's own time and half a tick
        script.write(f"function delay() return {pause} end\n" if pace else "\n")
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script.name, "-H", f"X-API-Key: {key}"]
        said = subprocess.run([*command, url + PREDICT], capture_output=True, text=True, check=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    errors = int(refused[1]) if refused else 0
    errors += sum(map(int, broken.groups())) if broken else 0
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None:
        raise RuntimeError(f"wrk said something else than expected:\n{said}")
    return Load(float(rate[1]), _quantile(said, 50), _quantile(said, 99), errors)


def _quantile(said: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s)$", said, re.MULTILINE)
    return float(found[1]) * UNITS_MS[found[2]] if found else float("nan")


@contextmanager
def bare(body: str) -> Iterator[str]:
    """The yardstick: a FastAPI route that returns ``body`` and does nothing else."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port), json.dumps(json.loads(body))])
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            httpx.get(url + PREDICT, trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()


def described(measured: Load) -> str:
    latency = f"p50 {measured.p50_ms:.2f} ms, p99 {measured.p99_ms:.2f} ms"
    return f"{measured.per_second:,.0f} requests/s, {latency}, {measured.errors} errors"


def say(what: str, measured: str) -> None:
    sys.stdout.write(f"{what:42} {measured}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
