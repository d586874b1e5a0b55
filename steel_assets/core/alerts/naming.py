"""The values of placeholders in a rule's texts: market, series, provider, last day, affected markets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from steel_assets.core.alerts.incidents import Item
from steel_assets.core.alerts.rules import PRICE_WATCH, Rulebook
from steel_assets.core.alerts.subjects import NAMED, Place
from steel_assets.core.alerts.vocabulary import CALLED, ODDS_OF, SIDES, called, say, say_many
from steel_assets.core.alerts.written import day, figure, listed
from steel_assets.core.types import Market, Series
from steel_assets.core.words import Language

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
KEY = re.compile(r"STEEL_\w+_API_KEY")
NOT_TAKEN = re.compile(r"\((?:401|403)\)|needs a key|key (?:is|was) |refuses the key|credential|unauthori[sz]ed", re.IGNORECASE)
TOO_OLD, FAILED_RUN = "price_too_old", "failed_run"
ABOUT_JOBS = frozenset({FAILED_RUN, "waiting_run"})
ONE_MARKET, ONE_PROVIDER = "one_market", "one_provider"
NAMES = frozenset(
    [
        "subject",
        "market",
        "market_id",
        "series",
        "series_id",
        "provider",
        "provider_id",
        "affected",
        "day",
        "value",
        "count",
        "limit",
        "check",
        "variable",
        "stage",
        "asset",
        "metric",
        "about",
        "automation",
        "job",
        "channel",
        "recipient",
        "price",
        "unit",
        "level",
        "side",
        "low",
        "high",
        "chance",
        "odds_limit",
        "question",
        "less",
    ]
)
"""All placeholders that a rule's texts may use."""

COLLECTED, NO_ANSWER, BAD_KEY = "collected", "no_answer", "bad_key"


def market_of(item: Item, rulebook: Rulebook) -> str:
    """The market that ``item`` is about, from its observer or its subject; empty if none."""
    return item.facts.get("market") or rulebook.subjects.place(item.subject).market


