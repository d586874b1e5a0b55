"""How fast the service is: ``python -m steel_assets_tests.bench.service [--seconds 60] [--soak 1000000]``.

Everything on this machine, load generator included: cold start, 500 requests a second, as many as it can with Redis, the
same body from a bare FastAPI route in the same run, and a soak that watches memory.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from steel_assets_tests.serving.running import PREDICT, Redis, Running, free_port, make_key
from steel_assets_tests.serving.sample import publish

CONNECTIONS = 16
PACE_PER_SECOND = 500
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
    parser.add_argument("--seconds", type=int, default=10, help="length of each load")
    parser.add_argument("--soak", type=int, default=100_000, help="requests of the soak")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        say("service", "not measured: wrk is not on this machine (apt-get install wrk)")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        publish(home)
        key = make_key(home, "--limit", "1000000000")["key"]
        cold_start(home, key)
        redis = Redis()
        with Running(home, key=key, STEEL_REDIS_URL=redis.url) as service:
            service.until_read()
            body = service.client.get(PREDICT).text
            load(service.url, key, 2)
            paced = load(service.url, key, chosen.seconds, pace=PACE_PER_SECOND)
            say(f"{PACE_PER_SECOND} requests/s, with Redis", described(paced))
            full = load(service.url, key, chosen.seconds)
            say("as many as it can, with Redis", described(full))
            with bare(body) as url:
                load(url, key, 2)
                yardstick = load(url, key, chosen.seconds)
            say("bare FastAPI route, same body", described(yardstick))
            say("ratio to the bare route", f"{full.per_second / yardstick.per_second:.2f}")
            before, served, began = service.resident_mb(), 0, time.monotonic()
            while served < chosen.soak:
                served += round(load(service.url, key, 10).per_second * 10)
            after = service.resident_mb()
            say(f"soak of {served:,} requests in {time.monotonic() - began:.0f} s", f"{before:.0f} → {after:.0f} MB resident")
        redis.stop()


def cold_start(home: Path, key: str) -> None:
    """From starting the process to the first answers, without a kept copy and with one."""
    for what, keep in (("cold start", False), ("cold start with the last good copy", True)):
        began = time.perf_counter()
        service = Running(home, key=key, keep=keep)
        alive = service.until(_timed(lambda service=service: service.client.get("/health").status_code == 200, began))
        first = service.until(_timed(lambda service=service: service.client.get(PREDICT).status_code == 200, began))
        service.until_read()
        time.sleep(1)
        say(what, f"answers after {alive:.2f} s, first forecast after {first:.2f} s, {service.resident_mb():.0f} MB resident")
        service.stop()


def _timed(check: Callable[[], bool], began: float) -> Callable[[], float | None]:
    return lambda: time.perf_counter() - began if check() else None


def load(url: str, key: str, seconds: int, *, pace: int | None = None) -> Load:
    """Load with wrk; ``pace`` in requests a second by a pause of each connection between its requests."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        pause = round(1000 * CONNECTIONS / pace) - 1 if pace else 0
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
