"""The events of Trading Economics' economic calendar, past and scheduled, as rows.

An event is the publication of a figure: before its moment it has no ``Actual``, afterwards it has.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pandas as pd

from steel_assets.core.types import PublicationRule, Series
from steel_assets.sandbox.economy import BEGINNING
from steel_assets.sandbox.market import SimulatedMarket

SOURCE, GROUP = "trading_economics", "economic_calendar"

SCHEDULED = pd.Timedelta(days=90)
"""How far ahead events are announced."""

OTHERS = tuple(
    Series(
        id="other",
        name=event,
        unit=unit,
        source=SOURCE,
        group=GROUP,
        symbol=f"{country}:{event}",
        frequency="monthly",
        published=PublicationRule.model_validate({"lag_days": days, "at": at, "zone": zone}),
    )
    for country, event, unit, days, at, zone in (
        ("China", "Balance of Trade", "million_usd", 9, "11:00", "Asia/Shanghai"),
        ("United States", "Michigan Inflation Expectations", "percent", 12, "10:00", "America/New_York"),
        ("Turkey", "Inflation Rate YoY", "percent", 4, "10:00", "Europe/Istanbul"),
        ("Mexico", "Inflation Rate YoY", "percent", 9, "06:00", "America/Mexico_City"),
    )
)
"""Further events, since a real calendar is full of events that nobody requested."""


def country_of(series: Series) -> str:
    """``China`` of the symbol ``China:NBS Manufacturing PMI``."""
    return (series.symbol or "").partition(":")[0]


def event_of(series: Series) -> str:
    """``NBS Manufacturing PMI`` of the symbol ``China:NBS Manufacturing PMI``."""
    return (series.symbol or "").partition(":")[2]


def events(market: SimulatedMarket, countries: list[str] | None) -> list[Series]:
    """The figures of ``countries`` (lower case; None for all) that the calendar follows."""
    every = [*market.catalog.series_of(SOURCE, GROUP), *OTHERS]
    return [series for series in every if countries is None or country_of(series).lower() in countries]


def rows(market: SimulatedMarket, series: Series, now: pd.Timestamp, first: str, last: str) -> Iterator[dict[str, object]]:
    """The events of one figure from day ``first`` to day ``last`` (UTC, ISO texts, both included)."""
    planned = market.planned_versions(series, now, SCHEDULED)
    releases = planned.drop_duplicates("period").reset_index(drop=True)
    newest = planned[planned["published_at"] <= now].drop_duplicates("period", keep="last").set_index("period")["value"]
    for place, release in releases.iterrows():
        moment = release["published_at"]
        if not first <= moment.date().isoformat() <= last:
            continue
        before = releases.iloc[place - 1] if place else None
        previous = _figure(before["value"], series.unit) if before is not None and before["published_at"] <= now else ""
        revised = _figure(newest[before["period"]], series.unit) if previous and before is not None else ""
        yield {
            "CalendarId": str(zlib.crc32(f"{series.symbol}/{release['period']:%Y-%m-%d}".encode()) % 1_000_000),
            "Date": f"{moment:%Y-%m-%dT%H:%M:%S}",
            "Country": country_of(series),
            "Category": event_of(series),
            "Event": event_of(series),
            "Reference": f"{release['period']:%b}",
            "ReferenceDate": f"{release['period'] + pd.offsets.MonthEnd(0):%Y-%m-%dT00:00:00}",
            "Source": "Simulated",
            "Actual": _figure(release["value"], series.unit) if moment <= now else "",
            "Previous": previous,
            "Forecast": previous,
            "TEForecast": previous,
            "Importance": 3,
            "LastUpdate": f"{min(moment, now):%Y-%m-%dT%H:%M:%S}",
            "Revised": revised if revised != previous else "",
            "Unit": "%" if series.unit == "percent" else "",
            "Ticker": "".join(word[0] for word in (series.symbol or "").replace(":", " ").split()).upper(),
        }


def auctions(countries: list[str] | None, now: pd.Timestamp, first: str, last: str) -> list[dict[str, object]]:
    """Two bill auctions per country and weekday, which fill the calendar as in reality."""
    named = sorted({country_of(series) for series in OTHERS} | {"China", "United States"})
    held = [country for country in named if countries is None or country.lower() in countries]
    end = min(pd.Timestamp(last[:10]) if last < "2200" else now.tz_localize(None), (now + SCHEDULED).tz_localize(None))
    days = pd.bdate_range(max(pd.Timestamp(first) if first > "1700" else BEGINNING, BEGINNING), end)
    return [
        {
            "CalendarId": str(1_000_000 + 10 * place + number),
            "Date": f"{day:%Y-%m-%d}T{15 + number}:30:00",
            "Country": country,
            "Category": "Government Debt",
            "Event": f"{weeks}-Week Bill Auction",
            "Reference": "",
            "ReferenceDate": None,
            "Source": "Simulated",
            "Actual": f"{2 + place % 300 / 100:.2f}%" if day.tz_localize("UTC") + pd.Timedelta(hours=15 + number) <= now else "",
            "Previous": "",
            "Forecast": "",
            "TEForecast": "",
            "Importance": 1,
            "LastUpdate": f"{day:%Y-%m-%d}T{15 + number}:31:00",
            "Revised": "",
            "Unit": "%",
            "Ticker": "",
        }
        for country in held
        for place, day in zip((days - BEGINNING).days, days, strict=True)
        for number, weeks in enumerate((4, 13))
    ]


def _figure(value: float, unit: str) -> str:
    """A value as the calendar prints it: 50.2, 0.9%, $82.4B."""
    if unit == "percent":
        return f"{value:.12g}%"
    return f"${value / 1000:.1f}B" if unit == "million_usd" else f"{value:.12g}"
