"""Conditions of a failed run: one per market or provider if every failed step belongs to one, else one about the job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.subjects import Place, Subjects


def by_place(
    whole: Condition, errors: Sequence[tuple[str, str]], open_subjects: Iterable[str], subjects: Subjects
) -> list[Condition]:
    """The conditions of a run's end, one for each market and provider that it failed for.

    Args:
        whole: the run's end as one condition, about its job.
        errors: key and message of each failed step.
        open_subjects: subjects of open incidents of this rule; those of the same job that this end does not repeat are ended.
    """
    mine = [subject for subject in open_subjects if subject == whole.subject or subject.startswith(f"{whole.subject}: ")]
    if not whole.firing:
        return [whole, *(whole.model_copy(update={"subject": subject}) for subject in mine if subject != whole.subject)]
    places = [subjects.of_step(step) for step, _ in errors]
    if not places or not all(place.market or place.provider for place in places):
        return [whole]
    conditions: dict[str, Condition] = {}
    for place, (step, message) in zip(places, errors, strict=True):
        name = place.market or place.provider
        before = conditions.get(name)
        text = f"{before.text}; {step}: {message}" if before else f"{step}: {message}"
        known = before.facts if before else _facts(place)
        cause = f"market:{name}" if place.market else f"provider:{name}"
        news = {"subject": f"{whole.subject}: {name}", "cause": cause, "facts": known, "text": text}
        conditions[name] = whole.model_copy(update=news)
    named = {condition.subject for condition in conditions.values()}
    over = [
        whole.model_copy(update={"subject": subject, "firing": False, "text": ""}) for subject in mine if subject not in named
    ]
    return [*conditions.values(), *over]


def _facts(place: Place) -> dict[str, str]:
    """The step that failed first at a place, for the text of the message."""
    facts = {"market": place.market, "provider": place.provider, "group": place.group, "asset": place.asset}
    return {name: value for name, value in facts.items() if value}
