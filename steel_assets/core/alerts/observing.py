"""How an incident changes with a condition: whether it is wrong, since when, and how severe it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Incident, Sighting
from steel_assets.core.alerts.rules import AlertRule, Rulebook, worse

GRACE = timedelta(minutes=10)
"""How often an unchanged bad state is stored."""


def observed(before: Incident | None, condition: Condition, rulebook: Rulebook) -> Incident:
    """The incident after ``condition``; ``before`` itself if nothing changed that must be stored."""
    rule = rulebook.rule(condition.rule)
    base = before or Incident(rule=condition.rule, subject=condition.subject, seen=condition.moment)
    if before is not None and (_old(before, condition, rule) or _nothing_new(before, condition, rulebook)):
        return before
    recent = (*base.recent, Sighting(moment=condition.moment, firing=condition.firing))[-3:]
    wrong = _noisily_wrong(base, recent) if rule.noisy else condition.firing
    news: dict[str, object] = {"seen": condition.moment, "recent": recent}
    if condition.firing:
        news |= {"value": condition.value, "text": condition.text, "link": condition.link, "simulated": condition.simulated}
        news |= {"facts": condition.facts, "hint": condition.cause}
    if wrong and (base.since is None or rule.notice):
        since = min(sighting.moment for sighting in recent if sighting.firing) if rule.noisy else condition.moment
        news |= {
            "since": since,
            "id": _identity(condition, since),
            "notified_severity": None,
            "worst": None,
            "messages": 0,
            "severity": "low",
        }
    if wrong:
        news["fine_since"] = None
    elif base.since is not None and base.fine_since is None:
        news |= {"fine_since": condition.moment, "value": condition.value}
    after = base.model_copy(update=news)
    return after.model_copy(update=_worst(after, condition, rulebook)) if condition.firing and wrong else after


def _old(before: Incident, condition: Condition, rule: AlertRule) -> bool:
    once = rule.noisy or rule.notice
    return condition.moment < before.seen or (once and condition.moment == before.seen)


def _nothing_new(before: Incident, condition: Condition, rulebook: Rulebook) -> bool:
    """Whether the condition adds nothing to ``before``, which was stored minutes ago; then the alert state is not written."""
    rule = rulebook.rule(condition.rule)
    severity = condition.severity or rulebook.severity(rule, condition.value)
    lasting = before.wrong and condition.firing and before.recent[-1].firing and not rule.notice
    return lasting and not worse(severity, before.severity) and condition.moment - before.seen < GRACE


def may_matter(incident: Incident, rulebook: Rulebook) -> bool:
    """Whether an incident that is not wrong must be kept: a notice (not to be sent twice), or a bad value among the last two."""
    rule = rulebook.rule(incident.rule)
    return rule.notice or (rule.noisy and any(sighting.firing for sighting in incident.recent[-2:]))


def _noisily_wrong(base: Incident, recent: Sequence[Sighting]) -> bool:
    """Two bad values of three make it wrong, two good values in a row make it right again."""
    if base.wrong:
        return any(sighting.firing for sighting in recent[-2:])
    return sum(sighting.firing for sighting in recent) >= 2


def _worst(incident: Incident, condition: Condition, rulebook: Rulebook) -> dict[str, object]:
    severity = condition.severity or rulebook.severity(rulebook.rule(condition.rule), condition.value)
    figures = [figure for figure in (incident.worst, condition.value) if figure is not None]
    return {
        "severity": severity if worse(severity, incident.severity) else incident.severity,
        "worst": max(figures) if figures else None,
    }


def _identity(condition: Condition, since: datetime) -> str:
    spell = f"{condition.rule}\n{condition.subject}\n{since.astimezone(UTC).isoformat()}"
    return hashlib.sha256(spell.encode()).hexdigest()[:12]
