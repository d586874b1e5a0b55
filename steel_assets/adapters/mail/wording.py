"""The sentences of the morning mail, in either language. What they are in Spanish is in ``locale/``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from steel_assets.core import words
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


def changes(report: Report, words: Words) -> list[str]:
    """What changed since yesterday, market by market; one sentence says so where nothing did."""
    found = [sentence for market in report.markets for sentence in _changes(market, words)]
    return found or [words("Nothing: no new price, no new forecast, no new model.")]


def _changes(market: MarketFacts, words: Words) -> Iterator[str]:
    name, news = market.names[words.language], market.news
    if news.new_price and market.price is not None and market.change is not None:
        told = f"{price(market.price)} {market.unit}"
        yield words(
            "{0}: {1} on {2}, {3} from the price of {4}.", name, told, market.day, signed_share(market.change), market.day_before
        )
    if news.moved is not None and news.moved.before > 0:
        moved = signed_share(news.moved.now / news.moved.before - 1)
        yield words.many(
            "{0}: the forecast {1} day ahead went from {2} to {3} ({4}).",
            "{0}: the forecast {1} days ahead went from {2} to {3} ({4}).",
            news.moved.horizon,
            name,
            news.moved.horizon,
            price(news.moved.before),
            price(news.moved.now),
            moved,
        )
    elif news.new_forecast:
        yield words("{0}: its first forecast was issued.", name)
    for replaced in news.replaced:
        text = (
            words("{0}, {1} d ahead: the model before is back in force ({2}).", name, replaced.horizon, replaced.family)
            if replaced.rolled_back
            else words("{0}, {1} d ahead: a new model is in force ({2}).", name, replaced.horizon, replaced.family)
        )
        yield text


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
