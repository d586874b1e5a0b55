"""The sentences of the morning mail, in either language; the Spanish is in ``locale/``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from steel_assets.core import regions, words
from steel_assets.core.report import MarketFacts, MarketForecast, Miss, Report
from steel_assets.core.types import MarketFrequency
from steel_assets.core.words import phrase, price, share, signed_share

LOCALE = Path(__file__).parent / "locale"
SEVERITIES = {"low": phrase("low"), "medium": phrase("medium"), "high": phrase("high"), "critical": phrase("critical")}


class MailWords(words.Words):
    """The mail's texts in one language."""

    def __init__(self, language: str) -> None:
        super().__init__(language, LOCALE)

    def span(self, number: int, frequency: MarketFrequency) -> str:
        """A number of a market's periods, such as ``5 days`` or ``3 months``."""
        if frequency == "weekly":
            return self.many("{0} week", "{0} weeks", number, number)
        if frequency == "monthly":
            return self.many("{0} month", "{0} months", number, number)
        return self.many("{0} day", "{0} days", number, number)

    def of(self, iso: str | None, frequency: MarketFrequency) -> str:
        """The period of a day in a market: 21 Nov 2026, week 47 of 2026, Nov 2026."""
        if not iso or frequency == "daily":
            return self.day(iso)
        day = date.fromisoformat(iso[:10])
        if frequency == "monthly":
            return f"{words.MONTHS[self.language][day.month - 1]} {day.year}"
        year, week, _ = day.isocalendar()
        return self(phrase("week {0} of {1}"), week, year)


def subject(report: Report, words: MailWords) -> str:
    """The subject of the mail; SIMULATED comes first."""
    text = words("Steel prices, {0}", report.day)
    return f"[{words('SIMULATED DATA')}] {text}" if report.simulated else text


def changes(report: Report, words: MailWords) -> list[tuple[str, str]]:
    """The changes since yesterday: the name of each market with any, and sentences about them."""
    told = [(market.names[words.language], " ".join(_changes(market, words))) for market in report.markets]
    return [(name, sentences) for name, sentences in told if sentences]


def by_region(report: Report, words: MailWords) -> list[tuple[str, list[MarketFacts]]]:
    """The markets of each region under its name."""
    return list(regions.by_region(report.markets, lambda market: market.regions[words.language]).items())


def _changes(market: MarketFacts, words: MailWords) -> Iterator[str]:
    news, frequency = market.news, market.frequency
    if news.new_price and market.price is not None and market.change is not None:
        told, days = f"{price(market.price)} {market.unit}", (market.day, market.day_before)
        if frequency == "daily":
            yield words("{0} on {1}, {2} from the price of {3}.", told, days[0], signed_share(market.change), days[1])
        else:
            now, before = (words.of(day, frequency) for day in days)
            yield words("{0} for {1}, {2} from that for {3}.", told, now, signed_share(market.change), before)
    if news.moved is not None and news.moved.before > 0:
        figures = price(news.moved.before), price(news.moved.now), signed_share(news.moved.now / news.moved.before - 1)
        if frequency == "daily":
            yield words.many(
                "The forecast {0} day ahead went from {1} to {2} ({3}).",
                "The forecast {0} days ahead went from {1} to {2} ({3}).",
                news.moved.horizon,
                news.moved.horizon,
                *figures,
            )
        else:
            span = words.span(news.moved.horizon, frequency)
            yield words("The forecast {0} ahead went from {1} to {2} ({3}).", span, *figures)
    elif news.new_forecast:
        yield words("Its first forecast was issued.")
    for replaced in news.replaced:
        yield (
            words("The model before is back in force {0} ahead ({1}).", _short(market, replaced.horizon, words), replaced.family)
            if replaced.rolled_back
            else words("A new model is in force {0} ahead ({1}).", _short(market, replaced.horizon, words), replaced.family)
        )


def _short(market: MarketFacts, horizon: int, words: MailWords) -> str:
    """5 d, 3 months."""
    return words("{0} d", horizon) if market.frequency == "daily" else words.span(horizon, market.frequency)


def age(market: MarketFacts, words: MailWords) -> str:
    """The age of the data that the forecast of ``market`` uses."""
    if market.forecast is None:
        if market.frequency != "daily" and market.day:
            return words("price for {0}; no forecast yet", words.of(market.day, market.frequency))
        return words("price of {0}; no forecast yet", market.day) if market.day else words("no price yet; no forecast yet")
    forecast = market.forecast
    told = (
        _slow_age(market, forecast, words)
        if market.frequency != "daily"
        else words.many(
            "price of {0}, {1} session old; forecast issued {2}",
            "price of {0}, {1} sessions old; forecast issued {2}",
            forecast.sessions,
            forecast.price_day,
            forecast.sessions,
            forecast.issued,
        )
    )
    late = [words("a newer price should be here")] if forecast.stale else []
    return "; ".join([told, *late, *_aged(forecast, words)])


def _slow_age(market: MarketFacts, forecast: MarketForecast, words: MailWords) -> str:
    period, overdue = words.of(forecast.price_day, market.frequency), words.span(forecast.sessions, market.frequency)
    return words("price for {0}, {1} overdue; forecast issued {2}", period, overdue, forecast.issued)


def _aged(forecast: MarketForecast, words: MailWords) -> Iterator[str]:
    for series, day in forecast.aged_drivers.items():
        yield words("leans on {0}, last of {1}", series, day)


def missed(market: MarketFacts, miss: Miss, words: MailWords) -> str:
    """A sentence about a forecast whose price was outside its interval."""
    return words(
        "{0}, {1}: {2} came; {4} – {5} was said {3} before.",
        market.names[words.language],
        words.of(miss.day, market.frequency),
        price(miss.came),
        _short(market, miss.horizon, words),
        price(miss.q05),
        price(miss.q95),
    )


def misses(report: Report, words: MailWords) -> list[str]:
    """All such sentences, of all markets."""
    return [
        missed(market, miss, words) for market in report.markets if market.record is not None for miss in market.record.misses
    ]


def verdict(market: MarketFacts, words: MailWords) -> str:
    """Whether the forecasts of the week were nearer than the last price."""
    record = market.record
    if record is None or share(record.error) == share(record.last_price_error):
        return words("alike")
    return words("better") if record.error < record.last_price_error else words("worse")


def picture_text(market: MarketFacts, words: MailWords) -> str:
    """The fan chart in words, for people who do not see it."""
    if market.forecast is None or market.price is None:
        return market.names[words.language]
    furthest = market.forecast.ahead[-1]
    on_a_day = phrase("{0}: {1} {2} on {3}; {4} ahead {5}, with 90 % between {6} and {7}.")
    of_a_period = phrase("{0}: {1} {2} for {3}; {4} ahead {5}, with 90 % between {6} and {7}.")
    sentence = on_a_day if market.frequency == "daily" else of_a_period
    return words(
        sentence,
        market.names[words.language],
        price(market.price),
        market.unit,
        words.of(market.day, market.frequency),
        _short(market, furthest.horizon, words),
        price(furthest.price),
        price(furthest.q05),
        price(furthest.q95),
    )
