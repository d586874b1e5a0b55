"""Days in every form that a provider may write them in: read where they can only mean one day, else the answer is kept aside."""

from __future__ import annotations

import json
from collections import Counter
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import Recorded
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, SourceError, connector
from steel_assets.sources._days import Written, days

MOMENT = pd.Timestamp("2026-11-27 08:00", tz="UTC")
FORMS = [
    "{}",
    "{}T00:00:00",
    "{} 00:00:00",
    "{}T00:00:00Z",
    "{}T00:00:00.000Z",
    "{}T00:00:00+00:00",
    "{}T00:00:00+08:00",
    "{}T00:00:00.0000000-0500",
    "{}T00:00",
    "{}T11:02:00.013",
]
PROVIDERS = {
    "trading_economics": lambda texts: [{"Symbol": "S", "Date": text, "Close": 3124.0} for text in texts],
    "fred_api": lambda texts: {
        "count": len(texts),
        "offset": 0,
        "observations": [{"realtime_start": text, "date": text, "value": "3124"} for text in texts],
    },
    "alpha_vantage": lambda texts: {"Time Series (Daily)": {text: {"4. close": "3124"} for text in texts}},
}


def collect(source: str, texts: list[str], zone: str = "Asia/Shanghai") -> Collection:
    published = PublicationRule(at="15:20", zone=zone)  # type: ignore[arg-type]
    one = Series(id="one", name="x", unit="index", source=source, symbol="S", published=published)
    if source == "keyless":
        lines = "\n".join(["observation_date,S", *(f"{text},3124.5" for text in texts), ""])
        access = Access(Recorded({"": lines.encode()}), "http://x")
        return connector("fred_api").collect([one], OBSERVATIONS.empty(), MOMENT, access)
    access = Access(Recorded({"": json.dumps(PROVIDERS[source](texts)).encode()}), "http://x", SecretStr("canary-7f3a91"))
    return connector(source).collect([one], OBSERVATIONS.empty(), MOMENT, access)


@pytest.mark.parametrize("source", [*PROVIDERS, "keyless"])
@pytest.mark.parametrize("form", FORMS)
def test_a_date_with_a_time_or_an_offset_is_the_day_that_is_written(source: str, form: str) -> None:
    collection = collect(source, [form.format(day) for day in ("2026-11-24", "2026-11-25", "2026-11-26")])
    assert collection.problems == {}
    assert collection.observations["period"].dt.strftime("%m-%d").tolist() == ["11-24", "11-25", "11-26"]


@pytest.mark.parametrize("source", [*PROVIDERS, "keyless"])
def test_midnight_of_the_exchange_written_in_utc_is_its_day(source: str) -> None:
    collection = collect(source, ["2026-11-23T16:00:00Z", "2026-11-24T16:00:00+00:00"])
    assert collection.observations["period"].dt.strftime("%m-%d").tolist() == ["11-24", "11-25"]


@pytest.mark.parametrize("source", [*PROVIDERS, "keyless"])
@pytest.mark.parametrize("text", ["2026-11-24T21:30:00Z", "24. November", "1764028800", "11-24-2026"])
def test_what_may_be_two_days_or_none_is_kept_aside_whole_and_no_symbol_is_blamed(source: str, text: str) -> None:
    collection = collect(source, [text])
    assert collection.observations.empty
    assert len(collection.rejected) == 1
    assert "unknown shape" in collection.problems["one"]
    assert "check the symbol" not in collection.problems["one"]


@pytest.mark.parametrize(("text", "day"), [("24/11/2026", "2026-11-24"), ("24/11/2026 00:00:00", "2026-11-24")])
def test_british_dates_may_have_a_time_too(text: str, day: str) -> None:
    assert collect("trading_economics", [text]).observations["period"].tolist() == [pd.Timestamp(day)]


def test_a_day_that_cannot_be_among_days_that_can_is_counted() -> None:
    notes: Counter[str] = Counter()
    found = days(["2026-11-24", "2026-02-30", None, "0001-01-01"], notes, Written("X", ZoneInfo("UTC")), b"")
    assert found.notna().tolist() == [True, False, False, False]
    assert notes == {"unreadable dates": 3}


def test_the_calendar_reads_offsets_and_keeps_aside_what_has_no_date() -> None:
    one = Series(
        id="one",
        name="x",
        unit="index",
        source="trading_economics",
        group="economic_calendar",
        symbol="China:PMI",
        frequency="monthly",
    )
    row = {"Event": "PMI", "Reference": "Oct", "Actual": "50.2"}

    def read(date: str) -> Collection:
        body = json.dumps([{**row, "Date": date}]).encode()
        access = Access(Recorded({"": body}), "http://x", SecretStr("canary-7f3a91"), history_years=1)
        return connector("trading_economics").collect([one], OBSERVATIONS.empty(), MOMENT, access)

    published = read("2026-10-31T09:30:00+08:00").observations["published_at"]
    assert published.tolist() == [pd.Timestamp("2026-10-31T01:30:00Z")]
    assert len(read("31. Oktober").rejected) == 1


def test_an_ambiguous_moment_names_itself_and_the_zone() -> None:
    with pytest.raises(
        SourceError, match=r"X answered in an unknown shape: the date '2026-11-24T21:30Z' may mean two days in Asia"
    ):
        days(["2026-11-24T21:30Z"], Counter(), Written("X", ZoneInfo("Asia/Shanghai")), b"")
