"""Yahoo Finance: trading days from stamps, bars that are no closes yet, and callers that look like a browser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from steel_assets.adapters.http.client import HttpError, Recorded, Response
from steel_assets.bootstrap import catalog
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, SourceError, yahoo_finance
from steel_assets_tests.contracts.connector import MOMENT, ConnectorContract, Figures
from steel_assets_tests.loopback import Loopback, Reply, Request

CHICAGO = PublicationRule(at="18:00", zone="America/Chicago")  # type: ignore[arg-type]


def future(symbol: str, unit: str = "USD/t", published: PublicationRule = CHICAGO) -> Series:
    name = symbol.lower().replace("=", "_").replace("^", "")
    return Series(id=name, name=symbol, unit=unit, source="yahoo_finance", symbol=symbol, published=published)


HRC, TIO = future("HRC=F", "USD/short_ton"), future("TIO=F")


def chart(stamps: Sequence[int], closes: Sequence[object], **meta: object) -> bytes:
    about = {"currency": "USD", "exchangeTimezoneName": "America/New_York", "gmtoffset": -18000, "regularMarketTime": 1, **meta}
    indicators = {"quote": [{"open": closes, "close": closes, "volume": [0] * len(closes)}], "adjclose": [{"adjclose": [1.0]}]}
    return json.dumps(
        {"chart": {"result": [{"meta": about, "timestamp": stamps, "indicators": indicators}], "error": None}}
    ).encode()


def at(local: str, zone: str = "America/New_York") -> int:
    return int(pd.Timestamp(local, tz=zone).timestamp())


class TestYahooFinance(ConnectorContract):
    source = "yahoo_finance"
    series = (HRC, TIO)

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if "Mozilla" not in request.headers["user-agent"]:
                return Reply(b"Too Many Requests", 429)
            symbol = request.path.removeprefix("/v8/finance/chart/")
            if symbol not in figures:
                body = {
                    "chart": {
                        "result": None,
                        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
                    }
                }
                return Reply(json.dumps(body).encode(), 404)
            bars = {at(day): value for day, value in figures[symbol].items()}
            return Reply(chart(list(bars), list(bars.values())))

        return answer

    def test_symbols_are_encoded_and_only_the_last_days_asked_for_again(self, provider: Loopback) -> None:
        known = self.collect(provider.url).observations
        self.collect(provider.url, known, MOMENT)
        first, again = (request for request in provider.asked if "HRC" in request.path)
        assert first.raw_path == "/v8/finance/chart/HRC%3DF"
        assert first.query["interval"] == "1d"
        assert pd.Timestamp(int(first.query["period1"]), unit="s") == pd.Timestamp("2014-01-10")
        assert pd.Timestamp(int(again.query["period1"]), unit="s") == pd.Timestamp("2023-12-26")
        assert pd.Timestamp(int(first.query["period2"]), unit="s") == pd.Timestamp("2024-01-12")

    def test_too_many_requests_is_a_problem_with_its_name(self, provider: Loopback) -> None:
        provider.answer = lambda request: Reply(b"Too Many Requests", 429, {"retry-after": "600"})
        assert "too many requests (429); it asks to wait 600 s" in self.collect(provider.url).problems[HRC.id]


def collect(series: Series, content: bytes | Response, moment: pd.Timestamp = MOMENT) -> Collection:
    http = Recorded({f"/chart/{series.symbol}".replace("=", "%3D").replace("^", "%5E"): content})
    return yahoo_finance.collect([series], OBSERVATIONS.empty(), moment, Access(http, "http://x"))


def periods(collection: Collection) -> list[str]:
    return collection.observations["period"].dt.strftime("%Y-%m-%d").tolist()


@pytest.mark.parametrize(
    ("zone", "opens", "days"),
    [
        ("America/New_York", ["2024-03-08 00:00", "2024-03-11 00:00"], ["2024-03-08", "2024-03-11"]),
        ("Europe/London", ["2024-03-28 00:00", "2024-04-02 00:00"], ["2024-03-28", "2024-04-02"]),
        ("Asia/Shanghai", ["2024-01-02 09:30", "2024-01-03 09:30"], ["2024-01-02", "2024-01-03"]),
    ],
    ids=["across American summer time", "across British summer time, the UTC date is the day before", "east of UTC"],
)
def test_the_trading_day_is_the_local_date_of_the_exchange(zone: str, opens: list[str], days: list[str]) -> None:
    content = chart([at(opening, zone) for opening in opens], [1.0, 2.0], exchangeTimezoneName=zone)
    assert periods(collect(HRC, content, pd.Timestamp("2024-04-10", tz="UTC"))) == days


def test_an_unknown_zone_falls_back_on_the_offset() -> None:
    content = chart([at("2024-01-05 00:00")], [1.0], exchangeTimezoneName="Mars/Olympus", gmtoffset=-18000)
    assert periods(collect(HRC, content)) == ["2024-01-05"]


def test_without_zone_and_offset_no_day_is_guessed() -> None:
    content = chart([at("2024-01-05 00:00")], [1.0], exchangeTimezoneName=None, gmtoffset=None)
    collection = collect(HRC, content)
    assert "the exchange's time zone" in collection.problems[HRC.id]
    assert collection.observations.empty


def test_the_open_bar_of_today_is_not_a_close() -> None:
    stamps = [at("2024-01-08 00:00"), at("2024-01-09 00:00"), at("2024-01-09 15:13:22")]
    before_the_close = pd.Timestamp("2024-01-09 15:14", tz="America/New_York").tz_convert("UTC")
    collection = collect(HRC, chart(stamps[:2], [1.0, 2.0]), before_the_close)
    assert periods(collection) == ["2024-01-08"]
    assert collection.notes == {"not published yet": 1}
    after = pd.Timestamp("2024-01-09 19:30", tz="America/New_York").tz_convert("UTC")
    assert periods(collect(HRC, chart(stamps[:2], [1.0, 2.0]), after)) == ["2024-01-08", "2024-01-09"]


def test_a_tick_of_the_evening_session_is_not_the_day_that_ended() -> None:
    stamps = [at("2024-01-09 00:00"), at("2024-01-09 20:15:00")]
    evening = pd.Timestamp("2024-01-09 20:16", tz="America/New_York").tz_convert("UTC")
    collection = collect(HRC, chart(stamps, [100.0, 104.0]), evening)
    assert collection.observations["value"].tolist() == [100.0]
    assert collection.notes == {"ticks of the next session": 1}


def test_a_live_row_beside_its_bar_that_says_the_same_is_stored_once() -> None:
    stamps = [at("2024-01-08 09:30"), at("2024-01-08 16:00:01")]
    collection = collect(HRC, chart(stamps, [100.0, 100.0]))
    assert collection.observations["value"].tolist() == [100.0]
    assert collection.notes == {"repeated rows": 1}


def test_a_live_row_beside_its_bar_that_says_otherwise_gives_way_to_the_bar() -> None:
    stamps = [at("2024-01-05 09:30"), at("2024-01-08 09:30"), at("2024-01-08 16:00:01")]
    collection = collect(HRC, chart(stamps, [99.0, 100.0, 101.5]))
    assert collection.observations["value"].tolist() == [99.0, 100.0]
    assert collection.notes == {"live rows beside their bar": 1}


EVENING = pd.Timestamp("2025-12-23 01:30", tz="UTC")
"""19:30 in Chicago: the day's figure counts as published."""


