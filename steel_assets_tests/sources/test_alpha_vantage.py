"""Alpha Vantage: every answer is HTTP 200; one without data is a refusal, whatever its words."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import Recorded
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, alpha_vantage
from steel_assets_tests.contracts.connector import KEY, MOMENT, ConnectorContract, Figures
from steel_assets_tests.loopback import Loopback, Reply, Request

NEW_YORK = PublicationRule(at="18:00", zone="America/New_York")  # type: ignore[arg-type]


def share(symbol: str) -> Series:
    return Series(
        id=f"share_{symbol.lower()}", name=symbol, unit="USD", source="alpha_vantage", symbol=symbol, published=NEW_YORK
    )


NUCOR, VALE, MITTAL = share("NUE"), share("VALE"), share("MT")


def bars(prices: dict[str, object]) -> bytes:
    series = {day: {"1. open": "1.0", "4. close": close, "5. volume": "3179541"} for day, close in prices.items()}
    meta = {"1. Information": "Daily Prices (open, high, low, close) and Volumes", "5. Time Zone": "US/Eastern"}
    return json.dumps({"Meta Data": meta, "Time Series (Daily)": series}).encode()


FRIDAY = bars({"2024-01-05": "10.5"})


class TestAlphaVantage(ConnectorContract):
    source = "alpha_vantage"
    series = (NUCOR, VALE)

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            assert request.path == "/query"
            assert request.query["function"] == "TIME_SERIES_DAILY"
            if request.query["symbol"] not in figures:
                return Reply(b'{"Error Message": "Invalid API call. Please retry or visit the documentation."}')
            prices = figures[request.query["symbol"]]
            return Reply(bars({day: _text(value) for day, value in prices.items()}))

        return answer

    def test_the_key_goes_along_and_compact_answers_are_asked_for(self, provider: Loopback) -> None:
        self.collect(provider.url)
        assert provider.asked[0].query == {
            "function": "TIME_SERIES_DAILY",
            "symbol": "NUE",
            "outputsize": "compact",
            "apikey": KEY,
        }

    def test_full_answers_are_asked_for_when_the_key_is_worth_them_and_something_old_is_missing(self, provider: Loopback) -> None:
        known = self.collect(provider.url, options={"outputsize": "full"}).observations
        self.collect(provider.url, known, MOMENT + pd.Timedelta(days=100), options={"outputsize": "full"})
        self.collect(provider.url, known, MOMENT + pd.Timedelta(days=200), options={"outputsize": "full"})
        sizes = [request.query["outputsize"] for request in provider.asked[::2]]
        assert sizes == ["full", "compact", "full"]

    def test_no_more_years_are_kept_than_wanted(self, provider: Loopback) -> None:
        provider.answer = lambda request: Reply(bars({"2003-01-02": "5.0", "2024-01-05": "10.5"}))
        collection = self.collect(provider.url, options={"outputsize": "full"})
        assert collection.observations["value"].tolist() == [10.5, 10.5]

    def test_without_a_key_nothing_is_asked_and_the_remedy_is_named(self, provider: Loopback) -> None:
        collection = self.collect(provider.url, api_key=None)
        assert set(collection.problems) == {declared.id for declared in self.series}
        assert "STEEL_ALPHA_VANTAGE_API_KEY" in collection.problems[NUCOR.id]
        assert not provider.asked


def _text(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.4f}"
    return value


def collect(answer: object, *series: Series) -> tuple[Collection, Recorded]:
    http = Recorded({"/query": answer})  # type: ignore[dict-item]
    access = Access(http, "http://x", SecretStr(KEY))
    return alpha_vantage.collect(series, OBSERVATIONS.empty(), MOMENT, access), http


BURST = (
    "Thank you for using Alpha Vantage! Please consider spreading out your requests more sparingly (1 request per second). "
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to lift the free key rate limit (25 "
    "requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
)
MINUTE = "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls per day."
PREMIUM = (
    "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans at https://x/"
)
DAY = (
    f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day. Please subscribe to premium."
)


@pytest.mark.parametrize(
    "body",
    [
        {"Information": DAY},
        {"Note": "You have used your 500 calls per day."},
        {"Error Message": "the parameter apikey is invalid or missing. Please claim your free API key"},
        {"Information": "The **demo** API key is for demo purposes only. Please claim your free API key"},
    ],
    ids=["daily limit", "daily limit in a note", "bad key", "demo key"],
)
def test_what_concerns_the_key_stops_the_source_and_saves_the_other_calls(body: dict[str, object]) -> None:
    collection, http = collect(json.dumps(body).encode(), NUCOR, VALE, MITTAL)
    assert len(http.asked) == 1
    assert set(collection.problems) == {NUCOR.id, VALE.id, MITTAL.id}
    assert collection.problems[MITTAL.id].startswith("MT: not asked: Alpha Vantage ")
    assert collection.observations.empty
    assert KEY not in repr(collection)


OTHERS_BARS = json.loads(bars({"2024-01-05": "10.5"})) | {"Meta Data": {"2. Symbol": "IBM"}}
WEEKLY = {"Meta Data": {"2. Symbol": "VALE"}, "Weekly Time Series": {"2024-01-05": {"4. close": "1.0"}}}
COPPER = {"name": "Copper", "interval": "daily", "unit": "USD", "data": [{"date": "2024-01-05", "value": "8400"}]}


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ({}, "STEEL_ALPHA_VANTAGE_OUTPUTSIZE=compact"),
        ({"Information": PREMIUM}, "STEEL_ALPHA_VANTAGE_OUTPUTSIZE=compact"),
        ({"Information": "The outputsize=full parameter value is a premium feature for the endpoint."}, "OUTPUTSIZE=compact"),
        ({"Message from the future": "words nobody has seen yet"}, "another symbol"),
        (OTHERS_BARS, "answered about IBM when asked for VALE"),
        (WEEKLY, "unknown shape"),
        (COPPER, "another function"),
    ],
    ids=[
        "empty object",
        "premium endpoint",
        "premium size",
        "unknown words",
        "another symbol",
        "another shape",
        "another function",
    ],
)
def test_what_concerns_one_symbol_fails_it_with_its_remedy_and_the_others_are_asked(body: dict[str, object], remedy: str) -> None:
    def answer(params: dict[str, str]) -> bytes:
        return json.dumps(body).encode() if params["symbol"] == "VALE" else FRIDAY

    collection, http = collect(answer, NUCOR, VALE, MITTAL)
    assert len(http.asked) == 3
    assert list(collection.problems) == [VALE.id]
    assert remedy in collection.problems[VALE.id]
    assert set(collection.observations["series"]) == {NUCOR.id, MITTAL.id}


@pytest.mark.parametrize(("words", "pauses"), [({"Information": BURST}, [1.2, 2.4]), ({"Note": MINUTE}, [13.0, 47.0])])
def test_a_refusal_of_a_burst_is_waited_out_and_asked_again(words: dict[str, object], pauses: list[float]) -> None:
    waited: list[float] = []
    refused = json.dumps(words).encode()
    http = Recorded({"/query": [refused, refused, FRIDAY]})
    access = Access(http, "http://x", SecretStr(KEY), sleep=waited.append)
    collection = alpha_vantage.collect([NUCOR, VALE], OBSERVATIONS.empty(), MOMENT, access)
    assert collection.problems == {}
    assert waited == pauses
    assert len(http.asked) == 4


@pytest.mark.parametrize(("words", "tries"), [({"Information": BURST}, 5), ({"Note": MINUTE}, 3)])
def test_a_burst_that_is_refused_for_ever_is_bounded_and_stops_the_source(words: dict[str, object], tries: int) -> None:
    waited: list[float] = []
    http = Recorded({"/query": json.dumps(words).encode()})
    access = Access(http, "http://x", SecretStr(KEY), sleep=waited.append)
    collection = alpha_vantage.collect([NUCOR, VALE], OBSERVATIONS.empty(), MOMENT, access)
    assert len(http.asked) == tries
    assert sum(waited) <= access.retry_seconds
    assert "not asked" in collection.problems[VALE.id]


def compact(moment: pd.Timestamp) -> bytes:
    days = pd.bdate_range(end=moment.tz_localize(None).normalize() - pd.Timedelta(days=1), periods=100)
    return bars({f"{day:%Y-%m-%d}": f"{10 + place / 10:.1f}" for place, day in enumerate(days)})


def test_a_compact_answer_that_does_not_reach_back_to_what_is_known_is_a_gap_until_it_is_filled() -> None:
    http = Recorded({"/query": compact(MOMENT)})
    access = Access(http, "http://x", SecretStr(KEY))
    first = alpha_vantage.collect([NUCOR], OBSERVATIONS.empty(), MOMENT, access)
    assert first.problems == {}, "history grows from compact answers"
    known = first.observations
    for days in (250, 251):
        later = MOMENT + pd.Timedelta(days=days)
        http = Recorded({"/query": compact(later)})
        again = alpha_vantage.collect([NUCOR], known, later, Access(http, "http://x", SecretStr(KEY)))
        assert "does not reach back to 2024-01-09" in again.problems[NUCOR.id]
        assert "STEEL_ALPHA_VANTAGE_OUTPUTSIZE=full" in again.problems[NUCOR.id]
        known = pd.concat([known, again.observations], ignore_index=True)
    assert len(known) > 195, "what came is kept"
    every = pd.bdate_range("2023-08-01", later.tz_localize(None) - pd.Timedelta(days=1))
    full = bars({f"{day:%Y-%m-%d}": "10.0" for day in every if day not in set(known["period"])})
    whole = json.loads(full)["Time Series (Daily)"] | {
        f"{day:%Y-%m-%d}": {"4. close": str(value)} for day, value in zip(known["period"], known["value"], strict=True)
    }
    http = Recorded({"/query": json.dumps({"Time Series (Daily)": whole}).encode()})
    filled = alpha_vantage.collect(
        [NUCOR], known, later, Access(http, "http://x", SecretStr(KEY), options={"outputsize": "full"})
    )
    assert http.asked[0][1]["outputsize"] == "full"
    assert filled.problems == {}
    assert len(filled.observations) > 60


def test_a_wrong_symbol_costs_only_itself() -> None:
    def answer(params: dict[str, str]) -> bytes:
        return b'{"Error Message": "Invalid API call."}' if params["symbol"] == "NUE" else bars({"2024-01-05": "10.5"})

    collection, http = collect(answer, NUCOR, VALE, MITTAL)
    assert len(http.asked) == 3
    assert list(collection.problems) == [NUCOR.id]
    assert '“{"Error Message": "Invalid API call."}”' in collection.problems[NUCOR.id]


@pytest.mark.parametrize(
    "body",
    [
        {"Meta Data": {"2. Symbol": "NUE"}, "Time Series (Daily)": {}},
        {"name": "Nucor", "interval": "daily", "unit": "", "data": []},
    ],
)
def test_an_answer_about_a_symbol_without_a_row_costs_only_itself(body: dict[str, object]) -> None:
    collection, http = collect(lambda params: json.dumps(body).encode() if params["symbol"] == "NUE" else FRIDAY, NUCOR, VALE)
    assert len(http.asked) == 2
    assert list(collection.problems) == [NUCOR.id]
    assert "answered without a single figure" in collection.problems[NUCOR.id]


@pytest.mark.parametrize(
    "body",
    [
        {"Meta Data": {"2. Symbol": "NUE"}, "Weekly Time Series": {"2024-01-05": {"4. close": "10.5"}}},
        {"Meta Data": {"2. Symbol": "NUE"}, "Time Series (Daily)": {"2024-01-05": {"close": "10.5"}}},
        {"data": [{"day": "2024-01-05", "price": "10.5"}]},
        {"Message from the future": "words nobody has seen yet"},
    ],
    ids=["another series", "renamed closes", "renamed points", "no known key"],
)
def test_an_unknown_shape_is_kept_aside(body: dict[str, object]) -> None:
    content = json.dumps(body).encode()
    collection, _ = collect(content, NUCOR)
    assert collection.observations.empty
    assert [rejected.content for rejected in collection.rejected] == [content]


def test_a_limit_is_no_unknown_shape() -> None:
    collection, _ = collect(b'{"Information": "Thank you for using Alpha Vantage! This is a premium endpoint."}', NUCOR)
    assert collection.rejected == ()


def test_an_adjusted_answer_gives_the_raw_closes() -> None:
    bar = {
        "1. open": "139.6", "2. high": "141.2", "3. low": "138.9", "4. close": "140.4", "5. adjusted close": "70.2",
        "6. volume": "3179541", "7. dividend amount": "0.0000", "8. split coefficient": "2.0",
    }  # fmt: skip
    meta = {"1. Information": "Daily Time Series with Splits and Dividend Events", "2. Symbol": "NUE"}
    collection, _ = collect(json.dumps({"Meta Data": meta, "Time Series (Daily)": {"2024-01-05": bar}}).encode(), NUCOR)
    assert collection.observations["value"].tolist() == [140.4]


def test_the_last_bar_of_a_running_session_waits() -> None:
    noon = pd.Timestamp("2024-01-09 12:00", tz="America/New_York").tz_convert("UTC")
    http = Recorded({"/query": bars({"2024-01-09": "11.0", "2024-01-08": "10.5"})})
    collection = alpha_vantage.collect([NUCOR], OBSERVATIONS.empty(), noon, Access(http, "http://x", SecretStr(KEY)))
    assert collection.observations["value"].tolist() == [10.5]


def test_a_share_that_is_declared_monthly_is_refused_with_the_remedy() -> None:
    collection, http = collect(bars({"2024-01-05": "10.5"}), NUCOR.model_copy(update={"frequency": "monthly"}))
    assert "closes are daily, the catalogue says monthly" in collection.problems[NUCOR.id]
    assert not http.asked


def test_a_commodity_index_is_a_function_of_its_own() -> None:
    copper = Series(
        id="copper_imf", name="Copper", unit="USD/t", symbol="COPPER", frequency="monthly", published=PublicationRule(lag_days=14)
    )
    points = [
        {"date": "2023-12-01", "value": "8400.1"},
        {"date": "2023-11-01", "value": "."},
        {"date": "2023-10-01", "value": "7939.6"},
    ]
    body = {"name": "Global Price of Copper", "interval": "monthly", "unit": "dollar per metric ton", "data": points}
    collection, http = collect(json.dumps(body).encode(), copper)
    assert http.asked[0][1] == {"function": "COPPER", "interval": "monthly"}
    assert collection.observations["value"].tolist() == [7939.6]
    assert collection.notes == {"empty values": 1, "not published yet": 1}


COMMODITY = PublicationRule(lag_days=14)


def index_of(symbol: str, unit: str) -> Series:
    return Series(id=symbol.lower(), name=symbol, unit=unit, symbol=symbol, frequency="monthly", published=COMMODITY)


def points(unit: object, value: str = "382.5") -> bytes:
    body = {"name": "Global Price", "interval": "monthly", "unit": unit, "data": [{"date": "2023-11-01", "value": value}]}
    return json.dumps(body).encode()


def test_months_are_not_taken_for_days() -> None:
    """Copper is monthly whatever is asked for: a month's average on the first of it is no price of that day."""
    daily = index_of("COPPER", "USD/t").model_copy(update={"frequency": "daily"})
    collection, _ = collect(points("dollar per metric ton"), daily)
    assert collection.observations.empty
    assert "answered in steps of 'monthly', the catalogue says daily" in collection.problems["copper"]


