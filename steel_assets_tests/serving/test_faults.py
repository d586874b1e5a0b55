"""Things break around the service; it goes on answering, with the right price or an honest refusal."""

from __future__ import annotations

import json
import random
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import httpx
import pandas as pd
import pytest

from steel_assets.adapters.cache.cache import RedisCache
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.service_use import parse
from steel_assets.settings import Settings
from steel_assets_tests.isolation import outside
from steel_assets_tests.serving.running import PREDICT, Redis, Running, make_key
from steel_assets_tests.serving.sample import issue_again, put_in_force

pytestmark = pytest.mark.slow

MARKET = "rebar_fob_turkey"
Serve = Callable[..., Running]


def parts_of(home: Path) -> Platform:
    return platform(Settings(home=home))


def soon() -> pd.Timestamp:
    """A moment of issue newer than the sample's, which lies in the past at any hour, and not after now: that is not believed."""
    return pd.Timestamp.now("UTC").floor("s")


def test_a_new_forecast_is_served_without_a_restart(home: Path, serve: Serve) -> None:
    service = serve(home)
    before = service.price()
    key = issue_again(parts_of(home), MARKET, 777.0, soon())
    published = round(float(pd.read_parquet(home / "lake" / key).query("horizon == 1")["predicted_price"].iloc[0]), 2)
    service.until(lambda: service.price() != before)
    assert service.price() == published


def test_a_damaged_newest_file_is_passed_over_and_named(home: Path, serve: Serve) -> None:
    before = (home / "lake" / "predictions" / "daily").glob(f"*/{MARKET}-*.parquet")
    good = pd.read_parquet(max(before)).query("horizon == 1")["predicted_price"].iloc[0]
    key = issue_again(parts_of(home), MARKET, 777.0, soon(), publishing=False)
    path = home / "lake" / key
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    put_in_force(parts_of(home))
    service = serve(home)
    assert service.price() == round(float(good), 2)
    alerts = service.client.get("/v1/alerts").json()["alerts"]
    assert any(alert["kind"] == "damaged_file" and key in alert["message"] for alert in alerts)