@pytest.mark.parametrize("calendar", ["weekdays", "CMES"])
@pytest.mark.parametrize("tick", ["2025-12-22 18:00:00", "2025-12-22 18:05:00", "2025-12-22 18:59:30", "2025-12-22 23:59:59"])
def test_a_live_row_of_the_next_session_is_no_close_of_this_one(tick: str, calendar: str) -> None:
    stamps = [at("2025-12-18 00:00"), at("2025-12-19 00:00"), at(tick)]
    one = TIO.model_copy(update={"calendar": calendar})
    collection = collect(one, chart(stamps, [105.0, 106.0, 111.11], regularMarketTime=stamps[-1]), EVENING)
    assert periods(collection) == ["2025-12-18", "2025-12-19"]
    assert collection.notes == {"ticks of the next session": 1}


def test_the_last_trade_before_the_close_is_a_close_when_the_bar_is_not_there_yet() -> None:
    stamps = [at("2025-12-18 00:00"), at("2025-12-19 00:00"), at("2025-12-22 16:59:58")]
    assert periods(collect(TIO, chart(stamps, [105.0, 106.0, 107.0]), EVENING))[-1] == "2025-12-22"


def test_a_tick_of_sunday_evening_is_of_monday() -> None:
    stamps = [at("2025-12-18 00:00"), at("2025-12-19 00:00"), at("2025-12-21 18:05")]
    monday = pd.Timestamp("2025-12-22 08:00", tz="UTC")
    assert periods(collect(TIO, chart(stamps, [105.0, 106.0, 107.0]), monday)) == ["2025-12-18", "2025-12-19"]