def test_cents_are_brought_to_dollars() -> None:
    collection, _ = collect(points("cents per pound"), index_of("SUGAR", "USD/lb"))
    assert collection.observations["value"].tolist() == [3.825]


def test_an_index_in_another_unit_than_the_catalogues_is_held_with_the_reason() -> None:
    collection, _ = collect(points("dollars per pound"), index_of("COPPER", "USD/t"))
    assert collection.observations.empty
    assert collection.suspects["value"].tolist() == [382.5]
    assert "says 'dollars per pound', the catalogue says USD/t" in collection.suspects["reason"].iloc[0]


@pytest.mark.parametrize("unit", ["dollar per metric ton", "Dollars per Metric Tonne", "words of the future", None, 7])
def test_a_unit_that_agrees_or_says_nothing_is_let_pass(unit: object) -> None:
    collection, _ = collect(points(unit), index_of("COPPER", "USD/t"))
    assert collection.observations["value"].tolist() == [382.5]


def test_an_exchange_rate_is_asked_for_as_a_pair() -> None:
    peso = Series(id="usdmxn_av", name="Peso", unit="MXN/USD", symbol="USD/MXN", published=PublicationRule(lag_days=1))
    meta = {
        "1. Information": "Forex Daily Prices (open, high, low, close)", "2. From Symbol": "USD", "3. To Symbol": "MXN",
        "4. Output Size": "Compact", "5. Last Refreshed": "2024-01-09 21:55:00", "6. Time Zone": "UTC",
    }  # fmt: skip
    bars = {"2024-01-08": {"1. open": "16.9", "2. high": "17.0", "3. low": "16.8", "4. close": "16.8312"}}
    collection, http = collect(json.dumps({"Meta Data": meta, "Time Series FX (Daily)": bars}).encode(), peso)
    assert http.asked[0][1] == {"function": "FX_DAILY", "from_symbol": "USD", "to_symbol": "MXN", "outputsize": "compact"}
    assert collection.observations["value"].tolist() == [16.8312]
    swapped = json.dumps({"Meta Data": {**meta, "2. From Symbol": "EUR"}, "Time Series FX (Daily)": bars}).encode()
    assert "answered about EUR/MXN when asked for USD/MXN" in collect(swapped, peso)[0].problems["usdmxn_av"]


def test_a_limit_told_beside_data_hides_no_data() -> None:
    body = json.loads(bars({"2024-01-05": "10.5"})) | {"Information": "Thank you for using Alpha Vantage!"}
    collection, http = collect(json.dumps(body).encode(), NUCOR, VALE)
    assert collection.problems == {}
    assert len(http.asked) == 2