class Namer:
    """Placeholder values in one language.

    Args:
        items: all that the message lists, since some values depend on several.
        year: in which the message is read.
    """

    def __init__(self, rulebook: Rulebook, language: Language, items: Sequence[Item], year: int) -> None:
        self.rulebook = rulebook
        self.language = language
        self.items = items
        self.year = year

    def variant(self, item: Item) -> str:
        """The failed check, or the kind of problem, that selects a rule's other texts; the rule may not have it."""
        if item.rule == FAILED_RUN:
            place = self._place(item)
            return ONE_MARKET if place.market else ONE_PROVIDER if place.provider else ""
        check = item.facts.get("check") or self._place(item).check
        if check != COLLECTED:
            return check
        if KEY.search(item.text) and NOT_TAKEN.search(item.text):
            return BAD_KEY
        place = self._place(item)
        asked = self.rulebook.subjects.series_at(Place(provider=place.provider, group=place.group))
        return NO_ANSWER if self.rulebook.subjects.series_at(place, item.text) == asked else COLLECTED

    def names(self, item: Item) -> dict[str, str]:
        """Values of the placeholders (see ``NAMES``), as far as they are known for ``item``."""
        place, rule, language = self._place(item), self.rulebook.rule(item.rule), self.language
        series, market = self._series(item, place), self.rulebook.subjects.markets.get(self._market(item, place))
        values: dict[str, str] = {"subject": item.subject}
        if market is not None:
            values |= {"market": self.short(market), "market_id": market.id, "series_id": market.target.series}
        if series is not None:
            values |= {"series": self._called(series), "series_id": series.id}
        if place.provider:
            values |= {"provider": self.rulebook.subjects.providers[place.provider], "provider_id": place.provider}
        if (date_of_item := self._day(item)) is not None:
            values["day"] = day(date_of_item, language, seen_in=self.year)
        if item.value is not None:
            value = item.worst if item.state == "over" and item.worst is not None else item.value
            values |= {"value": figure(value, rule.unit, language), "count": f"{value:.0f}"}
        if rule.above is not None:
            values["limit"] = figure(rule.above, rule.unit, language)
        if key := KEY.search(item.text):
            values["variable"] = key[0]
        if place.asset:
            values["stage"] = called(language, place.asset)
            values["asset"] = self._asset(place, market)
        if check := item.facts.get("check") or place.check:
            values["check"] = called(language, check)
        if place.metric:
            about = self.short(market) if market else called(language, item.subject.partition(" of ")[2])
            values |= {"metric": called(language, place.metric), "about": about}
        if place.provider or series is not None:
            values["affected"] = self.affected(item, place)
        return values | (self._of_a_watch(item) if item.rule == PRICE_WATCH else self._of_the_machinery(item))

    def affected(self, item: Item, place: Place) -> str:
        """The markets that lack data because the series of ``item`` have no new values (a provider: all unanswered series)."""
        subjects = self.rulebook.subjects
        series = subjects.series_at(place, item.text)
        if place.check == COLLECTED:
            beside = [(self._place(item), item) for item in self.items if item.state != "over"]
            same = [(there, entry) for there, entry in beside if there.check == COLLECTED and there.provider == place.provider]
            series = series.union(*(subjects.series_at(there, entry.text) for there, entry in same))
        priced = subjects.priced_by(series)
        stuck = [name for item in self.items if item.rule == TOO_OLD and (name := self._place(item).market)]
        without, old = (
            self._markets(subject for subject in priced if subject in stuck),
            self._markets(subject for subject in priced if subject not in stuck),
        )
        parts = []
        if without:
            names = listed(without, self.language)
            parts.append(say_many(self.language, "{0} gets no new forecast", "{0} get no new forecast", len(without), names))
        if old:
            names = listed(old, self.language)
            parts.append(
                say_many(
                    self.language, "{0} is forecast from an older price", "{0} are forecast from older prices", len(old), names
                )
            )
        if parts:
            everybody = len(priced) == len(subjects.markets)
            return "; ".join([*parts, *([] if everybody else [say(self.language, "the others are not affected")])])
        leaning = self._markets(market.id for market in subjects.markets.values() if series & set(market.series_ids))
        if not leaning:
            return say(self.language, "no market needs it")
        every = len(leaning) == len(subjects.markets) > 1
        whose = say(self.language, "every market") if every else listed(leaning, self.language)
        return say(self.language, "no price is missing, only indicators of {0}", whose)

    def short(self, market: Market) -> str:
        """A market's name without the remark in parentheses and without commas, for use in a list."""
        name = (market.name_es or market.name) if self.language == "es" else market.name
        return re.sub(r"\s*\([^)]*\)$", "", name).replace(", ", " ")

    def _markets(self, names: Iterable[str]) -> list[str]:
        return [self.short(self.rulebook.subjects.markets[name]) for name in names]

    def _called(self, series: Series) -> str:
        return (series.name_es or series.name) if self.language == "es" else series.name

    def _place(self, item: Item) -> Place:
        """The place of ``item`` in the pipeline: from its observer's facts, or else from its subject."""
        if "asset" in item.facts:
            return Place(**{name: item.facts.get(name, "") for name in ("market", "provider", "group", "asset")})
        return self.rulebook.subjects.place(item.subject)

    def _market(self, item: Item, place: Place) -> str:
        """The id of the market: from subject or facts, or the only one named in the text; empty if none."""
        if place.market or item.facts.get("market"):
            return place.market or item.facts["market"]
        named = {name for name in NAMED.findall(item.text) if name in self.rulebook.subjects.markets}
        return named.pop() if len(named) == 1 else ""

    def _series(self, item: Item, place: Place) -> Series | None:
        name = item.facts.get("series") or place.series
        if not name and place.provider:
            there = self.rulebook.subjects.series_at(place, item.text)
            targets = [market.target for market in self.rulebook.subjects.markets.values()]
            priced = [name for target in targets for name in (target.series, target.fx or "") if name in there]
            name = next(iter([*priced, *sorted(there)]), "")
        return self.rulebook.subjects.series.get(name)

    def _day(self, item: Item) -> date | None:
        text = item.facts.get("day", "") or (DAY.findall(item.text) or [""])[0]
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            return None

    def _asset(self, place: Place, market: Market | None) -> str:
        if place.provider:
            whole = say(self.language, "the collection from {0}", self.rulebook.subjects.providers[place.provider])
        else:
            name = called(self.language, place.asset)
            whole = say(self.language, "{0} of {1}", name, self.short(market)) if market else name
        return whole[:1].upper() + whole[1:]

    def _of_a_watch(self, item: Item) -> dict[str, str]:
        """Values for a price watch: its figures, and in words what they are of (``core.watches.reading``)."""
        facts = item.facts
        values = {name: facts[name] for name in ("price", "unit", "level", "low", "high", "chance") if name in facts}
        if "side" in facts:
            values["side"] = say(self.language, SIDES[facts["side"]])
        if "limit" in facts:
            values["odds_limit"] = facts["limit"]
        if "when" in facts:
            when = facts["when"] if facts["about"] == "average" else day(date.fromisoformat(facts["when"]), self.language)
            values["question"] = say(self.language, ODDS_OF[facts["about"]], when)
        if (less := self.rulebook.subjects.markets.get(facts.get("less", ""))) is not None:
            values["less"] = self.short(less)
        return values

    def _of_the_machinery(self, item: Item) -> dict[str, str]:
        """The values ``automation``, ``job``, ``channel`` and ``recipient``, if the subject is one of these."""
        kind, _, name = item.subject.partition(" ")
        if kind == "schedule":
            return {"automation": say(self.language, "the schedule of {0}", called(self.language, name))}
        if kind == "sensor":
            return {"automation": say(self.language, "the watch “{0}”", name.replace("_", " "))}
        if item.rule in ABOUT_JOBS:
            name = item.subject.partition(": ")[0]
            job = called(self.language, name) if name in CALLED else say(self.language, "the run {0}", name)
            return {"job": job[:1].upper() + job[1:]}
        channel, _, recipient = item.subject.partition(": ")
        if self.rulebook.rule(item.rule).cause == "channel":
            return {"channel": called(self.language, channel)} | ({"recipient": recipient} if recipient else {})
        return {}
