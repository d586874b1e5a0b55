"""The form of alert rules and of their common policy, which the catalogue fills from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from steel_assets.core.alerts.subjects import Subjects
from steel_assets.core.former_keys import renamed
from steel_assets.core.types import Declaration, Identifier

PRICE_WATCH = "price_watch"
"""The rule of price watches; its events are about a watch, by id (``core.watches``)."""

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

Unit = Literal["share", "points", "seconds", "usd", "count", "minutes", ""]
Origin = Literal["machine", "automation", "costs", "service", "storage", "channel", "alerts"]
Minutes = Annotated[int, Field(ge=0, le=60 * 24 * 14)]


def worse(severity: Severity, other: Severity) -> bool:
    """True when ``severity`` is more severe than ``other``."""
    return SEVERITIES.index(severity) > SEVERITIES.index(other)


class VariantText(Declaration):
    """Texts for one variant of a rule; an empty one is taken from the rule."""

    message: str = ""
    message_es: str = ""
    advice: str = ""
    advice_es: str = ""

    @model_validator(mode="before")
    @classmethod
    def _former_keys(cls, declared: Any) -> Any:
        return renamed(declared, "variants.<name>", says="message", says_es="message_es")


class AlertRule(Declaration):
    """One kind of alert: what triggers it, its severity, its recipients, and its texts.

    Attributes:
        metric, above: for a threshold: the metric, and its largest allowed value. A value that cannot be measured triggers the
        rule ``metric_unknown`` instead, and neither opens nor ends an incident of this one.
        budget_days: the limit is the monthly budget divided by this many days, instead of ``above``.
        unit: how the value is written; ``points`` are percentage points of a share.
        severity: fixed, or ``scaled``: medium above the limit, high beyond ``AlertPolicy.high_beyond`` times the limit.
        noisy: an incident opens when two of the last three values are above the limit, and ends after two in a row within it.
        opens_after_minutes, closes_after_minutes: how long it must be wrong before it opens, and right again before it ends.
        notice: one message is sent, and no incident stays open.
        retrains: an incident launches one retraining.
        reminds: whether a reminder is sent every day while it is open.
        cause: the cause of incidents whose subject names neither a provider nor a market (``causes.py``).
        follows: rules whose open incident explains one of this rule, which then shares that one's cause.
        quietly: those of them during which this rule sends no message of its own; it is listed in the next one.
        message: what it means for people, with placeholders in braces (``wording.py``); if a value is missing, ``title`` is used.
        title_es, message_es, advice_es: the same in Spanish.
        variants: other texts for one check, or for one kind of problem (``wording.py``).
        counts: for a count, the metadata entry of a materialisation with it (more than ``above``, else 0, is an alert).
    """

    id: Identifier
    title: str
    title_es: str = ""
    message: str = ""
    message_es: str = ""
    severity: Severity | Literal["scaled"]
    channels: tuple[Identifier, ...] = ()
    advice: str
    advice_es: str = ""
    variants: Mapping[Identifier, VariantText] = {}
    cause: Origin | None = None
    follows: tuple[Identifier, ...] = ()
    quietly: tuple[Identifier, ...] = ()
    metric: Identifier | None = None
    above: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    budget_days: int | None = Field(default=None, ge=1, le=31)
    unit: Unit = ""
    noisy: bool = False
    opens_after_minutes: Minutes = 0
    closes_after_minutes: Minutes = 0
    notice: bool = False
    retrains: bool = False
    reminds: bool = True
    counts: Identifier | None = None

    @model_validator(mode="before")
    @classmethod
    def _former_keys(cls, declared: Any) -> Any:
        return renamed(declared, "alerts", says="message", says_es="message_es")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        limits = (self.above is not None) + (self.budget_days is not None)
        if self.metric is not None and limits != 1:
            raise ValueError("a rule about a metric needs one limit: above, or budget_days")
        if self.metric is None and self.budget_days is not None:
            raise ValueError("budget_days needs the metric that it limits")
        if self.metric is None and self.above is not None and self.counts is None:
            raise ValueError("above needs the metric that it limits, or the metadata that it counts")
        if self.metric is not None and self.counts is not None:
            raise ValueError("a rule is about a metric or about a count, not both")
        if self.severity == "scaled" and self.metric is None:
            raise ValueError("only a rule about a metric can have a scaled severity")
        if strange := set(self.quietly) - set(self.follows):
            raise ValueError(f"quietly names {', '.join(sorted(strange))}, which follows does not")
        if self.notice and (self.noisy or self.opens_after_minutes or self.closes_after_minutes or self.retrains):
            raise ValueError("a notice is told at once and never stays open; drop noisy, opens_after, closes_after, retrains")
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(Declaration):
    """When a channel sends: on ``days``, from ``start`` until ``end`` in the schedules' zone, possibly past midnight."""

    start: time
    end: time
    days: tuple[Weekday, ...] = WEEKDAYS

    def on(self, here: datetime) -> bool:
        """Whether ``here``, a time in that zone, is within the hours; hours after midnight belong to the day before."""
        clock, day = here.time(), here.weekday()
        if self.start < self.end:
            return WEEKDAYS[day] in self.days and self.start <= clock < self.end
        return (WEEKDAYS[day] in self.days and clock >= self.start) or (WEEKDAYS[day - 1] in self.days and clock < self.end)