def test_bars_stamped_on_the_evening_before_are_of_the_session_that_began_then() -> None:
    stamps = [at("2025-12-17 18:00"), at("2025-12-18 18:00"), at("2025-12-21 18:00"), at("2025-12-22 18:20")]
    collection = collect(TIO, chart(stamps, [105.0, 106.0, 107.0, 108.0]), EVENING)
    assert periods(collection) == ["2025-12-18", "2025-12-19", "2025-12-22"]


@pytest.mark.parametrize(
    ("calendar", "zone", "opens", "closing", "next_one", "published"),
    [
        ("XSHG", "Asia/Shanghai", "09:30", "15:00:03", "21:05", "22:00"),
        ("XLON", "Europe/London", "08:00", "16:35:12", "17:05", "18:30"),
        ("XASX", "Australia/Sydney", "10:00", "16:10:31", "17:10", "19:00"),
        ("XNYS", "America/New_York", "09:30", "16:00:02", "17:05", "18:00"),
    ],
)
@pytest.mark.parametrize("day", ["2024-01-09", "2024-07-09"], ids=["winter", "summer"])
def test_every_exchange_has_its_own_close(
    calendar: str, zone: str, opens: str, closing: str, next_one: str, published: str, day: str
) -> None:
    share = future("S", "index", PublicationRule(at=published, zone=zone)).model_copy(update={"calendar": calendar})  # type: ignore[arg-type]
    before = f"{pd.Timestamp(day) - pd.Timedelta(days=1):%Y-%m-%d}"
    moment = pd.Timestamp(f"{day} 23:30", tz=zone).tz_convert("UTC")
    for tick, expected in ((closing, [before, day]), (next_one, [before])):
        stamps = [at(f"{before} {opens}", zone), at(f"{day} {tick}", zone)]
        stamps.insert(0, at(f"{pd.Timestamp(before) - pd.Timedelta(days=3):%Y-%m-%d} {opens}", zone))
        assert periods(collect(share, chart(stamps, [1.0, 2.0, 3.0], exchangeTimezoneName=zone), moment))[1:] == expected


def test_an_offset_alone_tells_the_days_of_both_halves_of_the_year() -> None:
    stamps = [at("2023-07-06 00:00"), at("2023-07-07 00:00"), at("2024-01-05 00:00"), at("2024-01-08 00:00")]
    content = chart(stamps, [1.0, 2.0, 3.0, 4.0], exchangeTimezoneName="Mars/Olympus", gmtoffset=-18000)
    assert periods(collect(HRC, content)) == ["2023-07-06", "2023-07-07", "2024-01-05", "2024-01-08"]


