"""Whether something is wrong at one moment: figures judged by their rules, and facts that others observed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from pydantic import AwareDatetime, Field

from steel_assets.core.alerts.rules import AlertRule, Rulebook, Severity
from steel_assets.core.types import Declaration

METRIC_UNKNOWN = "metric_unknown"
"""The rule for a figure that could not be measured; NaN never counts as within a limit."""


class Condition(Declaration):
    """The state of one thing at one moment.

    Attributes:
        rule: the alert rule that applies.
        subject: what it is about, for example a market, an asset and its check, a job.
        firing: whether it is wrong.
        moment: of the observation, UTC.
        value: the figure, if there is one.
        severity: overrides the rule's, if the observer knows better.
        text: what happened, in a sentence.
        cause: if the observer knows it: ``provider:yahoo_finance``, ``market:hrc_us_midwest``.
        facts: values for the message's text, such as ``day`` (ISO), ``series``, ``step``.
        link: path of the page in the Dagster UI about it, for example ``/runs/<id>``.
    """

    rule: str
    subject: str
    firing: bool
    moment: AwareDatetime
    value: float | None = Field(default=None, allow_inf_nan=False)
    severity: Severity | None = None
    text: str = ""
    cause: str = ""
    facts: Mapping[str, str] = {}
    link: str = ""
    simulated: bool = False


class Reading(Declaration):
    """One measured figure. ``value`` is None or not finite if it could not be measured; ``text`` may say why."""

    metric: str
    subject: str
    moment: AwareDatetime
    value: float | None
    text: str = ""
    link: str = ""
    simulated: bool = False

    @property
    def known(self) -> bool:
        """Whether the figure was measured and is finite."""
        return self.value is not None and math.isfinite(self.value)


def judge(readings: Iterable[Reading], rulebook: Rulebook) -> list[Condition]:
    """The conditions of ``readings``: one for each rule about their metric, and one about whether it could be measured."""
    conditions: list[Condition] = []
    for reading in readings:
        rules = [rule for rule in rulebook.rules.values() if rule.metric == reading.metric]
        if not rules:
            continue
        conditions.append(_known(reading, rules))
        if reading.known:
            conditions += [_against(rule, reading, rulebook) for rule in rules]
    return conditions


def _against(rule: AlertRule, reading: Reading, rulebook: Rulebook) -> Condition:
    value, limit = reading.value, rule.above
    firing = value is not None and limit is not None and value > limit
    return Condition(
        rule=rule.id,
        subject=reading.subject,
        firing=firing,
        moment=reading.moment,
        value=value,
        severity=rulebook.severity(rule, value),
        text=reading.text,
        link=reading.link,
        simulated=reading.simulated,
    )


def _known(reading: Reading, rules: Sequence[AlertRule]) -> Condition:
    watched = ", ".join(rule.title.lower() for rule in rules)
    return Condition(
        rule=METRIC_UNKNOWN,
        subject=f"{reading.metric} of {reading.subject}",
        firing=not reading.known,
        moment=reading.moment,
        text="" if reading.known else f"{reading.text or 'It could not be measured.'} Until it is, nobody watches: {watched}.",
        link=reading.link,
        simulated=reading.simulated,
    )