@pytest.fixture(scope="module")
def reading(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all figures that it must not believe; each is in a publication of its own."""
    home = shutil.copytree(published, tmp_path_factory.mktemp("hostile") / "home", ignore=shutil.ignore_patterns("serving"))
    with Running(Path(home)) as running:
        yield running.until_read()


NOT_BELIEVED = [
    ("predicted_price", float("nan")),
    ("predicted_price", 5_590_000.0),
    ("q05", 1e9),
    ("predicted_price", -3.0),
    ("market", "scrap_turkey"),
    ("as_of", pd.Timestamp("2099-01-01", tz="UTC")),
    ("last_price", 1e12),
    ("model_version", "not-one-that-was-in-force"),
]


@pytest.mark.parametrize(("place", "column", "value"), [(place, *wrong) for place, wrong in enumerate(NOT_BELIEVED)])
def test_a_readable_file_that_cannot_be_true_never_becomes_a_price(
    reading: Running, place: int, column: str, value: object
) -> None:
    home, before = reading.home, reading.price()
    moment = soon() - pd.Timedelta(seconds=len(NOT_BELIEVED) - place)  # later than the one before, so a file of its own
    path = home / "lake" / issue_again(parts_of(home), MARKET, 777.0, moment, publishing=False)
    rows = pd.read_parquet(path)
    rows[column] = value
    rows.to_parquet(path)
    put_in_force(parts_of(home))
    reading.until(lambda: path.name in reading.client.get("/v1/alerts").text)
    assert reading.price() == before


def test_lake_and_warehouse_gone_the_last_good_forecast_stays_even_after_a_restart(home: Path, serve: Serve) -> None:
    service = serve(home)
    before = service.client.get(PREDICT)
    shutil.rmtree(home / "lake")
    (home / "warehouse.duckdb").unlink()
    service.until(lambda: "publication" in service.client.get("/ready").json()["problems"])
    assert service.client.get(PREDICT).content == before.content
    assert service.client.get(f"/v1/markets/{MARKET}/scorecard").json()["horizons"]
    service.stop()
    again = serve(home, ready=False, keep=True)
    answer = again.until(lambda: (found := again.client.get(PREDICT)).status_code == 200 and found)
    assert answer.content == before.content
    assert int(answer.headers["x-forecast-age-seconds"]) > 0


def test_nothing_was_ever_published_is_503_with_the_remedy_and_the_dashboard_still_opens(tmp_path: Path, serve: Serve) -> None:
    service = serve(tmp_path / "home", ready=False)
    service.until(lambda: "was published yet" in service.client.get(PREDICT).text)
    answer = service.client.get(PREDICT)
    assert answer.status_code == 503
    assert answer.json()["error"] == "no_forecast"
    assert "make demo" in answer.json()["message"]
    assert service.client.get("/health").status_code == 200
    assert service.client.get("/ready").status_code == 503
    assert service.client.get("/dashboard").status_code == 200


def test_a_locked_warehouse_is_nothing_to_the_service(home: Path, serve: Serve) -> None:
    with duckdb.connect(home / "warehouse.duckdb"):
        service = serve(home)
        assert service.client.get("/ready").json()["problems"] == {}
        assert service.client.get(f"/v1/markets/{MARKET}/scorecard").json()["horizons"]


def test_revoking_takes_effect_in_a_running_service_and_the_key_is_in_no_log(home: Path, serve: Serve) -> None:
    made = make_key(home)
    secret = made["key"].partition(".")[2]
    service = serve(home, key=made["key"])
    assert service.client.get(PREDICT).status_code == 200
    service.client.get(f"/v1/markets/{made['key']}/forecasts")
    service.client.get(PREDICT, params={"key": made["key"]})
    command = [sys.executable, "-c", "from steel_assets.cli import main; main()", "keys", "revoke", made["id"]]
    subprocess.run(command, env=outside() | {"STEEL_HOME": str(home)}, check=True, capture_output=True)
    service.until(lambda: service.client.get(PREDICT).status_code == 401)
    service.stop()
    assert secret not in service.log
    kept = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert kept == []


def test_a_key_file_that_is_damaged_or_removed_never_opens_the_service(home: Path, serve: Serve) -> None:
    key = make_key(home, "--limit", "1000000")["key"]
    service = serve(home, key=key)
    path = home / "serving" / "keys.json"
    for ruin in (lambda: path.write_text("{"), lambda: path.write_text("{}"), path.unlink):
        ruin()
        service.until(lambda: "keys" in service.client.get("/ready").json()["problems"])
        assert service.client.get(PREDICT).status_code == 200
        assert httpx.get(service.url + PREDICT, trust_env=False).status_code == 401
    told = [minute for minute in service.client.get("/v1/alerts").json()["alerts"] if minute["kind"] == "keys_damaged"]
    assert "steel keys reset" in told[0]["message"]
    service.stop()
    for content in ("{", "{}", ""):
        path.write_text(content)
        starting = Running(home)
        assert starting.process.wait(600) == 2
        assert "steel keys reset --yes" in starting.log
        starting.stop()


def test_opened_without_a_key_only_this_machine_may_read_and_nobody_may_operate(home: Path, serve: Serve) -> None:
    service = serve(home)
    assert service.client.get(PREDICT).status_code == 200
    assert service.client.get("/dashboard").status_code == 200
    assert service.client.post("/update-data").status_code == 403
    for headers in ({"x-forwarded-for": "203.0.113.9"}, {"host": "rebound.example"}, {"x-api-key": "wrong"}):
        assert service.client.get(PREDICT, headers=headers).status_code == 401, headers
    with Running(home, host="0.0.0.0") as abroad:  # noqa: S104  that nothing is open there is what is tested
        assert abroad.client.get(PREDICT).status_code == 401
        assert abroad.client.get("/dashboard", follow_redirects=False).status_code == 303


@pytest.fixture
def busy(home: Path, serve: Serve, redis: Redis) -> Iterator[tuple[Running, Redis, Callable[[], list[tuple[int, float]]]]]:
    """A service that counts in Redis, under steady load; ``answers`` gives (status, seconds) since it was last called."""
    made = make_key(home, "--limit", "10000000")
    service = serve(home, key=made["key"], STEEL_REDIS_URL=redis.url)
    seen: list[tuple[int, float]] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=service.url, headers={"x-api-key": made["key"]}, timeout=60, trust_env=False) as client:
            while not done.is_set():
                began = time.perf_counter()
                seen.append((client.get(PREDICT).status_code, time.perf_counter() - began))
                time.sleep(0.005)

    def answers() -> list[tuple[int, float]]:
        found = list(seen)
        seen.clear()
        return found

    workers = [threading.Thread(target=ask) for _ in range(4)]
    for worker in workers:
        worker.start()
    yield service, redis, answers
    done.set()
    for worker in workers:
        worker.join()


def test_redis_frozen_killed_back_and_full_of_garbage_no_request_fails(
    busy: tuple[Running, Redis, Callable[[], list[tuple[int, float]]]],
) -> None:
    service, redis, answers = busy
    price = service.price()

    def steady(what: str) -> None:
        answers()
        found: list[tuple[int, float]] = []
        while len(found) < 200:
            time.sleep(0.05)
            found += answers()
        assert {status for status, _ in found} == {200}, what
        slow = sorted(seconds for _, seconds in found)[int(0.99 * len(found))]
        assert slow < 10, f"{what}: p99 {slow:.3f} s"

    steady("with Redis")
    redis.freeze()
    steady("frozen")
    redis.thaw()
    steady("thawed")
    redis.stop()
    steady("killed")
    redis.start()
    cache = RedisCache(redis.url)
    for content in (b"\x00garbage", b"[]", b'[{"market":"rebar_fob_turkey"}]', b"{" * 100_000):
        cache.put("predictions", parts_of(service.home).snapshots.pointer().version, content)  # type: ignore[union-attr]
        time.sleep(0.1)
    steady("restarted, serving garbage")
    assert service.price() == price


def test_three_hundred_clients_at_once_are_all_answered(service: Running, keys: dict[str, str]) -> None:
    def ask(_: int) -> set[int]:
        with httpx.Client(base_url=service.url, headers={"x-api-key": keys["read"]}, timeout=120, trust_env=False) as client:
            return {client.get(PREDICT).status_code for _ in range(5)}

    with ThreadPoolExecutor(300) as pool:
        assert set().union(*pool.map(ask, range(300))) == {200}


def hung_up_within(client: socket.socket, seconds: float) -> bool:
    """Send a header now and then, as a slow-loris does; whether the service had enough of it in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            client.sendall(b"X-a: b\r\n")
        except ConnectionError:
            return True
        time.sleep(0.5)
    return False


@pytest.mark.parametrize("clients", [400, pytest.param(1100, marks=pytest.mark.chaos)])
def test_slow_clients_hold_nobody_up_and_are_hung_up_on(service: Running, clients: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    slow = []
    for place in range(clients):
        one = socket.create_connection(("127.0.0.1", service.port))
        one.sendall(b"GET /predict/steel-rebar-price HTTP/1.1\r\nHost: x\r\n" if place % 2 else b"G")
        slow.append(one)
    waited = []
    for _ in range(50):
        began = time.perf_counter()
        assert service.client.get(PREDICT).status_code == 200
        waited.append(time.perf_counter() - began)
    assert max(waited) < 20, "not after those who never finish asking"
    assert hung_up_within(slow[1], 600)
    for test in slow:
        test.close()


@pytest.mark.parametrize("requests", [1500, pytest.param(10_000, marks=pytest.mark.chaos)])
def test_fuzzed_requests_never_cause_a_server_error(service: Running, keys: dict[str, str], requests: int) -> None:
    rng = random.Random(11)  # noqa: S311  the same requests every time
    price = service.price()
    words = [
        "predict",
        "steel-rebar-price",
        "v1",
        "markets",
        MARKET,
        "forecasts",
        "models",
        "metrics",
        "daily",
        "..",
        "%00",
        "%ff",
    ]
    words += ["a" * 3000, "é", "'; DROP", "{}", "dashboard", "login", "static", "style.css", "update", "automation", "status", ""]
    values = [
        "",
        "true",
        "NaN",
        "Infinity",
        "-1",
        "1e400",
        "2026-11-20",
        "0000-00-00",
        "9999-12-31T23:59:59+23:59",
        "\x00",
        "💥",
        "x" * 2000,
    ]
    names = ["as_of", "detail", "market", "start", "end", "horizon", "lang", "x[]", ""]
    methods = ["GET"] * 8 + ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"]
    statuses: dict[int, int] = {}
    for _ in range(requests):
        path = "/" + "/".join(rng.choices(words, k=rng.randint(0, 5)))
        params = {rng.choice(names): rng.choice(values) for _ in range(rng.randint(0, 3))}
        headers = {"accept-language": rng.choice(values).encode()[:50].replace(b"\x00", b""), "cookie": "steel_session=~~~; a"}
        try:
            answer = service.client.request(
                rng.choice(methods), path, params=params, headers=headers, content=rng.randbytes(rng.choice([0, 0, 20, 3000]))
            )
        except (httpx.InvalidURL, httpx.LocalProtocolError):
            continue
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, f"{answer.request.method} {answer.request.url}: {answer.text[:200]}"
    assert service.price() == price
    assert len(statuses) > 3
    assert not any(key.partition(".")[2] in service.log for key in keys.values())


def test_bytes_that_are_no_http_are_refused_and_the_service_lives(service: Running) -> None:
    rng = random.Random(5)  # noqa: S311  the same bytes every time
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", service.port)) as one:
            one.sendall(rng.choice([b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"\x16\x03\x01", rng.randbytes(300)]))
    assert service.client.get("/health").status_code == 200


def said_to(service: Running, request: bytes) -> tuple[bytes, dict[str, object]]:
    """Status line and JSON body of the answer to raw bytes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as one:
        one.sendall(request)
        head, _, body = one.makefile("rb").read().partition(b"\r\n\r\n")
    return head.splitlines()[0], json.loads(body)


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n"])
def test_bytes_that_are_no_http_are_answered_in_the_one_shape_of_errors(service: Running, request_: bytes) -> None:
    status, body = said_to(service, request_)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert body["error"] == "bad_request"
    assert set(body) == {"error", "message", "status_code"}


@pytest.mark.parametrize("header", [b"X: " + b"a" * 40_000_000, b"X-a: b\r\n" * 4_000_000])
def test_headers_without_end_are_refused_before_they_fill_the_memory(service: Running, header: bytes) -> None:
    before = service.resident_mb()
    try:
        status, body = said_to(service, b"GET /health HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        assert (status.split()[1], body["error"]) == (b"431", "headers_too_large")
    except ConnectionError:
        pass  # the service hung up while we were still sending, which is as good
    assert service.resident_mb() - before < 10


def test_a_client_that_breaks_off_its_request_is_no_error_of_the_service(service: Running, keys: dict[str, str]) -> None:
    failed = 'status="500"'
    for ending in (b"ZZ\r\n", b""):
        with socket.create_connection(("127.0.0.1", service.port)) as one:
            one.sendall(b"POST /dashboard/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nkey=a\r\n" + ending)
            time.sleep(0.3)
    time.sleep(0.3)
    assert failed not in service.client.get("/metrics").text
    assert "Traceback" not in service.log


def test_minutes_are_written_to_the_lake_in_the_format_that_metrics_read(home: Path, serve: Serve) -> None:
    service = serve(home)
    for _ in range(20):
        service.client.get(PREDICT)
    service.client.get("/v1/markets/nope/forecasts")
    service.stop()
    files = list((home / "lake" / "service" / "measurements").rglob("*.jsonl"))
    minutes = [minute for path in files for minute in parse(path.read_bytes())]
    assert sum(minute.predictions for minute in minutes) >= 20
    assert sum(minute.requests for minute in minutes) >= 21
    assert sum(sum(minute.latency_counts) for minute in minutes) == sum(minute.requests for minute in minutes)
    assert all(minute.memory_bytes < 150 * 2**20 for minute in minutes)
