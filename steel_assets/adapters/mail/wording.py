"""The sentences of the morning mail, in either language. What they are in Spanish is in ``locale/``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from steel_assets.core import regions, words
from steel_assets.core.report import Forecast, MarketFacts, Miss, Report
from steel_assets.core.words import phrase, price, share, signed_share

LOCALE = Path(__file__).parent / "locale"
SEVERITIES = {"low": phrase("low"), "medium": phrase("medium"), "high": phrase("high"), "critical": phrase("critical")}


class Words(words.Words):
    """One language of the mail."""

    def __init__(self, language: str) -> None:
        super().__init__(language, LOCALE)


def subject(report: Report, words: Words) -> str:
    """The line that the mail is known by; SIMULATED comes first."""
    text = words("Steel prices, {0}", report.day)
    return f"[{words('SIMULATED DATA')}] {text}" if report.simulated else text


def changes(report: Report, words: Words) -> list[tuple[str, str]]:
    """What changed since yesterday: the name of each market in which anything did, and the sentences about it."""
    told = [(market.names[words.language], " ".join(_changes(market, words))) for market in report.markets]
    return [(name, sentences) for name, sentences in told if sentences]


def by_region(report: Report, words: Words) -> list[tuple[str, list[MarketFacts]]]:
    """The markets of each region under its name."""
    return list(regions.by_region(report.markets, lambda market: market.regions[words.language]).items())


def _changes(market: MarketFacts, words: Words) -> Iterator[str]:
    news = market.news
    if news.new_price and market.price is not None and market.change is not None:
        told = f"{price(market.price)} {market.unit}"
        yield words("{0} on {1}, {2} from the price of {3}.", told, market.day, signed_share(market.change), market.day_before)
    if news.moved is not None and news.moved.before > 0:
        yield words.many(
            "The forecast {0} day ahead went from {1} to {2} ({3}).",
            "The forecast {0} days ahead went from {1} to {2} ({3}).",
            news.moved.horizon,
            news.moved.horizon,
            price(news.moved.before),
            price(news.moved.now),
            signed_share(news.moved.now / news.moved.before - 1),
        )
    elif news.new_forecast:
        yield words("Its first forecast was issued.")
    for replaced in news.replaced:
        yield (
            words("The model before is back in force {0} d ahead ({1}).", replaced.horizon, replaced.family)
            if replaced.rolled_back
            else words("A new model is in force {0} d ahead ({1}).", replaced.horizon, replaced.family)
        )


def age(market: MarketFacts, words: Words) -> str:
    """How old what the forecast of ``market`` rests on is."""
    if market.forecast is None:
        return words("price of {0}; no forecast yet", market.day) if market.day else words("no price yet; no forecast yet")
    forecast = market.forecast
    told = words.many(
        "price of {0}, {1} session old; forecast issued {2}",
        "price of {0}, {1} sessions old; forecast issued {2}",
        forecast.sessions,
        forecast.price_day,
        forecast.sessions,
        forecast.issued,
    )
    late = [words("a newer price should be here")] if forecast.stale else []
    return "; ".join([told, *late, *_aged(forecast, words)])


def _aged(forecast: Forecast, words: Words) -> Iterator[str]:
    for series, day in forecast.aged_drivers.items():
        yield words("leans on {0}, last of {1}", series, day)


def missed(market: MarketFacts, miss: Miss, words: Words) -> str:
    """A forecast whose interval did not hold."""
    return words(
        "{0}, {1}: {2} came; {4} – {5} was said {3} d before.",
        market.names[words.language],
        miss.day,
        price(miss.came),
        miss.horizon,
        price(miss.q05),
        price(miss.q95),
    )


def misses(report: Report, words: Words) -> list[str]:
    """Every one that is told, of all markets."""
    return [
        missed(market, miss, words) for market in report.markets if market.record is not None for miss in market.record.misses
    ]


def verdict(market: MarketFacts, words: Words) -> str:
    """Whether the forecasts of the week were nearer than the last price."""
    record = market.record
    if record is None or share(record.error) == share(record.last_price_error):
        return words("alike")
    return words("better") if record.error < record.last_price_error else words("worse")


def picture_told(market: MarketFacts, words: Words) -> str:
    """The fan chart in words, for who does not see it."""
    if market.forecast is None or market.price is None:
        return market.names[words.language]
    furthest = market.forecast.ahead[-1]
    return words(
        "{0}: {1} {2} on {3}; {4} d ahead {5}, with 90 % between {6} and {7}.",
        market.names[words.language],
        price(market.price),
        market.unit,
        market.day,
        furthest.horizon,
        price(furthest.price),
        price(furthest.q05),
        price(furthest.q95),
    )
