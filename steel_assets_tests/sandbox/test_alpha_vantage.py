"""Alpha Vantage's wire format, as the sandbox speaks it: every answer is HTTP 200."""

from __future__ import annotations

import pandas as pd
import pytest

from steel_assets.catalog import Catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.sandbox.conftest import Get

QUERY = "/alpha_vantage/query"


def daily(get: Get, symbol: str = "NUE", key: str = "k", **more: str) -> dict:
    answer = get(QUERY, function="TIME_SERIES_DAILY", symbol=symbol, apikey=key, **more)
    assert answer.status_code == 200
    return answer.json()


def test_bars_are_strings_newest_first_under_their_day(get: Get) -> None:
    body = daily(get)
    assert body["Meta Data"] == {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": "NUE",
        "3. Last Refreshed": "2026-03-03",
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    }
    bars = body["Time Series (Daily)"]
    assert list(bars) == sorted(bars, reverse=True)
    newest = bars["2026-03-03"]
    assert list(newest) == ["1. open", "2. high", "3. low", "4. close", "5. volume"]
    assert len(newest["4. close"].partition(".")[2]) == 4
    assert newest["5. volume"].isdigit()
    assert float(newest["3. low"]) <= float(newest["4. close"]) <= float(newest["2. high"])


def test_compact_is_the_newest_hundred_bars_and_full_is_all_of_them(get: Get) -> None:
    compact, full = daily(get)["Time Series (Daily)"], daily(get, outputsize="full")["Time Series (Daily)"]
    assert len(compact) == 100
    assert len(full) > 3000
    assert list(full)[:100] == list(compact)
    assert list(full)[-1] == "2014-01-02"


def test_full_is_not_for_the_free_key(get: Get, sandbox: Sandbox) -> None:
    sandbox.set_clock(pd.Timestamp("2025-01-08T08:00Z"))
    body = daily(get, key="free", outputsize="full")
    assert list(body) == ["Information"]
    assert "outputsize=full parameter value is a premium feature" in body["Information"]


def test_the_sixth_call_within_a_minute_is_refused_to_the_free_key_only(
    get: Get, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_clock(pd.Timestamp("2025-02-05T08:00Z"))
    monkeypatch.setattr(sandbox.clock, "seconds", lambda: 1e9)
    bodies = [daily(get, key="free") for _ in range(6)]
    assert all("Time Series (Daily)" in body for body in bodies[:5])
    assert list(bodies[5]) == ["Note"]
    assert "5 calls per minute and 500 calls per day" in bodies[5]["Note"]
    assert "Time Series (Daily)" in daily(get, key="paid")
    monkeypatch.setattr(sandbox.clock, "seconds", lambda: 1e9 + 61)
    assert "Time Series (Daily)" in daily(get, key="free")


def test_the_26th_call_of_a_day_is_refused_to_the_free_key_until_the_next_day(
    get: Get, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_clock(pd.Timestamp("2025-03-05T08:00Z"))
    minutes = iter(range(10**9 + 1000, 10**9 + 100_000, 61))
    monkeypatch.setattr(sandbox.clock, "seconds", lambda: next(minutes))
    bodies = [daily(get, key="free") for _ in range(26)]
    assert all("Time Series (Daily)" in body for body in bodies[:25])
    assert "our standard API rate limit is 25 requests per day" in bodies[25]["Information"]
    sandbox.set_clock(pd.Timestamp("2025-03-06T08:00Z"))
    assert "Time Series (Daily)" in daily(get, key="free")


@pytest.mark.parametrize("key", ["", "invalid"])
def test_a_bad_key_is_an_error_message(get: Get, key: str) -> None:
    assert daily(get, key=key)["Error Message"].startswith("the parameter apikey is invalid or missing.")


@pytest.mark.parametrize(
    "params",
    [
        {"function": "TIME_SERIES_DAILY", "symbol": "NOSUCH"},
        {"function": "TIME_SERIES_DAILY"},
        {"function": "NO_SUCH_FUNCTION", "symbol": "NUE"},
        {"symbol": "NUE"},
        {"function": "TIME_SERIES_DAILY", "symbol": "NUE", "outputsize": "enormous"},
    ],
)
def test_a_call_that_cannot_be_answered_is_an_error_message(get: Get, params: dict[str, str]) -> None:
    answer = get(QUERY, apikey="k", **params)
    assert answer.status_code == 200
    assert answer.json()["Error Message"].startswith("Invalid API call.")


def test_every_alpha_vantage_series_of_the_catalogue_is_answered(get: Get, catalog: Catalog) -> None:
    for series in catalog.series_of("alpha_vantage"):
        assert len(daily(get, symbol=str(series.symbol))["Time Series (Daily)"]) == 100