class AlertPolicy(Declaration):
    """What holds for every rule.

    Attributes:
        high_beyond: a scaled rule is of high severity beyond this many times its limit.
        reminder_at: time of day of reminders, in the schedules' zone.
        reminder_days: by severity, days without a message after which a reminder is sent.
        gather_minutes: an incident that joins a case without making it worse waits until this long after its last message.
        unanswered_minutes: after this time a critical incident that nobody acknowledged is sent once more.
        digest_above: if more messages than this wait for one channel, they are sent as one.
        first_look_hours: how far back events are read if no position is stored.
        channel_down_minutes: how long a channel may fail before the others report it.
        daemon_silence_minutes: how long a daemon, schedule or sensor may be overdue.
        retry_minutes: how long launching the retry of a failed run may take.
        queue_minutes: how long a run may wait in the queue.
        retrain_cooldown_hours: least time between two retrainings launched by incidents.
        always: channels that get every message.
        least: by channel, the least severity that it gets; channels left out get all.
        reminds_from: the least severity with reminders.
        hours: by channel, when it gets messages that are not critical; outside they wait. Channels left out have no limit.
    """

    high_beyond: float = Field(gt=1, allow_inf_nan=False)
    reminder_at: time
    reminder_days: Mapping[Severity, Annotated[int, Field(ge=1, le=31)]]
    gather_minutes: Minutes
    unanswered_minutes: Minutes
    digest_above: int = Field(ge=1)
    first_look_hours: int = Field(ge=0)
    channel_down_minutes: Minutes
    daemon_silence_minutes: Minutes
    retry_minutes: Minutes
    queue_minutes: Minutes
    retrain_cooldown_hours: int = Field(ge=0)
    always: tuple[Identifier, ...] = Field(min_length=1)
    least: Mapping[Identifier, Severity]
    reminds_from: Severity
    hours: Mapping[Identifier, Hours] = {}


class UnknownRule(KeyError):
    """A condition names a rule that the catalogue does not have; the message lists the rules."""


class Rulebook(Declaration):
    """All rules, the policy, the schedules' time zone, and the markets, series and providers that alerts can be about."""

    rules: Mapping[str, AlertRule]
    policy: AlertPolicy
    zone: str
    subjects: Subjects = Subjects()

    @property
    def tzinfo(self) -> ZoneInfo:
        """The time zone of the policy's hours and days."""
        return ZoneInfo(self.zone)

    def rule(self, name: str) -> AlertRule:
        """The rule called ``name``.

        Raises:
            UnknownRule: there is none.
        """
        try:
            return self.rules[name]
        except KeyError:
            known = ", ".join(self.rules)
            raise UnknownRule(f"there is no alert rule {name!r}; declare it in catalog/alerts/. Known are {known}") from None

    def rests(self, channel: str, now: datetime) -> bool:
        """Whether ``channel`` sends only critical messages at ``now``."""
        hours = self.policy.hours.get(channel)
        return hours is not None and not hours.on(now.astimezone(self.tzinfo))

    def quiet(self, hours: Hours | None, now: datetime) -> bool:
        """Whether ``now`` is within ``hours``, in which nothing is sent."""
        return hours is not None and hours.on(now.astimezone(self.tzinfo))

    def severity(self, rule: AlertRule, value: float | None) -> Severity:
        """The severity of ``value`` under ``rule``."""
        if rule.severity != "scaled":
            return rule.severity
        far = value is not None and rule.above is not None and value > rule.above * self.policy.high_beyond
        return "high" if far else "medium"

    def route(self, rule: AlertRule, severity: Severity, subject: str, available: frozenset[str]) -> tuple[str, ...]:
        """The configured channels that send a message; one about a channel is not sent over that channel."""
        wanted = dict.fromkeys((*rule.channels, *self.policy.always))
        least = self.policy.least
        fitting = [channel for channel in wanted if not worse(least.get(channel, "low"), severity)]
        return tuple(channel for channel in fitting if channel in available and channel != subject)
