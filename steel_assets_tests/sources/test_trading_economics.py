"""Trading Economics: several symbols a call, days before months, figures with units, and a calendar of publications."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import HttpxHttp, Recorded, Response
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, SourceError, trading_economics
from steel_assets_tests.contracts.connector import KEY, MOMENT, ConnectorContract, Figures
from steel_assets_tests.loopback import Loopback, Reply, Request, serving

LONDON = PublicationRule(at="18:30", zone="Europe/London")  # type: ignore[arg-type]


def price(symbol: str, unit: str = "USD/t") -> Series:
    return Series(
        id=symbol.partition(":")[0].lower(), name=symbol, unit=unit, source="trading_economics", group="commodity_prices",
        symbol=symbol, published=LONDON,
    )  # fmt: skip


def event(symbol: str, unit: str = "index") -> Series:
    return Series(
        id=symbol.lower().replace(":", "_").replace(" ", "_"), name=symbol, unit=unit, source="trading_economics",
        group="economic_calendar", symbol=symbol, frequency="monthly",
    )  # fmt: skip


REBAR, SCRAP = price("LSR1:COM"), price("LSC1:COM")
CHINA, AMERICA = event("China:NBS Manufacturing PMI"), event("United States:ISM Manufacturing PMI")


def prices(*rows: tuple[str, str, object]) -> bytes:
    return json.dumps([{"Symbol": s, "Date": d, "Open": c, "High": c, "Low": c, "Close": c} for s, d, c in rows]).encode()


def events(*rows: dict[str, object]) -> bytes:
    base = {"CalendarId": "1", "Country": None, "Category": "Business Confidence", "Previous": "1", "Importance": 3}
    return json.dumps([{**base, **row} for row in rows]).encode()


class TestPrices(ConnectorContract):
    source = "trading_economics"
    series = (REBAR, SCRAP)

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            assert request.query["c"] == KEY
            symbols = request.path.removeprefix("/markets/historical/").split(",")
            if not set(symbols) <= set(figures):
                return Reply(b"No Access to this country as free user.", 403)
            newest_first = [
                (symbol, pd.Timestamp(day).strftime("%d/%m/%Y"), value)
                for symbol in symbols
                for day, value in sorted(figures[symbol].items(), reverse=True)
            ]
            return Reply(prices(*newest_first))

        return answer

    def test_all_symbols_are_asked_for_in_one_call_and_later_only_the_last_days(self, provider: Loopback) -> None:
        known = self.collect(provider.url).observations
        self.collect(provider.url, known)
        first, again = provider.asked
        assert first.path == "/markets/historical/LSR1:COM,LSC1:COM"
        assert (first.query["d1"], first.query["d2"], first.query["f"]) == ("2014-01-10", "2024-01-10", "json")
        assert again.query["d1"] == "2023-12-26"

    def test_a_guilty_symbol_is_found_by_asking_one_by_one(self, provider: Loopback) -> None:
        figures = self.figures()
        del figures["LSR1:COM"]
        provider.answer = self.wire(figures)
        problems = self.collect(provider.url).problems
        assert len(provider.asked) == 3
        assert "No Access to this country as free user." in problems[REBAR.id]

    @pytest.mark.parametrize(
        "refusal",
        [
            Reply(b"the guest account has been discontinued. Please contact us", 410),
            Reply(b"You must provide valid credentials.", 401),
            Reply(b'"You must provide valid credentials. Get a key at the developer page."', 200),
            Reply(b"You exceeded your API subscription limit for this month.", 403),
        ],
        ids=["guest", "401", "200", "limit"],
    )
    def test_a_refusal_of_the_caller_is_not_tried_again_for_each_symbol(self, provider: Loopback, refusal: Reply) -> None:
        provider.answer = lambda request: refusal
        problems = self.collect(provider.url).problems
        assert len(provider.asked) == 1
        assert set(problems) == {REBAR.id, SCRAP.id}
        assert "STEEL_TRADING_ECONOMICS_API_KEY" in problems[SCRAP.id]

    def test_without_a_key_nothing_is_asked_and_the_remedy_is_named(self, provider: Loopback) -> None:
        problems = self.collect(provider.url, api_key=None).problems
        assert "STEEL_TRADING_ECONOMICS_API_KEY" in problems[REBAR.id]
        assert not provider.asked


class TestCalendar(ConnectorContract):
    source = "trading_economics"
    series = (CHINA, AMERICA)
    periods = ("2023-09-01", "2023-10-01", "2023-11-01", "2023-12-01")
    unpublished = "2024-01-01"

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            country, since, until = request.path.removeprefix("/calendar/country/").split("/")
            rows: list[dict[str, object]] = []
            for symbol, published in figures.items():
                if symbol.partition(":")[0].lower() != country:
                    continue
                for period, value in published.items():
                    month = pd.Timestamp(period)
                    date = month + pd.offsets.MonthBegin(1) + pd.Timedelta(hours=14)
                    if since <= date.strftime("%Y-%m-%d") <= until or period == self.unpublished:
                        rows.append(
                            {
                                "Date": date.isoformat(),
                                "Event": symbol.partition(":")[2],
                                "Reference": month.strftime("%b"),
                                "Actual": "" if value is None else str(value) if isinstance(value, float) else value,
                            }
                        )
            return Reply(events({"Date": "2024-01-12T01:30:00", "Event": "Inflation Rate YoY", "Actual": ""}, *rows))

        return answer

    def test_a_country_is_asked_for_once_in_windows_and_later_only_the_last_five_months(self, provider: Loopback) -> None:
        known = self.collect(provider.url).observations
        china, america = (
            [request for request in provider.asked if country in request.path] for country in ("china", "united states")
        )
        assert [request.path for request in china[:2]] == [
            "/calendar/country/china/2014-01-10/2016-01-09",
            "/calendar/country/china/2016-01-10/2018-01-09",
        ]
        assert len(china) == len(america) == 6
        assert america[0].raw_path.startswith("/calendar/country/united%20states/")
        provider.asked.clear()
        self.collect(provider.url, known)
        assert sorted(request.path for request in provider.asked) == [
            "/calendar/country/china/2023-09-01/2024-01-10",
            "/calendar/country/united states/2023-09-01/2024-01-10",
        ]


def collect(content: object, *series: Series, moment: pd.Timestamp = MOMENT) -> Collection:
    http = Recorded({"": content})  # type: ignore[dict-item]
    access = Access(http, "http://x", SecretStr(KEY), history_years=1)
    return trading_economics.collect(series, OBSERVATIONS.empty(), moment, access)


def test_the_day_comes_before_the_month() -> None:
    collection = collect(prices(("LSR1:COM", "05/12/2023", 590.0), ("LSR1:COM", "13/11/2023", 580.0)), REBAR)
    assert collection.observations["period"].dt.strftime("%Y-%m-%d").tolist() == ["2023-11-13", "2023-12-05"]


def test_a_thirteenth_month_means_that_no_date_can_be_trusted() -> None:
    collection = collect(prices(("LSR1:COM", "05/12/2023", 590.0), ("LSR1:COM", "11/13/2023", 580.0)), REBAR)
    assert "'11/13/2023'; expected dd/mm/yyyy" in collection.problems[REBAR.id]
    assert collection.observations.empty


def test_iso_dates_are_read_too_and_symbols_in_any_case() -> None:
    collection = collect(prices(("lsr1:com", "2023-12-05T00:00:00", 590.0), ("LSR1:COM", "2023-12-06", "1,591.5")), REBAR)
    assert collection.observations["value"].tolist() == [590.0, 1591.5]


@pytest.mark.parametrize("written", ["2023-12-05T00:00:00.000", "2023-12-05T16:02:00.013", "2023-12-05T00:00:00Z"])
def test_iso_dates_may_have_milliseconds_and_a_zone(written: str) -> None:
    collection = collect(prices(("LSR1:COM", written, 590.0)), REBAR)
    assert collection.observations["period"].tolist() == [pd.Timestamp("2023-12-05")]


@pytest.mark.parametrize("field", ["Symbol", "Date", "Close"])
def test_prices_of_which_none_has_a_field_are_an_unknown_shape(field: str) -> None:
    content = prices(("LSR1:COM", "05/12/2023", 590.0)).replace(f'"{field}"'.encode(), b'"Renamed"')
    collection = collect(content, REBAR)
    assert collection.observations.empty
    assert f"no row has {field!r}" in collection.problems[REBAR.id]
    assert [rejected.content for rejected in collection.rejected] == [content]


@pytest.mark.parametrize("field", ["Date", "Event", "Reference", "Actual"])
def test_events_of_which_none_has_a_field_are_an_unknown_shape(field: str) -> None:
    row = {"Date": "2024-01-03T15:00:00", "Event": "NBS Manufacturing PMI", "Reference": "Dec", "Actual": "50.2"}
    content = events(row).replace(f'"{field}"'.encode(), b'"Renamed"')
    collection = collect(content, CHINA)
    assert f"no row has {field!r}" in collection.problems[CHINA.id]
    assert {rejected.content for rejected in collection.rejected} == {content}


def test_the_history_of_an_indicator_is_no_list_of_prices() -> None:
    row = {
        "Country": "China", "Category": "Business Confidence", "DateTime": "2023-11-30T00:00:00", "Value": 49.4,
        "Frequency": "Monthly", "HistoricalDataSymbol": "CPMINDX", "LastUpdate": "2023-11-30T01:31:00",
    }  # fmt: skip
    content = json.dumps([row]).encode()
    assert [rejected.content for rejected in collect(content, REBAR).rejected] == [content]


def test_a_snapshots_close_is_of_its_own_day_not_of_the_last_trades() -> None:
    """As ``/markets/commodities`` writes it: the last trade is of today, the close of the day before."""
    row = {
        "Symbol": "LSR1:COM", "Ticker": "LSR1", "Name": "Steel Rebar", "Country": "Commodity", "Date": "2024-01-09T11:23:00",
        "Type": None, "decimals": None, "state": "OPEN", "Last": 585.2, "Close": 580.0, "CloseDate": "2024-01-08T00:00:00",
        "DailyChange": 5.2, "unit": "USD/T", "frequency": "Daily", "LastUpdate": "2024-01-09T11:23:00",
    }  # fmt: skip
    collection = collect(json.dumps([row]).encode(), REBAR)
    assert collection.observations[["period", "value"]].to_numpy().tolist() == [[pd.Timestamp("2024-01-08"), 580.0]]


def test_rows_of_symbols_that_were_not_asked_for_are_not_mixed_in() -> None:
    collection = collect(prices(("LSR1:COM", "05/12/2023", 590.0), ("VIX:IND", "05/12/2023", 13.0)), REBAR)
    assert collection.observations["value"].tolist() == [590.0]


def test_a_symbol_missing_from_the_answer_is_named() -> None:
    collection = collect(prices(("LSR1:COM", "05/12/2023", 590.0)), REBAR, SCRAP)
    assert "LSC1:COM: answered without a single figure" in collection.problems[SCRAP.id]
    assert len(collection.observations) == 1


@pytest.mark.parametrize("status", [200, 403])
def test_plain_text_is_quoted(status: int) -> None:
    text = Response(status, b"You exceeded your API subscription limit for this month.")
    assert "You exceeded your API subscription limit" in collect(text, REBAR).problems[REBAR.id]


TOO_FAST = Response(409, b"You have reached the maximum requests per second.")


def test_calls_that_came_too_fast_are_waited_out_and_asked_again() -> None:
    waited: list[float] = []
    http = Recorded({"": [TOO_FAST, TOO_FAST, prices(("LSR1:COM", "05/01/2024", 590.0))]})
    access = Access(http, "http://x", SecretStr(KEY), sleep=waited.append)
    collection = trading_economics.collect([REBAR], OBSERVATIONS.empty(), MOMENT, access)
    assert collection.problems == {}
    assert waited == [0.5, 1.0]


def test_calls_that_are_too_fast_for_ever_are_bounded_and_stop_the_source() -> None:
    waited: list[float] = []
    http = Recorded({"": TOO_FAST})
    access = Access(http, "http://x", SecretStr(KEY), sleep=waited.append)
    collection = trading_economics.collect([REBAR, SCRAP, CHINA], OBSERVATIONS.empty(), MOMENT, access)
    assert len(http.asked) == 6
    assert sum(waited) < access.retry_seconds
    assert set(collection.problems) == {REBAR.id, SCRAP.id, CHINA.id}
    assert "maximum requests per second" in collection.problems[CHINA.id]


def test_a_country_that_is_not_in_the_plan_fails_alone() -> None:
    no = Response(403, b"No Access to this country as free user.")
    row = {"Date": "2024-01-03T15:00:00", "Event": "ISM Manufacturing PMI", "Reference": "Dec", "Actual": "47.4"}
    http = Recorded({"china/2023-01-10/2024-01-10": no, "": events(row)})
    access = Access(http, "http://x", SecretStr(KEY), history_years=1)
    collection = trading_economics.collect([CHINA, AMERICA], OBSERVATIONS.empty(), MOMENT, access)
    assert list(collection.problems) == [CHINA.id]
    assert "No Access to this country" in collection.problems[CHINA.id]
    assert len(collection.observations) == 1


def test_a_url_is_never_longer_than_trading_economics_takes() -> None:
    many = [price(f"SYMBOL{number:02d}:COM") for number in range(40)]
    asked: list[int] = []

    def answer(request: Request) -> Reply:
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        asked.append(len(f"{server.url}{request.raw_path}?{query}"))
        symbols = request.path.rpartition("/")[2].split(",")
        return Reply(prices(*((symbol, "09/01/2024", 1.0) for symbol in symbols)))

    with serving(answer) as server:
        access = Access(HttpxHttp(timeout_seconds=20.0), server.url, SecretStr("k" * 60), history_years=1)
        collection = trading_economics.collect(many, OBSERVATIONS.empty(), MOMENT, access)
    assert collection.problems == {}
    assert max(asked) <= 260


@pytest.mark.parametrize(
    ("unit", "written", "value"),
    [
        ("percent", "0.9%", 0.9),
        ("percent", "-1.25%", -1.25),
        ("percent", "0.9", 0.9),
        ("index", "50.2", 50.2),
        ("index", 50.2, 50.2),
        ("index", "1.2K", 1200.0),
        ("index", "3.4M", 3_400_000.0),
        ("million_usd", "3.4M", 3.4),
        ("million_usd", "$-68.9B", -68_900.0),
        ("million_usd", "-$1.5T", -1_500_000.0),
        ("percent", "\u22120.3 %", -0.3),
        ("index", "255K", 255_000.0),
        ("USD/t", "1,234.5", 1234.5),
    ],
)
def test_figures_with_units_are_read_in_the_series_own(unit: str, written: object, value: float) -> None:
    row = {"Date": "2024-01-05T13:30:00", "Event": "Balance of Trade", "Reference": "Dec", "Actual": written}
    collection = collect(events(row), event("China:Balance of Trade", unit))
    assert collection.observations["value"].tolist() == pytest.approx([value])


@pytest.mark.parametrize(("unit", "written"), [("index", "1,23"), ("index", "50.2x"), ("index", "€"), ("percent", "%")])
def test_a_figure_that_cannot_be_read_is_left_out_and_counted(unit: str, written: str) -> None:
    row = {"Date": "2024-01-05T13:30:00", "Event": "Balance of Trade", "Reference": "Dec", "Actual": written}
    collection = collect(events(row), event("China:Balance of Trade", unit))
    assert collection.observations.empty
    assert collection.suspects.empty
    assert collection.notes == {"unreadable values": 1}


@pytest.mark.parametrize(
    ("unit", "written", "value"),
    [("index", "0.9%", 0.9), ("percent", "1.2K", 1200.0), ("index", "$5", 5.0), ("million_usd", "€-1.2B", -1200.0)],
)
def test_a_figure_in_another_unit_is_held_with_the_reason(unit: str, written: str, value: float) -> None:
    row = {"Date": "2024-01-05T13:30:00", "Event": "Balance of Trade", "Reference": "Dec", "Actual": written}
    usual = {**row, "Date": "2023-12-05T13:30:00", "Reference": "Nov", "Actual": "2.5"}
    collection = collect(events(row, usual), event("China:Balance of Trade", unit))
    assert collection.observations["value"].tolist() == [2.5]
    [(held, reason)] = collection.suspects[["value", "reason"]].to_numpy().tolist()
    assert held == value
    assert f"it is written {written!r}, the catalogue says {unit}" in reason
    assert collection.notes == {"values in another unit": 1}


@pytest.mark.parametrize(
    ("date", "reference", "month"),
    [
        ("2023-11-30T01:30:00", "Nov", "2023-11-01"),
        ("2024-01-03T15:00:00", "Dec", "2023-12-01"),
        ("2024-01-03T15:00:00", "DEC", "2023-12-01"),
        ("2023-12-01T15:00:00", "November", "2023-11-01"),
        ("2023-12-01T15:00:00Z", "Nov/2023", "2023-11-01"),
        ("2024-01-05T15:00:00", "Dec 2022", "2022-12-01"),
    ],
)
def test_the_reference_month_is_the_last_that_had_begun(date: str, reference: str, month: str) -> None:
    row = {"Date": date, "Event": "NBS Manufacturing PMI", "Reference": reference, "Actual": "50.2"}
    rows = collect(events(row), CHINA).observations
    assert rows["period"].tolist() == [pd.Timestamp(month)]
    assert rows["published_at"].tolist() == [pd.Timestamp(date.removesuffix("Z"), tz="UTC")]


@pytest.mark.parametrize(("reference", "quarter"), [("Q3", "2023-07-01"), ("Q4 2022", "2022-10-01"), ("Sep", "2023-07-01")])
def test_a_quarterly_series_is_about_the_quarter_that_its_reference_names(reference: str, quarter: str) -> None:
    row = {"Date": "2023-12-03T15:00:00", "Event": "NBS Manufacturing PMI", "Reference": reference, "Actual": "50.2"}
    quarterly = CHINA.model_copy(update={"frequency": "quarterly"})
    assert collect(events(row), quarterly).observations["period"].tolist() == [pd.Timestamp(quarter)]


@pytest.mark.parametrize("reference", ["Q4", "", None, 7, "Smarch"])
def test_a_reference_that_is_no_month_is_counted(reference: object) -> None:
    row = {"Date": "2024-01-03T15:00:00", "Event": "NBS Manufacturing PMI", "Reference": reference, "Actual": "50.2"}
    collection = collect(events(row), CHINA)
    assert collection.observations.empty
    assert collection.notes == {"unreadable references": 1}


def test_an_event_as_the_calendar_really_writes_it() -> None:
    row = {
        "CalendarId": "331234", "Date": "2024-01-03T15:00:00", "Country": "United States", "Category": "Business Confidence",
        "Event": "ISM Manufacturing PMI", "Reference": "Dec", "ReferenceDate": "2023-12-31T00:00:00",
        "Source": "ISM", "SourceURL": "https://www.ismworld.org", "Actual": "47.4", "Previous": "46.7",
        "Forecast": "47.1", "TEForecast": "47.0", "URL": "/united-states/business-confidence", "DateSpan": "0", "Importance": 3,
        "LastUpdate": "2024-01-03T15:00:12.17", "Revised": "", "Currency": "", "Unit": "points", "Ticker": "NAPMPMI",
    }  # fmt: skip
    german = {**row, "Country": "Germany", "Actual": "43.3"}
    to_come = {**row, "Date": "2024-02-01T15:00:00", "Reference": "Jan", "Actual": "", "LastUpdate": "2024-01-03T15:01:00"}
    collection = collect(json.dumps([german, row, to_come]).encode(), AMERICA)
    assert collection.observations[["period", "value"]].to_numpy().tolist() == [[pd.Timestamp("2023-12-01"), 47.4]]
    assert collection.observations["published_at"].tolist() == [pd.Timestamp("2024-01-03T15:00:00Z")]
    assert collection.suspects.empty


def test_a_price_that_is_declared_weekly_is_refused_and_the_others_come() -> None:
    weekly = REBAR.model_copy(update={"frequency": "weekly"})
    collection = collect(prices(("LSR1:COM", "05/12/2023", 590.0), ("LSC1:COM", "05/12/2023", 390.0)), weekly, SCRAP)
    assert "prices are daily, the catalogue says weekly" in collection.problems[REBAR.id]
    assert collection.observations["series"].tolist() == [SCRAP.id]


def test_a_figure_about_the_future_waits() -> None:
    row = {"Date": "2024-01-03T15:00:00", "Event": "NBS Manufacturing PMI", "Reference": "Dec 2030", "Actual": "50.2"}
    collection = collect(events(row), CHINA)
    assert collection.observations.empty
    assert collection.notes == {"not published yet": 1}


def test_a_corrected_figure_with_the_same_publication_counts_from_today() -> None:
    row = {"Date": "2024-01-03T15:00:00", "Event": "NBS Manufacturing PMI", "Reference": "Dec", "Actual": "50.2"}
    known = collect(events(row), CHINA).observations
    http = Recorded({"": events({**row, "Actual": "50.4"})})
    later = MOMENT + pd.Timedelta(days=3)
    again = trading_economics.collect([CHINA], known, later, Access(http, "http://x", SecretStr(KEY)))
    assert again.observations[["value", "published_at"]].to_numpy().tolist() == [[50.4, later]]


def test_a_calendar_series_that_is_not_monthly_is_refused_with_the_remedy() -> None:
    daily = CHINA.model_copy(update={"frequency": "daily"})
    assert "correct the series" in collect(events(), daily).problems[CHINA.id]


def test_parse_is_a_stranger_to_fetch() -> None:
    frame = trading_economics.parse(prices(("LSR1:COM", "05/12/2023", "590.5")), [REBAR], Counter())
    assert frame[["series", "period", "value"]].to_numpy().tolist() == [["lsr1", pd.Timestamp("2023-12-05"), 590.5]]
    with pytest.raises(SourceError, match="a list of prices"):
        trading_economics.parse(b'{"Message": "no"}', [REBAR], Counter())
