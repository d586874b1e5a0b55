"""The server: its clock, its mark, its end, and what callers who mean harm get."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steel_assets.catalog import Catalog, Source
from steel_assets.sandbox import ClockError, Sandbox, SandboxError
from steel_assets.sandbox.providers import providers
from steel_assets_tests.sandbox.conftest import Get

SERVE = """
from steel_assets.catalog import load_catalog
from steel_assets.sandbox import serve
serve(load_catalog(), "127.0.0.1", {port})
"""


def test_it_answers_on_a_free_port_until_it_stops(catalog: Catalog) -> None:
    with Sandbox(catalog) as sandbox:
        assert httpx.get(f"{sandbox.url}/clock").json()["simulated"] is True
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{sandbox.url}/clock")


def test_it_answers_as_every_provider_of_the_catalogue(catalog: Catalog) -> None:
    assert set(providers()) == {source.id for source in catalog.sources.values() if source.kind == "api"}


def test_for_a_source_that_it_knows_nothing_of_it_says_what_to_do(catalog: Catalog) -> None:
    tin = Source(id="tin_exchange", name="Tin", groups=("settlements",), base_url="https://tin.example")
    with Sandbox(catalog.model_copy(update={"sources": {**catalog.sources, tin.id: tin}})) as sandbox:
        answer = httpx.get(f"{sandbox.url}/tin_exchange/v1/prices.csv")
    assert answer.status_code == 404
    assert "add providers/tin_exchange.py, or say where it answers: STEEL_BASE_URLS__TIN_EXCHANGE" in answer.json()["error"]


def test_it_stops_although_a_caller_keeps_the_connection(catalog: Catalog) -> None:
    with httpx.Client() as caller:
        with Sandbox(catalog) as sandbox:
            caller.get(f"{sandbox.url}/clock")
        with pytest.raises(httpx.TransportError):
            caller.get(f"{sandbox.url}/clock")


def test_a_port_in_use_is_an_error_that_names_it(catalog: Catalog) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"127\.0\.0\.1:{port}.*choose another port"):
            Sandbox(catalog, port=port).start()


def test_serve_answers_until_it_is_interrupted() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], stderr=subprocess.PIPE, text=True)
    try:
        status = None
        for _ in range(2400):
            try:
                status = httpx.get(f"http://127.0.0.1:{port}/clock").status_code
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        assert status == 200
    finally:
        process.send_signal(2)
        _, complaints = process.communicate(timeout=120)
    assert (process.returncode, complaints) == (0, "")


def test_the_clock_is_real_until_set_and_again_when_asked(sandbox: Sandbox, client: httpx.Client) -> None:
    assert client.put("/clock", json={"now": "2026-03-02T02:00:00-06:00"}).json()["now"] == "2026-03-02T08:00:00Z"
    assert client.get("/clock").json()["now"] == "2026-03-02T08:00:00Z"
    assert client.put("/clock", json={"now": None}).status_code == 200
    before = datetime.now(UTC).replace(microsecond=0)
    shown = datetime.fromisoformat(client.get("/clock").json()["now"])
    assert before <= shown <= datetime.now(UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"now": 5}', b'{"now": "tomorrow"}', b'{"now": "2026-03-02"}', b"\xff\xfe", b"[" * 100_000,
        b'{"now": "1999-01-01T00:00:00Z"}', b'{"now": "9999-12-31T23:59:59Z"}', b'{"now": "0001-01-01T00:00:00+23:59"}',
    ],
)  # fmt: skip
def test_a_clock_set_to_no_moment_stays_and_says_what_to_send(sandbox: Sandbox, client: httpx.Client, body: bytes) -> None:
    before = client.get("/clock").json()
    answer = client.put("/clock", content=body)
    assert answer.status_code == 422
    assert "error" in answer.json()
    assert client.get("/clock").json() == before


def test_a_moment_without_a_zone_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClockError, match="time zone"):
        sandbox.set_clock(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point


def test_the_market_can_be_looked_at_in_its_first_days_and_far_ahead(get: Get, sandbox: Sandbox) -> None:
    history = "/trading_economics/markets/historical/LSR1:COM"
    sandbox.set_clock(pd.Timestamp("2014-01-01T00:00Z"))
    assert get(history, c="k").json() == []
    assert get("/trading_economics/markets/commodities", c="k").json() == []
    sandbox.set_clock(pd.Timestamp("2014-01-03T00:00Z"))
    assert [row["Date"] for row in get(history, c="k").json()] == ["02/01/2014"]
    sandbox.set_clock(pd.Timestamp("2033-06-01T00:00Z"))
    assert get(history, c="k").json()[0]["Date"] == "31/05/2033"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/clock",
        "/nothing",
        "/yahoo_finance",
        "/yahoo_finance/v8/finance/chart/X",
        "/alpha_vantage/query",
        "/fred_api/fred/series",
    ],
)
def test_every_answer_says_that_it_is_simulated(get: Get, path: str) -> None:
    assert get(path).headers["x-simulated"] == "true"


HOSTILE = [
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=-99999999999999&period2=99999999999999",
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=-62135596800&period2=253402300799",
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=0&period2=" + "9" * 400,
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=NaN&period2=inf",
    "/yahoo_finance/v8/finance/chart/HRC%3DF?period1=%F0%9D%9F%99&period2=2",
    "/yahoo_finance/v8/finance/chart/HRC%3DF?range=forever",
    "/yahoo_finance/v8/finance/chart/HRC%3DF?interval=1m",
    "/yahoo_finance/v8/finance/chart/..%2F..%2F..%2Fetc%2Fpasswd",
    "/yahoo_finance/v8/finance/chart/" + "A" * 5000,
    "/yahoo_finance/v8/finance/chart/%00",
    "/yahoo_finance/../../etc/passwd",
    "/alpha_vantage/query?function=TIME_SERIES_DAILY&symbol=%00&apikey=%0d%0aSet-Cookie:x",
    "/alpha_vantage/query?function=" + "F" * 5000 + "&apikey=k",
    "/fred_api/fred/series/observations?series_id=WPU101&api_key=k&file_type=json&observation_start=0000-00-00",
    "/fred_api/fred/series/observations?series_id=WPU101&api_key=k&file_type=json&observation_start=0001-01-01",
    "/fred_api/fred/series/observations?series_id=WPU101&api_key=k&file_type=json&limit=1e5",
    "/fred_api/fred/series/observations?series_id=WPU101&api_key=k&file_type=json&offset=" + "9" * 30,
    "/fred_api/fred/series/observations?series_id=WPU101&api_key=k&file_type=exe",
    '/fred_api/fred/series/observations?series_id=WPU101"&api_key=k"<',
    "/fred_api/graph/fredgraph.csv?id=WPU101&cosd=%00&coed=zzzz",
    "/trading_economics/markets/historical/" + ",".join(["LSR1:COM"] * 500) + "?c=k&d1=2026-03-01",
    "/trading_economics/markets/historical/LSR1:COM?c=k&d1=0001-01-01&d2=9999-12-31",
    "/trading_economics/markets/historical/LSR1:COM?c=k&d1=9999-12-31&d2=0001-01-01",
    "/trading_economics/calendar/country/china/nothing/2026-01-01?c=k",
    "/trading_economics/calendar/country/china/0001-01-01/9999-12-31?c=k",
    "/trading_economics/historical/country/%2e%2e/indicator/%2e%2e?c=k",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_request_gets_an_answer_or_a_refusal_never_a_crash(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code < 500
    assert "passwd" not in answer.text
    assert "Traceback" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/yahoo_finance/v8/finance/chart/HRC%3DF",
        "/alpha_vantage/query",
        "/fred_api/fred/series/observations",
        "/trading_economics/markets/commodities",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_reading_is_offered(sandbox: Sandbox, client: httpx.Client, path: str, method: str) -> None:
    assert client.request(method, path).status_code == 405


NAMES = st.sampled_from(
    [
        "period1", "period2", "range", "interval", "function", "symbol", "outputsize", "apikey", "series_id", "api_key",
        "file_type", "realtime_start", "realtime_end", "observation_start", "observation_end", "limit", "offset",
        "sort_order", "c", "d1", "d2",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["WPU101", "DGS10", "NUE", "k", "json", "1", "-1", "2026-01-01", "9999-12-31", "TIME_SERIES_DAILY", "full"]),
    st.integers(-(10**20), 10**20).map(str),
    st.dates().map(str),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore").decode()),
)
PATHS = st.sampled_from(
    [
        "/yahoo_finance/v8/finance/chart/CL%3DF",
        "/alpha_vantage/query",
        "/fred_api/fred/series/observations",
        "/fred_api/graph/fredgraph.csv",
        "/trading_economics/markets/historical/JBP:COM",
        "/trading_economics/markets/commodities",
    ]
)


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, params=st.dictionaries(NAMES, VALUES, max_size=8))
def test_no_question_whatever_crashes_it(get: Get, path: str, params: dict[str, str]) -> None:
    assert get(path, **params).status_code < 500
