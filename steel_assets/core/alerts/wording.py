"""The text of an incident for pages, mails and commands: first what it means, then what to do, in two languages.

Sentences come from the catalogue (``message`` and ``advice`` of a rule or of one of its variants) with placeholders filled in.
If a value is missing, the rule's plain title is used; advice shows the placeholder in capitals instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter

from steel_assets.core.alerts.incidents import Event, Item
from steel_assets.core.alerts.naming import COLLECTED, NO_ANSWER, Namer
from steel_assets.core.alerts.rules import PRICE_WATCH, AlertRule, Rulebook, VariantText
from steel_assets.core.alerts.subjects import NAMED
from steel_assets.core.alerts.vocabulary import SEVERITIES, TO_DO, say
from steel_assets.core.alerts.written import figure, full, span
from steel_assets.core.words import Language, phrase

MOST_LISTED = 6
LONGEST_DETAIL = 280
LONGEST_READ = 2000
BRACKETS = re.compile(r"[\[{][^\[\]{}]*[\"':<>][^\[\]{}]*[\]}]")
CUT_OFF = re.compile(r"[\[{]\s*[\"'{\[].*?(?=; |$)")
CONSEQUENCE = re.compile(r"[:;] ")
"""Separates a sentence's main part from its consequence, which is left out when the incident ended."""

TAGS = re.compile(r"<[^>]{1,200}>")


def title(event: Event, rulebook: Rulebook, language: Language = "en") -> str:
    """One line with the consequence of the most important item, and how many more there are."""
    items = items_of(event)
    news = (
        [item for item in items if item.state in ("new", "worse")]
        or [item for item in items if item.state != "over"]
        or list(items)
    )
    sentences = list(dict.fromkeys(sentence(item, event, rulebook, language) for item in worst_first(event, news)))
    if event.kind == "recovered":
        return _cause_of(sentences[0])
    return sentences[0] if len(sentences) == 1 else say(language, "{0} (and {1} more)", sentences[0], len(sentences) - 1)


def sentence(item: Item, event: Event, rulebook: Rulebook, language: Language = "en") -> str:
    """What ``item`` of ``event`` means for people."""
    rule, namer = rulebook.rule(item.rule), _namer(event, rulebook, language)
    names = namer.names(item)
    for template in _templates(rule, namer.variant(item), language, "message"):
        if _names_in(template) <= set(names):
            return template.format(**names)
    plain = (rule.title_es or rule.title) if language == "es" else rule.title
    about = names.get("market") or names.get("series") or names.get("provider") or item.subject
    return f"{plain} · {about}"


def advice(event: Event, rulebook: Rulebook, language: Language = "en") -> str:
    """What to do about the most important item of ``event``, with the command."""
    lead = worst_first(event)[0]
    rule, namer = rulebook.rule(lead.rule), _namer(event, rulebook, language)
    names = namer.names(lead)
    template = _templates(rule, namer.variant(lead), language, "advice")[0]
    missing = {name: name.removesuffix("_id").upper() for name in _names_in(template)}
    return template.format(**(missing | names))


def facts(event: Event, rulebook: Rulebook, language: Language = "en") -> tuple[tuple[str, str], ...]:
    """Label and text of everything a message says below its title, in the order of reading."""
    items = worst_first(event)
    lead, over = items[0], event.kind == "recovered"
    first = title(event, rulebook, language)
    rows = [
        (
            phrase("New"),
            _list([item for item in items if item.state in ("new", "worse")], event, rulebook, language, besides=first),
        ),
        (phrase("Takes along"), _list([item for item in items if item.state == "along"], event, rulebook, language)),
        (phrase("Also open"), _list([item for item in items if item.state == "open"], event, rulebook, language, besides=first)),
        (phrase("Over"), _ended(event, items, rulebook, language, besides=first)),
        (phrase("Since"), _since(event, rulebook, language)),
        (phrase("How bad"), "" if event.rule == PRICE_WATCH else _how_bad(event, lead, rulebook, language)),
        (phrase("What was tried"), "" if over else _tried(event, lead, rulebook, language)),
        (TO_DO, say(language, "Nothing: it is over.") if over else advice(event, rulebook, language)),
        (phrase("Looked after by"), event.acknowledged),
        (phrase("Detail"), "" if over else cleaned(lead.text)),
    ]
    return tuple((say(language, label), " ".join(text.split())) for label, text in rows if text)


def items_of(event: Event) -> tuple[Item, ...]:
    """The items of ``event``; for an event of an earlier release, the one incident that it was about."""
    return event.items or (
        Item(
            rule=event.rule,
            subject=event.subject,
            state="over" if event.kind == "recovered" else "open" if event.kind == "reminder" else "new",
            severity=event.severity,
            since=event.since,
            value=event.value,
            worst=event.worst,
            text=event.text,
            link=event.link,
        ),
    )


def cleaned(text: str) -> str:
    """An observer's text without a provider's JSON and tags, and shortened."""
    before, text = None, text[:LONGEST_READ]
    while before != text:
        before, text = text, BRACKETS.sub("…", text)
    text = _shared(" ".join(TAGS.sub(" ", CUT_OFF.sub("…", text)).split()))
    return text if len(text) <= LONGEST_DETAIL else text[: LONGEST_DETAIL - 1].rstrip() + "…"