BLOCKS = {
    "too many requests": Response(429, b"Too Many Requests"),
    "too many requests, as a page": Response(200, b"Edge: Too Many Requests"),
    "a crumb": Response(401, b'{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'),
    "a crumb in 200": Response(200, b'{"chart":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'),
    "forbidden": Response(403, b"Forbidden"),
    "no access": Response(403, b'{"finance":{"error":{"description":"User is unable to access this feature"}}}'),
    "a consent form": Response(200, b"<!DOCTYPE html><html><title>Yahoo is part of the Yahoo family of brands</title></html>"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_named_with_what_can_be_done_and_ends_the_collection(name: str) -> None:
    answer: object = BLOCKS[name]
    if BLOCKS[name].status == 429:
        answer = HttpError("limited", "x/y", "too many requests (429)", status=429, retry_after=600.0)
    http = Recorded({"": answer})  # type: ignore[dict-item]
    series = [future(f"S{number}=F") for number in range(8)]
    collection = yahoo_finance.collect(series, OBSERVATIONS.empty(), MOMENT, Access(http, "http://x"))
    assert len(http.asked) <= 2, "those that were under way"
    assert collection.observations.empty
    assert all("Yahoo blocks this client" in problem for problem in collection.problems.values())
    assert "another network" in collection.problems["s0_f"]
    assert "fingerprint" in collection.problems["s0_f"]
    assert collection.blocked is not None
    assert collection.retry_after == (600.0 if BLOCKS[name].status == 429 else None)


def test_a_redirect_to_the_consent_form_is_a_block() -> None:
    away = HttpError("redirect", "x/y", "redirects to guce.yahoo.com, which is not followed", status=307)
    collection = yahoo_finance.collect([HRC], OBSERVATIONS.empty(), MOMENT, Access(Recorded({"": away}), "http://x"))
    assert "Yahoo blocks this client" in collection.problems[HRC.id]


def test_a_symbol_that_is_not_there_is_no_block() -> None:
    body = b'{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'
    collection = collect(HRC, Response(404, body))
    assert collection.blocked is None
    assert "Yahoo blocks" not in collection.problems[HRC.id]


def test_two_closes_for_one_day_are_both_left_for_later() -> None:
    stamps = [at("2024-01-05 00:00"), at("2024-01-08 09:30"), at("2024-01-08 09:30")]
    collection = collect(HRC, chart(stamps, [99.0, 100.0, 101.0]))
    assert collection.observations["value"].tolist() == [99.0]
    assert collection.notes == {"contradicting rows": 2}


def test_closes_in_another_currency_than_the_catalogues_are_held_with_the_reason() -> None:
    collection = collect(HRC, chart([at("2024-01-05 00:00"), at("2024-01-08 00:00")], [1.0, 2.0], currency="EUR"))
    assert collection.problems == {}
    assert collection.observations.empty
    assert collection.suspects["value"].tolist() == [1.0, 2.0]
    assert "quotes it in EUR, the catalogue says USD/short_ton" in collection.suspects["reason"].iloc[0]


@pytest.mark.parametrize(("quoted", "unit"), [("USX", "USD/lb"), ("GBp", "GBP"), ("ZAc", "ZAR")])
def test_hundredths_of_the_catalogues_currency_are_brought_to_it(quoted: str, unit: str) -> None:
    collection = collect(future("X=F", unit), chart([at("2024-01-05 00:00")], [382.15], currency=quoted))
    assert collection.observations["value"].tolist() == [3.8215]
    assert collection.notes == {f"quoted in {quoted}": 1}
    assert collection.suspects.empty


def test_the_currency_of_an_index_is_of_no_concern() -> None:
    content = chart([at("2024-01-05 00:00")], [102.4], currency=None)
    assert collect(future("^VIX", "index"), content).observations["value"].tolist() == [102.4]
    content = chart([at("2024-01-05 00:00")], [102.4], currency="USD")
    assert collect(future("^VIX", "index"), content).observations["value"].tolist() == [102.4]


def test_an_exchange_rate_has_no_currency_to_check() -> None:
    yuan = future("CNY=X", "CNY/USD", PublicationRule(lag_days=1, at="06:00", zone="UTC"))  # type: ignore[arg-type]
    content = chart([at("2024-01-05 00:00", "Europe/London")], [7.1], currency="CNY", exchangeTimezoneName="Europe/London")
    assert collect(yuan, content).observations["value"].tolist() == [7.1]


def test_an_index_symbol_is_encoded() -> None:
    assert collect(future("^GSPC", "index"), chart([at("2024-01-05 09:30")], [4700.5])).observations["value"].tolist() == [4700.5]


@pytest.mark.parametrize(
    "content",
    [
        b'{"chart":{"result":null,"error":{"code":"Not Found"}}}',
        b'{"chart":{"result":[]}}',
        b'{"chart":{"result":[{"meta":{},"indicators":{"quote":[]}}]}}',
        chart([at("2024-01-05 00:00")], [1.0, 2.0]),
        chart([at("2024-01-05 00:00")], [1.0]).replace(b"[1704", b'["x1704').replace(b'], "indicators', b'"], "indicators'),
    ],
    ids=["error in 200", "no result", "no quote", "lengths differ", "stamps are text"],
)
def test_another_shape_is_a_typed_error_that_keeps_the_bytes(content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        yahoo_finance.parse(content, HRC, Counter())
    assert caught.value.content == content


def test_a_chart_without_bars_is_a_problem() -> None:
    content = b'{"chart":{"result":[{"meta":{"exchangeTimezoneName":"America/New_York"},"indicators":{"quote":[{}]}}]}}'
    assert "without a single figure" in collect(HRC, content).problems[HRC.id]


def real_chart(stamps: list[int] | None, closes: list[float | None] | None, **meta: object) -> bytes:
    """A chart with everything that the real one has around its closes."""
    about = {
        "currency": "USD", "symbol": "HRC=F", "exchangeName": "CMX", "fullExchangeName": "COMEX", "instrumentType": "FUTURE",
        "firstTradeDate": 1224129600, "regularMarketTime": 1704848399, "hasPrePostMarketData": False, "gmtoffset": -18000,
        "timezone": "EST", "exchangeTimezoneName": "America/New_York", "regularMarketPrice": 1092.0, "fiftyTwoWeekHigh": 1225.0,
        "chartPreviousClose": 1084.0, "priceHint": 2, "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "max"],
        "currentTradingPeriod": {"regular": {"timezone": "EST", "start": 1704862800, "end": 1704949140, "gmtoffset": -18000}},
        **meta,
    }  # fmt: skip
    result: dict[str, object] = {"meta": about, "indicators": {"quote": [{}], "adjclose": [{}]}}
    if stamps is not None:
        quote = {"volume": [None] * len(stamps), "low": closes, "open": closes, "high": closes, "close": closes}
        result |= {"timestamp": stamps, "indicators": {"quote": [quote], "adjclose": [{"adjclose": closes}]}}
        result["events"] = {
            "dividends": {"1703169000": {"amount": 0.6, "date": 1703169000}},
            "splits": {"1703169000": {"date": 1703169000, "numerator": 2.0, "denominator": 1.0, "splitRatio": "2:1"}},
        }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def test_a_real_chart_of_a_future_with_a_hole_and_the_bar_of_the_session_under_way() -> None:
    stamps = [at("2024-01-05 00:00"), at("2024-01-08 00:00"), at("2024-01-09 00:00"), at("2024-01-10 02:47:11")]
    collection = collect(HRC, real_chart(stamps, [1084.0, None, 1090.0, 1092.0]))
    assert collection.observations[["period", "value"]].to_numpy().tolist() == [
        [pd.Timestamp("2024-01-05"), 1084.0],
        [pd.Timestamp("2024-01-09"), 1090.0],
    ]
    assert collection.notes == {"empty values": 1, "not published yet": 1, "dividends reported": 1, "splits reported": 1}


def test_a_real_chart_of_an_exchange_rate_whose_days_begin_in_london() -> None:
    peso = catalog().series["usdmxn"]
    about = {"symbol": "MXN=X", "currency": "MXN", "instrumentType": "CURRENCY", "exchangeTimezoneName": "Europe/London"}
    winter = [at(f"2024-01-{day:02d} 00:00", "Europe/London") for day in (4, 5, 8, 9)]
    live = at("2024-01-10 07:58:12", "Europe/London")
    content = real_chart([*winter, live], [17.0, 16.9, 16.85, 16.95, 17.01], **about, gmtoffset=0, timezone="GMT")
    assert periods(collect(peso, content)) == ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]
    summer = [at(f"2024-07-{day:02d} 00:00", "Europe/London") for day in (8, 9)]
    content = real_chart(summer, [17.9, 18.1], **about, gmtoffset=3600, timezone="BST")
    assert periods(collect(peso, content, pd.Timestamp("2024-07-10 08:00", tz="UTC"))) == ["2024-07-08", "2024-07-09"]


def test_the_bar_of_an_exchange_rate_waits_until_its_day_in_london_has_ended() -> None:
    peso = catalog().series["usdmxn"]
    content = real_chart([at("2024-01-09 00:00", "Europe/London")], [17.01], symbol="MXN=X", exchangeTimezoneName="Europe/London")
    assert collect(peso, content, pd.Timestamp("2024-01-09 23:30", tz="UTC")).observations.empty
    assert periods(collect(peso, content, pd.Timestamp("2024-01-10 00:30", tz="UTC"))) == ["2024-01-09"]


def test_an_answer_without_stamps_is_a_problem_and_no_unknown_shape() -> None:
    collection = collect(HRC, real_chart(None, None))
    assert "answered without a single figure" in collection.problems[HRC.id]
    assert collection.rejected == ()
    nulls = json.loads(real_chart(None, None))
    nulls["chart"]["result"][0] |= {"timestamp": None, "indicators": {"quote": [{"close": None}]}}
    assert "answered without a single figure" in collect(HRC, json.dumps(nulls).encode()).problems[HRC.id]


@pytest.mark.parametrize("stamp", [10**18, 10**30, -(10**18), 9_223_372_036])
def test_a_stamp_out_of_all_time_is_left_out_and_counted(stamp: int) -> None:
    collection = collect(HRC, chart([at("2024-01-05 00:00"), stamp], [1.0, 2.0]))
    assert periods(collection) == ["2024-01-05"]
    assert collection.notes == {"unreadable dates": 1}


def test_days_before_1970_have_stamps_below_zero() -> None:
    """As the chart of ^GSPC begins: firstTradeDate -1325583000."""
    stamps = [at("1927-12-30 09:30"), at("1969-12-31 09:30"), at("1970-01-02 09:30")]
    assert stamps[0] == -1325583000
    content = real_chart(stamps, [17.5, 92.0, 93.0], symbol="^GSPC", instrumentType="INDEX", exchangeName="SNP")
    assert periods(collect(future("^GSPC", "index"), content)) == ["1927-12-30", "1969-12-31", "1970-01-02"]


def test_bars_of_another_length_than_asked_for_are_no_days() -> None:
    """Seen: over long ranges Yahoo answers in months; a month's bar is stamped on its first day and holds its last close."""
    stamps = [at("2023-11-01 00:00"), at("2023-12-01 00:00")]
    content = real_chart(stamps, [1084.0, 1090.0], dataGranularity="1mo")
    collection = collect(HRC, content)
    assert collection.observations.empty
    assert "answered in bars of 1mo when asked for 1d" in collection.problems[HRC.id]
    assert [rejected.content for rejected in collection.rejected] == [content]
    monthly = HRC.model_copy(update={"frequency": "monthly"})
    assert periods(collect(monthly, content)) == ["2023-11-01", "2023-12-01"]
