"""Trading Economics' wire format, as the sandbox speaks it."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from steel_assets.catalog import Catalog
from steel_assets.core.calendars import sessions
from steel_assets.sandbox import Sandbox
from steel_assets_tests.sandbox.conftest import Get

HISTORY = "/trading_economics/markets/historical/"
CALENDAR = "/trading_economics/calendar/country/"


def ask(get: Get, path: str, **params: str) -> list[dict]:
    answer = get(path, c="k", f="json", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_history_is_newest_first_with_dates_day_first(get: Get) -> None:
    rows = ask(get, f"{HISTORY}LSR1:COM", d1="2026-01-13", d2="2026-02-13")
    assert all(list(row) == ["Symbol", "Date", "Open", "High", "Low", "Close"] for row in rows)
    assert rows[0]["Date"] == "13/02/2026"
    dates = [datetime.strptime(row["Date"], "%d/%m/%Y") for row in rows]  # noqa: DTZ007 - a trading day has no zone
    assert dates == list(sessions("XLON", pd.Timestamp("2026-01-13"), pd.Timestamp("2026-02-13"))[::-1])
    assert all(row["Low"] <= row["Close"] <= row["High"] for row in rows)


def test_several_symbols_are_answered_in_one_call(get: Get) -> None:
    rows = ask(get, f"{HISTORY}LSR1:COM,lsr2:com,NOSUCH:COM", d1="2026-02-02", d2="2026-02-04")
    assert [row["Symbol"] for row in rows] == ["LSR1:COM"] * 3 + ["LSR2:COM"] * 3


@pytest.mark.parametrize(
    "path", [f"{HISTORY}NOSUCH:COM", f"{HISTORY}LSR1:COM?d1=1999-01-01&d2=1999-02-01", f"{HISTORY}China:NBS"]
)
def test_nothing_found_is_an_empty_list(get: Get, path: str) -> None:
    symbols, _, query = path.partition("?")
    assert ask(get, symbols, **dict(pair.split("=") for pair in query.split("&") if pair)) == []


def test_shanghais_close_is_known_at_two_in_mexico_city_and_londons_is_not(get: Get) -> None:
    assert ask(get, f"{HISTORY}JBP:COM", d1="2026-03-01")[0]["Date"] == "04/03/2026"
    assert ask(get, f"{HISTORY}LSR1:COM", d1="2026-03-01")[0]["Date"] == "03/03/2026"


def test_quotes_of_commodities_name_symbol_unit_and_last_close(get: Get, catalog: Catalog) -> None:
    rows = {row["Symbol"]: row for row in ask(get, "/trading_economics/markets/commodities")}
    assert set(rows) == {series.symbol for series in catalog.series_of("trading_economics", "commodity_prices")}
    steel = rows["JBP:COM"]
    assert steel["unit"] == "CNY/t"
    assert steel["CloseDate"] == "2026-03-04T00:00:00"
    assert steel["Date"] == "2026-03-04T07:20:00"
    assert steel["Last"] == ask(get, f"{HISTORY}JBP:COM", d1="2026-03-04")[0]["Close"]
    assert steel["DailyChange"] == round(steel["Last"] - steel["yesterday"], 6)
    assert ask(get, "/trading_economics/markets/symbol/JBP:COM") == [steel]


def test_the_calendar_lists_published_events_with_a_figure_and_coming_ones_without(get: Get) -> None:
    events = ask(get, f"{CALENDAR}china/2026-01-15/2026-04-30")
    pmi = [event for event in events if event["Event"] == "NBS Manufacturing PMI"]
    assert [event["Date"] for event in pmi] == ["2026-02-01T01:30:00", "2026-03-01T01:30:00", "2026-04-01T01:30:00"]
    assert [event["Reference"] for event in pmi] == ["Jan", "Feb", "Mar"]
    assert pmi[2]["Actual"] == ""
    assert pmi[2]["Previous"] == pmi[1]["Actual"]
    assert 35 < float(pmi[1]["Actual"]) < 65
    assert {event["Country"] for event in events} == {"China"}
    assert len(events) > len(pmi)
    assert {
        "CalendarId", "Date", "Country", "Category", "Event", "Reference", "Source", "Actual", "Previous", "Forecast",
        "TEForecast", "Importance", "LastUpdate", "Revised", "Unit", "Ticker",
    } <= set(pmi[0])  # fmt: skip


def test_figures_of_other_events_carry_their_unit(get: Get) -> None:
    events = ask(get, f"{CALENDAR}all/2026-02-01/2026-02-28")
    assert {event["Country"] for event in events} == {"China", "United States", "Turkey", "Mexico"}
    assert any(event["Actual"].endswith("%") for event in events)
    assert any(event["Actual"].startswith("$") and event["Actual"].endswith("B") for event in events)


def test_an_indicator_of_a_country_is_oldest_first_and_ends_with_what_is_published(get: Get, sandbox: Sandbox) -> None:
    path = "/trading_economics/historical/country/united%20states/indicator/ism%20manufacturing%20pmi"
    rows = ask(get, path)
    assert [row["DateTime"] for row in rows[-2:]] == ["2026-01-31T00:00:00", "2026-02-28T00:00:00"]
    assert rows[0]["DateTime"] == "2014-01-31T00:00:00"
    sandbox.set_clock(pd.Timestamp("2026-03-03T14:59Z"))
    assert ask(get, path) == rows[:-1]


@pytest.mark.parametrize(
    ("key", "status", "text"),
    [
        ("", 401, "You must provide valid credentials."),
        ("invalid", 401, "You must provide valid credentials."),
        ("guest:guest", 410, "the guest account has been discontinued."),
        ("exhausted", 403, "You exceeded your API subscription limit for this month."),
    ],
)
def test_errors_are_plain_text(get: Get, key: str, status: int, text: str) -> None:
    answer = get(f"{HISTORY}LSR1:COM", c=key)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(text)


def test_the_free_key_sees_mexico_and_not_china(get: Get) -> None:
    assert get(f"{CALENDAR}mexico/2026-02-01/2026-02-28", c="free").status_code == 200
    refused = get(f"{CALENDAR}mexico,china/2026-02-01/2026-02-28", c="free")
    assert (refused.status_code, refused.text) == (403, "No Access to this country as free user.")


def test_the_key_may_come_in_a_header(sandbox: Sandbox, client) -> None:
    answer = client.get(f"{HISTORY}LSR1:COM?d1=2026-03-01", headers={"Authorization": "k"})
    assert answer.status_code == 200
    assert answer.json()


@pytest.mark.parametrize("params", [{"d1": "01/02/2026"}, {"d2": "2026-13-01"}])
def test_a_date_that_is_none_is_refused(get: Get, params: dict[str, str]) -> None:
    assert get(f"{HISTORY}LSR1:COM", c="k", **params).status_code == 400


def test_answers_are_cut_without_a_word_and_long_urls_refused(get: Get) -> None:
    every = ",".join(f"LSR{month}:COM" for month in range(1, 7))
    assert len(ask(get, f"{HISTORY}{every}", d1="2016-01-01")) == 10_000
    assert len(ask(get, f"{CALENDAR}china/2016-01-01/2026-03-04")) == 1_000
    assert get(f"{HISTORY}{','.join(['LSR1:COM'] * 30)}", c="k", f="json").status_code == 414