def _shared(text: str) -> str:
    """``a: why; b: why; c: why`` as ``a, b, c: why``."""
    names, reasons = NAMED.findall(text), NAMED.split(text)[2::2]
    if len(names) < 2 or len(set(reasons)) > 1 or NAMED.split(text)[0]:
        return text
    return f"{', '.join(names)}: {reasons[0]}"


def names_in(rule: AlertRule) -> set[str]:
    """All placeholders in the texts of ``rule``.

    Raises:
        ValueError: braces do not match.
    """
    words: list[AlertRule | VariantText] = [rule, *rule.variants.values()]
    texts = [text for word in words for text in (word.message, word.message_es, word.advice, word.advice_es)]
    return {name for text in texts for name in _names_in(text)}


def _templates(rule: AlertRule, variant: str, language: Language, kind: str) -> list[str]:
    """Templates from the most to the least specific; Spanish falls back to English if a user's rule has none."""
    templates: list[str] = []
    particular: tuple[VariantText | AlertRule | None, ...] = (rule.variants.get(variant), rule)
    for words in particular:
        if words is not None:
            texts = {"message": (words.message, words.message_es), "advice": (words.advice, words.advice_es)}[kind]
            templates += [text for text in (reversed(texts) if language == "es" else texts[:1]) if text]
    return templates


def _names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _namer(event: Event, rulebook: Rulebook, language: Language) -> Namer:
    return Namer(rulebook, language, items_of(event), event.moment.astimezone(rulebook.tzinfo).year)


def worst_first(event: Event, items: Iterable[Item] | None = None) -> list[Item]:
    """The items of ``event`` (or those given): its main item, then new ones, then by severity."""
    order = {"new": 0, "worse": 0, "along": 1, "open": 2, "over": 3}
    levels = ("critical", "high", "medium", "low")
    lead = (event.rule, event.subject)
    return sorted(
        items_of(event) if items is None else items,
        key=lambda item: ((item.rule, item.subject) != lead, order[item.state], levels.index(item.severity), item.since),
    )


def _list(items: list[Item], event: Event, rulebook: Rulebook, language: Language, *, besides: str = "") -> str:
    sentences = dict.fromkeys(sentence(item, event, rulebook, language) for item in items)
    return _counted([sentence for sentence in sentences if not besides.startswith(sentence)], language)


def _ended(event: Event, items: list[Item], rulebook: Rulebook, language: Language, *, besides: str) -> str:
    """What ended, without its consequences."""
    causes = dict.fromkeys(_cause_of(sentence(item, event, rulebook, language)) for item in items if item.state == "over")
    return _counted([sentence for sentence in causes if sentence != besides], language)


def _cause_of(text: str) -> str:
    return CONSEQUENCE.split(text, maxsplit=1)[0]


def _counted(lines: list[str], language: Language) -> str:
    if len(lines) <= MOST_LISTED:
        return "; ".join(lines)
    return say(language, "{0} (and {1} more)", "; ".join(lines[:MOST_LISTED]), len(lines) - MOST_LISTED)


def _since(event: Event, rulebook: Rulebook, language: Language) -> str:
    since, lasted = full(event.since, rulebook, language), event.moment - event.since
    if lasted.total_seconds() < 120:
        return since
    return (
        say(language, "{0}, lasted {1}", since, span(lasted))
        if event.kind == "recovered"
        else say(language, "{0}, for {1}", since, span(lasted))
    )


def _how_bad(event: Event, lead: Item, rulebook: Rulebook, language: Language) -> str:
    rule, bad = rulebook.rule(lead.rule), say(language, SEVERITIES[event.severity])
    if event.kind == "recovered":
        bad = say(language, "it was {0}", bad)
    if lead.value is None or rule.above is None or rule.counts:
        return bad
    text = say(
        language,
        "{0}: now {1}, the limit is {2}",
        bad,
        figure(lead.value, rule.unit, language),
        figure(rule.above, rule.unit, language),
    )
    if lead.worst is not None and lead.worst > lead.value:
        text = say(language, "{0}; at worst {1}", text, figure(lead.worst, rule.unit, language))
    return text


def _tried(event: Event, lead: Item, rulebook: Rulebook, language: Language) -> str:
    if event.kind == "unanswered":
        return say(language, "It was told before, and nobody acknowledged it.")
    if rulebook.rule(lead.rule).retrains:
        return say(
            language, "A retraining is launched, at most one in some days; what it trains is promoted only if it is better."
        )
    variant = _namer(event, rulebook, language).variant(lead)
    if variant in (COLLECTED, NO_ANSWER):
        return say(language, "It was asked again several times, with pauses; its last good figures stand in, with their age.")
    if lead.rule == "failed_run":
        return say(language, "A run that died is started again by itself; this is the last attempt.")
    if lead.rule == "channel_down":
        return say(language, "It is tried again every few minutes; the other channels say everything meanwhile.")
    return ""
