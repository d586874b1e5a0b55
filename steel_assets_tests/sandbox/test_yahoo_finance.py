"""Yahoo Finance's wire format, as the sandbox speaks it."""

from __future__ import annotations

import httpx
import pandas as pd
import pytest

from steel_assets.catalog import Catalog
from steel_assets.core.calendars import sessions
from steel_assets.sandbox import Sandbox
from steel_assets.sandbox.market import SimulatedMarket
from steel_assets_tests.sandbox.conftest import MOMENT, Get

CHART = "/yahoo_finance/v8/finance/chart/"


def seconds(moment: str) -> str:
    return str(int(pd.Timestamp(moment, tz="UTC").timestamp()))


def chart(get: Get, symbol: str, start: str, end: str) -> dict:
    answer = get(f"{CHART}{symbol}", period1=seconds(start), period2=seconds(end), interval="1d")
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["chart"]["result"]
    return result


def days(result: dict) -> list[str]:
    zone = result["meta"]["exchangeTimezoneName"]
    return [f"{pd.Timestamp(stamp, unit='s', tz='UTC').tz_convert(zone):%Y-%m-%d}" for stamp in result["timestamp"]]


def test_a_chart_holds_meta_timestamps_quotes_and_adjusted_closes_of_equal_length(get: Get) -> None:
    result = chart(get, "HRC%3DF", "2026-01-01", "2026-03-01")
    assert result["meta"]["currency"] == "USD"
    assert result["meta"]["symbol"] == "HRC=F"
    assert result["meta"]["instrumentType"] == "FUTURE"
    assert result["meta"]["exchangeTimezoneName"] == "America/New_York"
    (quote,) = result["indicators"]["quote"]
    assert set(quote) == {"open", "high", "low", "close", "volume"}
    assert {len(values) for values in quote.values()} == {len(result["timestamp"])}
    assert result["indicators"]["adjclose"][0]["adjclose"] == quote["close"]
    assert 400 < quote["close"][-1] < 1400


def test_bars_are_the_sessions_of_the_exchange_and_open_at_its_local_midnight_or_bell(get: Get) -> None:
    futures = chart(get, "HRC%3DF", "2025-12-01", "2026-02-01")
    assert days(futures) == [
        f"{day:%Y-%m-%d}" for day in sessions("CMES", pd.Timestamp("2025-12-01"), pd.Timestamp("2026-01-30"))
    ]
    assert "2025-12-25" not in days(futures)
    shares = chart(get, "%5EGSPC", "2025-07-01", "2025-07-10")
    assert days(shares) == ["2025-07-01", "2025-07-02", "2025-07-03", "2025-07-07", "2025-07-08", "2025-07-09"]
    assert pd.Timestamp(shares["timestamp"][0], unit="s", tz="UTC") == pd.Timestamp("2025-07-01T13:30Z")


def test_the_bar_of_the_session_under_way_is_last_stamped_with_the_moment_and_is_not_the_close(
    get: Get, sandbox: Sandbox
) -> None:
    during = chart(get, "TIO%3DF", "2026-02-20", "2026-03-06")
    assert days(during)[-1] == "2026-03-04"
    assert during["timestamp"][-1] == int(MOMENT.timestamp())
    sandbox.set_clock(MOMENT + pd.Timedelta(days=1))
    after = chart(get, "TIO%3DF", "2026-02-20", "2026-03-06")
    closes = dict(zip(days(after), after["indicators"]["quote"][0]["close"], strict=True))
    assert days(after)[-2] == "2026-03-04"
    assert after["timestamp"][-2] == int(pd.Timestamp("2026-03-04T05:00Z").timestamp())
    assert during["indicators"]["quote"][0]["close"][-1] != closes["2026-03-04"]


