"""An answer that was cut is continued, or is a problem of its series and caught up with; it is never taken for a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import Recorded, Response
from steel_assets.core.source_status import Settled
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, connector
from steel_assets_tests.contracts.connector import KEY

MOMENT = pd.Timestamp("2024-01-10 08:00", tz="UTC")
LATER = MOMENT + pd.Timedelta(days=1)
DAYS = pd.bdate_range("2014-01-10", "2024-01-09")
Params = Mapping[str, str]


def series(source: str, name: str, symbol: str, **options: object) -> Series:
    published = PublicationRule(at="20:00", zone="UTC")  # type: ignore[arg-type]
    given = {"id": name, "name": name, "unit": "USD/t", "source": source, "symbol": symbol, "published": published, **options}
    return Series(**given)  # type: ignore[arg-type]


def collect(
    http: Recorded, *asked: Series, known: pd.DataFrame | None = None, moment: pd.Timestamp = MOMENT, **options: object
) -> Collection:
    access = Access(http, "http://x", **{"api_key": SecretStr(KEY), "sleep": lambda _: None, **options})  # type: ignore[arg-type]
    before = OBSERVATIONS.empty() if known is None else known
    return connector(asked[0].source).collect(asked, before, moment, access)


# Trading Economics


class Prices:
    """The history of some symbols, newest first, of which an answer holds ``most`` rows."""

    def __init__(self, days: Mapping[str, pd.DatetimeIndex], most: int = 10_000) -> None:
        self.days = days
        self.most = most
        self.largest = 0

    def get(self, url: str, params: Params, headers: object = None, secret_params: object = None) -> Response:
        assert len(url) + len("&".join(f"{name}={value}" for name, value in params.items())) + len(KEY) + 4 <= 260
        symbols = url.rpartition("/")[2].split(",")
        rows = [
            {"Symbol": symbol, "Date": f"{day:%d/%m/%Y}", "Close": 100.0 + day.day}
            for symbol in symbols
            for day in reversed(self.days.get(symbol, DAYS[:0]))
            if params["d1"] <= f"{day:%Y-%m-%d}" <= params["d2"]
        ]
        self.largest = max(self.largest, len(rows))
        return Response(200, json.dumps(rows[: self.most]).encode())


def market(count: int) -> list[Series]:
    return [series("trading_economics", f"s{n}", f"SYM{n}:COM", group="commodity_prices") for n in range(count)]


def counted(collection: Collection) -> dict[str, int]:
    return {str(name): int(rows) for name, rows in collection.observations["series"].value_counts().items()}


def test_ten_years_of_fifteen_symbols_are_fifteen_whole_symbols() -> None:
    every = market(15)
    provider = Prices({str(declared.symbol): DAYS for declared in every})
    collection = collect(provider, *every)  # type: ignore[arg-type]
    assert collection.problems == {}
    assert counted(collection) == {declared.id: len(DAYS) for declared in every}
    assert provider.largest < 10_000, "calls are sized below what an answer holds"
    assert collection.remarks == {}


@pytest.mark.parametrize("most", [9_000, 5_000, 1_000])
def test_a_cap_that_nobody_documented_is_found_and_gone_round(most: int) -> None:
    every = market(4)
    provider = Prices({str(declared.symbol): DAYS for declared in every}, most)
    collection = collect(provider, *every)  # type: ignore[arg-type]
    assert collection.problems == {}
    assert counted(collection) == {declared.id: len(DAYS) for declared in every}


def test_a_symbol_listed_later_is_no_problem_gets_a_word_and_is_not_asked_for_all_of_history_again() -> None:
    every = market(2)
    new = DAYS[DAYS >= "2022-03-01"]
    provider = Prices({"SYM0:COM": DAYS, "SYM1:COM": new})
    first = collect(provider, *every)  # type: ignore[arg-type]
    assert first.problems == {}
    assert list(first.remarks) == ["s1"]
    assert "begins at 2022-03-01" in first.remarks["s1"]
    assert first.settled["s1"] == Settled(DAYS[0], DAYS[-1])
    provider.largest = 0
    again = collect(provider, *every, known=first.observations, moment=LATER, settled=first.settled)  # type: ignore[arg-type]
    assert again.problems == again.remarks == {}
    assert provider.largest < 30


class OnlyNewest(Prices):
    """Answers with the newest rows whatever days it is asked for."""

    def get(self, url: str, params: Params, headers: object = None, secret_params: object = None) -> Response:
        return super().get(url, {**params, "d1": "2023-06-01", "d2": "2024-12-31"})


def test_an_answer_of_other_days_than_asked_for_is_a_problem_keeps_what_came_and_is_caught_up_with() -> None:
    (one,) = market(1)
    first = collect(OnlyNewest({"SYM0:COM": DAYS}), one)  # type: ignore[arg-type]
    assert "it answered from 2023-06-01 to 2024-01-09" in first.problems["s0"]
    assert len(first.observations) == int((DAYS >= "2023-06-01").sum())
    assert first.settled == {}
    again = collect(Prices({"SYM0:COM": DAYS}), one, known=first.observations, moment=LATER)  # type: ignore[arg-type]
    assert again.problems == {}
    assert len(first.observations) + len(again.observations) == len(DAYS) - 1, "the first of them is a day too old by then"


def test_an_answer_that_ends_early_is_a_problem_that_names_the_day() -> None:
    (one,) = market(1)
    collection = collect(Prices({"SYM0:COM": DAYS[:-30]}), one)  # type: ignore[arg-type]
    assert f"the answer ends at {DAYS[-31]:%Y-%m-%d}, 30 sessions early" in collection.problems["s0"]
    assert len(collection.observations) == len(DAYS) - 30


def test_a_holiday_that_no_calendar_knows_is_no_problem() -> None:
    (one,) = market(1)
    collection = collect(Prices({"SYM0:COM": DAYS.delete(slice(2300, 2308))[:-7]}), one)  # type: ignore[arg-type]
    assert collection.problems == {}


def test_half_of_the_sessions_are_a_problem() -> None:
    (one,) = market(1)
    collection = collect(Prices({"SYM0:COM": DAYS[::2]}), one)  # type: ignore[arg-type]
    assert f"only {len(DAYS[::2])} of {len(DAYS) - 1} sessions" in collection.problems["s0"]


def test_a_hole_in_what_is_known_is_asked_for_again() -> None:
    (one,) = market(1)
    first = collect(Prices({"SYM0:COM": DAYS}), one)  # type: ignore[arg-type]
    holed = first.observations.drop(first.observations.index[1000:1100])
    again = collect(Prices({"SYM0:COM": DAYS}), one, known=holed, moment=LATER)  # type: ignore[arg-type]
    assert len(again.observations) == 100
    quiet = collect(Prices({"SYM0:COM": DAYS.delete(slice(1000, 1100))}), one, known=holed, moment=LATER)  # type: ignore[arg-type]
    assert quiet.problems == {}, "the provider has nothing there"
    provider = Prices({"SYM0:COM": DAYS})
    collect(provider, one, known=holed, moment=LATER, settled=quiet.settled)  # type: ignore[arg-type]
    assert provider.largest < 30, "and is not asked about it every day"


@pytest.mark.parametrize("most", [1_000, 300])
def test_ten_years_of_a_crowded_calendar_are_whole(most: int) -> None:
    symbols = ("China:NBS Manufacturing PMI", "United States:ISM Manufacturing PMI")
    china, america = (
        series("trading_economics", name, symbol, group="economic_calendar", frequency="monthly", unit="index")
        for name, symbol in zip(("cn", "us"), symbols, strict=True)
    )
    calls: list[int] = []

    def events(url: str) -> list[dict[str, str]]:
        country, since, until = url.partition("/country/")[2].split("/")
        name = symbols[country == "united%20states"].partition(":")[2]
        days = pd.date_range(since, until)
        others = [{"Date": f"{day:%Y-%m-%d}T10:30:00", "Event": f"Auction {n}"} for day in days for n in range(2)]
        mine = [
            {"Date": f"{day:%Y-%m-%d}T01:30:00", "Event": name, "Reference": f"{day - pd.Timedelta(days=2):%b}", "Actual": "50.2"}
            for day in days[days.day == 1]
        ]
        return sorted(mine + others, key=lambda row: row["Date"])

    class Calendar:
        def get(self, url: str, params: Params, headers: object = None, secret_params: object = None) -> Response:
            rows = events(url)[:most]
            calls.append(len(rows))
            return Response(200, json.dumps(rows).encode())

    collection = collect(Calendar(), china, america)  # type: ignore[arg-type]
    assert collection.problems == {}
    months = pd.date_range("2014-01-01", "2023-12-01", freq="MS")
    for declared in (china, america):
        mine = collection.observations.loc[collection.observations["series"] == declared.id, "period"].sort_values()
        assert mine.tolist() == months.tolist()
    assert sum(rows == most for rows in calls) <= 12, "after a full answer fewer days are asked for at once"


# Yahoo Finance


class Chart:
    """A chart of daily bars, of which an answer holds the newest ``most``."""

    def __init__(self, days: pd.DatetimeIndex, most: int = 10_000, **meta: object) -> None:
        self.days = days
        self.most = most
        self.meta = {"currency": "USD", "exchangeTimezoneName": "America/New_York", **meta}
        self.asked: list[tuple[str, str]] = []

    def get(self, url: str, params: Params, headers: object = None, secret_params: object = None) -> Response:
        self.asked.append((params["period1"], params["period2"]))
        stamps = (self.days.tz_localize("America/New_York").tz_convert("UTC").as_unit("s").asi8).tolist()
        inside = [stamp for stamp in stamps if int(params["period1"]) <= stamp < int(params["period2"])][-self.most :]
        if not inside:
            error = {"code": "Bad Request", "description": f"Data doesn't exist for startDate = {params['period1']}, endDate = 1"}
            return Response(400, json.dumps({"chart": {"result": None, "error": error}}).encode())
        quote = {"quote": [{"close": [100.0 + stamp % 7 for stamp in inside]}]}
        result = {"meta": self.meta, "timestamp": inside, "indicators": quote}
        return Response(200, json.dumps({"chart": {"result": [result], "error": None}}).encode())


COPPER = series("yahoo_finance", "copper", "HG=F", unit="USD/lb", published=PublicationRule(at="18:00", zone="America/Chicago"))  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [22, 250])
def test_a_chart_that_is_shorter_than_asked_for_is_continued_or_a_problem(most: int) -> None:
    whole = collect(Chart(DAYS[-600:], 250), COPPER, history_years=3)  # type: ignore[arg-type]
    assert whole.problems == {}
    assert len(whole.observations) == 600
    chart = Chart(DAYS, most)
    cut = collect(chart, COPPER)  # type: ignore[arg-type]
    assert (cut.problems == {}) == (len(cut.observations) == len(DAYS))
    assert len(cut.observations) >= min(len(DAYS), 39 * most)
    again = collect(Chart(DAYS), COPPER, known=cut.observations, moment=LATER)  # type: ignore[arg-type]
    assert again.problems == {}
    assert len(cut.observations) + len(again.observations) >= len(DAYS) - 1


def test_a_chart_that_begins_with_its_symbol_costs_no_second_call() -> None:
    listed = DAYS[DAYS >= "2022-03-01"]
    chart = Chart(listed, firstTradeDate=int(listed[0].timestamp()))
    collection = collect(chart, COPPER)  # type: ignore[arg-type]
    assert collection.problems == {}
    assert len(chart.asked) == 1
    assert "begins at 2022-03-01" in collection.remarks["copper"]
    other = Chart(listed)
    assert collect(other, COPPER).problems == {}  # type: ignore[arg-type]
    assert len(other.asked) == 2, "asked once whether there is more"


# FRED

RATE = series("fred_api", "rate", "DGS10", unit="percent", group="economic_indicators")
LINES = [f"{day:%Y-%m-%d},{4 + place % 90 / 100:.2f}" for place, day in enumerate(DAYS)]


def csv(content: str) -> Collection:
    return collect(Recorded({"fredgraph.csv": content.encode()}), RATE, api_key=None)


def test_a_csv_that_is_whole_is_read_with_or_without_its_last_line_end() -> None:
    for end in ("\n", ""):
        collection = csv("observation_date,DGS10\n" + "\n".join(LINES) + end)
        assert collection.problems == {}
        assert len(collection.observations) == len(DAYS)


@pytest.mark.parametrize("letters", range(1, 17))
def test_a_csv_cut_anywhere_is_never_whole_and_brings_no_wrong_figure(letters: int) -> None:
    collection = csv(("observation_date,DGS10\n" + "\n".join(LINES))[:-letters])
    truth = {line.partition(",")[0]: float(line.partition(",")[2]) for line in LINES}
    rows = collection.observations
    assert all(truth[f"{day:%Y-%m-%d}"] == value for day, value in zip(rows["period"], rows["value"], strict=True))
    assert collection.problems or len(rows) >= len(DAYS) - 1
    half = csv("observation_date,DGS10\n" + "\n".join(LINES[:1200]) + "\n")
    assert f"the answer ends at {DAYS[1199]:%Y-%m-%d}" in half.problems["rate"]


@pytest.mark.parametrize("count", [None, 2000])
def test_pages_of_fewer_rows_than_asked_for_are_all_read(count: int | None) -> None:
    rows = [{"realtime_start": "2024-01-10", "date": line[:10], "value": line[11:]} for line in LINES]

    def answer(params: Params) -> bytes:
        offset = int(params["offset"])
        page = rows[offset : offset + 250] if params["observation_start"] < "2015" else []
        return json.dumps({"count": count or len(rows), "offset": offset, "observations": page}).encode()

    collection = collect(Recorded({"/observations": answer}), RATE)  # type: ignore[dict-item]
    assert (collection.problems == {}) is (count is None)


def test_an_answer_that_says_it_begins_later_than_asked_is_a_problem() -> None:
    rows = [{"realtime_start": "2024-01-10", "date": line[:10], "value": line[11:]} for line in LINES[-300:]]
    body = {"count": 300, "offset": 0, "observation_start": LINES[-300][:10], "observations": rows}
    collection = collect(Recorded({"/observations": json.dumps(body).encode()}), RATE)
    assert "when asked from 2014-01-10 on" in collection.problems["rate"]


CUTS: dict[str, Callable[[bytes], bytes]] = {
    "in half": lambda body: body[: len(body) // 2],
    "its last bracket": lambda body: body[:-1],
    "in a figure": lambda body: body[: body.rindex(b"1") + 1],
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("source", ["trading_economics", "yahoo_finance", "fred_api", "alpha_vantage"])
def test_json_that_was_cut_is_kept_aside_and_nothing_of_it_is_stored(source: str, cut: str) -> None:
    days = [f"{day:%Y-%m-%d}" for day in DAYS[-60:]]
    bodies = {
        "trading_economics": [{"Symbol": "S", "Date": day, "Close": 101.0} for day in days],
        "fred_api": {"count": 60, "offset": 0, "observations": [{"realtime_start": d, "date": d, "value": "101"} for d in days]},
        "alpha_vantage": {"Time Series (Daily)": {day: {"4. close": "101"} for day in days}},
        "yahoo_finance": {
            "chart": {
                "result": [
                    {
                        "meta": {"exchangeTimezoneName": "UTC"},
                        "timestamp": (DAYS[-60:].as_unit("s").asi8).tolist(),
                        "indicators": {"quote": [{"close": np.full(60, 101.0).tolist()}]},
                    }
                ]
            }
        },
    }
    one = series(source, "one", "S", unit="USD" if source == "alpha_vantage" else "index")
    assert collect(Recorded({"": json.dumps(bodies[source]).encode()}), one, history_years=1).rejected == ()
    collection = collect(Recorded({"": CUTS[cut](json.dumps(bodies[source]).encode())}), one, history_years=1)
    assert "one" in collection.problems
    assert collection.observations.empty
    assert collection.rejected
