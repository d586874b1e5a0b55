"""Statements as sentences, in English and other languages. Does without numpy, because the service uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from steel_assets.core.analysis.statements import CorrectedStatement

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip

TEMPLATES: Mapping[str, str] = {
    "trend": "Over the last {days} trading days the price went {change:+.1%}, {daily:+.3%} a day ± {error:.3%}.",
    "break": "Between {from} and {to} the trend changed most on {day}: from {before:+.0%} a year to {after:+.0%}.",
    "season": "By the month, over {years} years, {best} was best ({best_move:+.1%}) and {worst} worst ({worst_move:+.1%}).",
    "coming_month": "In {month} the price went {move:+.1%} on average of {years} years (90 % interval {low:+.1%} to "
    "{high:+.1%}), up in {rose} of them.",
    "volatility": "The market is {state}: moves of {daily:.2%} a day over the last {days} trading days ({yearly:.0%} a "
    "year), more than in {percentile:.0%} of its past.",
    "standing": "{subject} is {value:,.1f} {unit}, above {percentile:.0%} of its values since {from}, {z:+.1f} standard "
    "deviations from their mean of {mean:,.1f}.",
    "return_to_mean": "{subject} goes half the way back to its mean of {mean:,.1f} {unit} in {half_way_days:,.0f} trading days.",
    "no_return_to_mean": "{subject} is not drawn back to its mean of {mean:,.1f} {unit}.",
    "lead": "{leader} leads {follower} by {span}: after 1 % of the one came {slope:+.2f} % of the other in the first half of "
    "the history, and {slope_again:+.2f} ± {error_again:.2f} % in the second.",
    "no_lead": "{leader} comes closest to leading {follower} by {span}: after 1 % of the one came {slope:+.2f} % of the other "
    "in the first half of the history, and {slope_again:+.2f} ± {error_again:.2f} % in the second.",
    "analogues": "{ahead} trading days after the {count} times that looked most like today ({listed}) the price stood "
    "{mean:+.1%} ({lowest:+.1%} to {highest:+.1%}, up {rose} times); usually {usual_mean:+.1%} ({usual_low:+.1%} to "
    "{usual_high:+.1%}).",
}
"""Sentence templates by the key of a statement; some have another template if it is not a finding."""

FINDING = "More than chance: p {p}, {corrected} among all {among} statements (n = {n:,}; {test})."
CHANCE = "No more than chance: p {p}, {corrected} among all {among} statements (n = {n:,}; {test})."
PERCENTILE = "A random walk stands as far out {p} of the time (n = {n:,}; {test})."
"""Text about a test that can never be a finding alone: a random walk is near its extremes most of the time."""


SPANS = ("1 trading day", "{days} trading days")
SPREAD = "{product} less {input}"
STATES = ("calm", "normal", "turbulent")
TESTS = (
    "t, equal-weighted cosine", "CUSUM, Kolmogorov", "Friedman, F", "t", "Mann–Whitney", "arcsine law",
    "augmented Dickey–Fuller", "regression, both halves", "five days at random",
)  # fmt: skip
"""Words within a sentence that are translated separately, as the statements contain them."""

TEXTS = (*TEMPLATES.values(), FINDING, CHANCE, PERCENTILE, *SPANS, SPREAD, *MONTHS, *STATES, *TESTS)
"""All texts that ``sentence_in`` can use."""


class Say(Protocol):
    """Translates an English text and fills in values."""

    def __call__(self, text: str, **named: Any) -> str:
        """``text`` in the language, with its placeholders filled in."""


def in_english(text: str, **named: Any) -> str:
    """``text`` with its placeholders filled in."""
    return text.format(**named)


def sentence(judged: CorrectedStatement, among: int, names: Mapping[str, str]) -> str:
    """One statement and the result of its test, in English.

    Args:
        among: number of statements that were corrected together.
        names: of series, by id; an id without a name is shown itself.
    """
    said = asdict(judged.statement) | {"p_corrected": judged.p_corrected, "finding": judged.finding}
    return sentence_in(said, among, names, in_english)


def sentence_in(statement: Mapping[str, Any], among: int, names: Mapping[str, str], say: Say) -> str:
    """The sentence of a stored statement (``operations.analysis``), translated by ``say``. Args as ``sentence``."""
    key, values, finding = statement["key"], statement["values"], statement["finding"]
    drifting = key == "return_to_mean" and values["half_way_days"] is None
    denied = drifting or (key == "lead" and not finding)
    said = say(TEMPLATES[f"no_{key}" if denied else key], **_worded(values, names, say))
    template = FINDING if finding else PERCENTILE if key == "standing" else CHANCE
    p = f"{statement['p']:.0%}" if template is PERCENTILE else _compared(statement["p"])
    corrected = _chance(statement["p_corrected"])
    return f"{said} " + say(template, p=p, corrected=corrected, among=among, n=statement["n"], test=say(statement["test"]))


def _worded(values: Mapping[str, Any], names: Mapping[str, str], say: Say) -> dict[str, Any]:
    """The values of a statement, with names instead of ids and numbers of months."""
    found = dict(values)
    for key in ("best", "worst", "month"):
        if key in found:
            found[key] = say(MONTHS[found[key] - 1])
    for key in ("leader", "follower", "product", "input"):
        if found.get(key):
            found[key] = names.get(found[key], found[key])
    if "state" in found:
        found["state"] = say(found["state"])
    if "product" in found:
        found["subject"] = say(SPREAD, product=found["product"], input=found["input"]) if found["input"] else found["product"]
    if "leader" in found:
        found["span"] = say(SPANS[0]) if found["days"] == 1 else say(SPANS[1], days=found["days"])
    if "ahead" in found:
        found["listed"] = ", ".join(found["days"])
    return found


def _compared(p: float) -> str:
    """``= 0.03``, or ``< 0.0001``."""
    text = _chance(p)
    return text if text.startswith("<") else f"= {text}"


def _chance(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"