def test_the_live_price_moves_while_the_session_lasts(get: Get, sandbox: Sandbox) -> None:
    lasts = []
    for hour in (8, 14, 20):
        sandbox.set_clock(MOMENT.replace(hour=hour))
        lasts.append(chart(get, "CL%3DF", "2026-03-01", "2026-03-06")["indicators"]["quote"][0]["close"][-1])
    assert len(set(lasts)) == 3


def test_the_yuan_runs_a_day_late(get: Get, sandbox: Sandbox) -> None:
    sandbox.set_clock(pd.Timestamp("2026-03-04T05:00Z"))
    assert days(chart(get, "CNY%3DX", "2026-02-25", "2026-03-06"))[-1] == "2026-03-02"
    assert days(chart(get, "MXN%3DX", "2026-02-25", "2026-03-06"))[-2:] == ["2026-03-03", "2026-03-04"]


def test_some_bars_are_null_in_every_quote(get: Get) -> None:
    result = chart(get, "HG%3DF", "2014-01-01", "2026-03-01")
    quote = result["indicators"]["quote"][0]
    empty = [place for place, close in enumerate(quote["close"]) if close is None]
    assert 3 <= len(empty) <= 40
    assert all(quote[name][place] is None for name in quote for place in empty)


def test_a_late_close_is_null_with_a_volume_until_the_next_session_opens(
    get: Get, sandbox: Sandbox, market: SimulatedMarket
) -> None:
    series = market.catalog.series["crude_wti"]
    bars = market.bars(series, MOMENT)
    late = bars[bars["late"] & ~bars["missing"]].iloc[-2]
    day = f"{late['day']:%Y-%m-%d}"
    sandbox.set_clock(late["published_at"])
    waiting = chart(get, "CL%3DF", day, f"{late['day'] + pd.Timedelta(days=2):%Y-%m-%d}")
    assert waiting["indicators"]["quote"][0]["close"][0] is None
    assert waiting["indicators"]["quote"][0]["volume"][0] > 0
    sandbox.set_clock(late["published_at"] + pd.Timedelta(days=4))
    assert (
        chart(get, "CL%3DF", day, f"{late['day'] + pd.Timedelta(days=2):%Y-%m-%d}")["indicators"]["quote"][0]["close"][0]
        == late["close"]
    )


def test_every_yahoo_series_of_the_catalogue_is_answered_in_its_currency(get: Get, catalog: Catalog) -> None:
    for series in catalog.series_of("yahoo_finance"):
        answer = get(f"{CHART}{series.symbol}", range="1mo")
        assert answer.status_code == 200, series.symbol
        assert answer.json()["chart"]["result"][0]["meta"]["currency"] == (
            series.currency or series.unit[:3].replace("ind", "USD")
        )


def test_without_a_browsers_name_the_call_is_refused_in_plain_text(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.url}{CHART}HRC%3DF", headers={"User-Agent": "python-httpx/0.28"})
    assert answer.status_code == 429
    assert answer.text.strip() == "Too Many Requests"


def test_an_unknown_symbol_is_not_found(get: Get) -> None:
    answer = get(f"{CHART}RB%3DF", period1="0", period2="1")
    assert answer.status_code == 404
    assert answer.json() == {
        "chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}
    }


@pytest.mark.parametrize(
    ("start", "end"), [("946684800", "946771200"), ("4102444800", "4102531200"), ("1772755200", "1772755200")]
)
def test_a_range_without_bars_is_a_bad_request_that_repeats_it(get: Get, start: str, end: str) -> None:
    answer = get(f"{CHART}HRC%3DF", period1=start, period2=end)
    assert answer.status_code == 400
    assert answer.json()["chart"]["error"]["description"] == f"Data doesn't exist for startDate = {start}, endDate = {end}"


def test_a_range_that_ends_before_it_starts_is_a_bad_request(get: Get) -> None:
    answer = get(f"{CHART}HRC%3DF", period1="1772582400", period2="1772409600")
    assert answer.status_code == 400
    assert answer.json()["chart"]["error"]["description"].startswith("Invalid input - start date cannot be after end date.")
