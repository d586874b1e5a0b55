"""Sending the morning mail once a day, whoever tries and however often: what was sent is noted before and after.

``state/morning-mail.json`` holds the last days: day → language → ``sending`` or ``sent``, and since when. Whoever sends a mail
puts ``sending`` there first, by compare-and-set, so of two processes one sends. It becomes ``sent`` when the server has taken the
mail, and is taken back when it surely has not. Where it stays (a process that died, a line that broke behind the mail) nobody
can know whether it arrived, and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from typing import Any, Literal, Protocol

from steel_assets.adapters.lake.damaged import Damaged, read_kept
from steel_assets.adapters.mail.letter import letter
from steel_assets.adapters.notifiers import NotificationRefused, NotSent
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.problem import Problem
from steel_assets.core.report import Report

MARK = "state/morning-mail.json"
DAYS_KEPT = 7
ATTEMPTS = 10
EVERY_LANGUAGE = "*"
"""Stands for all languages of a day of which the mark was lost."""

State = Literal["sending", "sent", "unknown"]
Letter = Callable[[str, tuple[str, ...]], EmailMessage]
"""Makes the mail in a language for its readers."""


class NotMailed(Problem):
    """The morning mail was not sent to everybody; the message says why, and whether to try again."""


class PostOffice(Protocol):
    """What takes mail: the channel ``email``."""

    def readers(self, language: str) -> dict[str, tuple[str, ...]]:
        """Language → the recipients who read it; ``language``: of those of whom nothing is said."""

    def post(self, mail: EmailMessage, names: tuple[str, ...]) -> dict[str, str]:
        """See ``adapters.notifiers.email.Email.post``."""


@dataclass(frozen=True)
class Mark:
    """What became of one mail, and since when."""

    state: State
    at: datetime


@dataclass(frozen=True)
class Mailed:
    """What came of sending.

    Attributes:
        sent: language → how many got it now.
        before: language → when it was sent already.
        left_out: recipient → why the mail server does not take mail for them.
    """

    sent: Mapping[str, int]
    before: Mapping[str, datetime]
    left_out: Mapping[str, str]


def send(
    store: ObjectStore, office: PostOffice, made_for: Letter, day: str, language: str, moment: datetime, *, again: bool = False
) -> Mailed:
    """Send the mail of ``day`` to whoever has not got it.

    Args:
        made_for: makes the mail in a language for its readers.
        language: of recipients of whom nothing else is said.
        moment: now, UTC.
        again: send it whatever was sent before.

    Raises:
        NotMailed: a mail could not be sent, or may have been sent. Those of other languages were tried too.
    """
    sent: dict[str, int] = {}
    before: dict[str, datetime] = {}
    left_out: dict[str, str] = {}
    problems = []
    for read, names in office.readers(language).items():
        try:
            done = None if again else _done(store, day, read, moment)
            if done is not None:
                before[read] = done
                continue
            _claim(store, day, read, moment, again=again)
            refused = _posted(store, office, made_for(read, names), names, day, read)
            _put(store, day, read, Mark("sent", moment))
        except NotMailed as problem:
            problems.append(str(problem))
            continue
        left_out |= refused
        sent[read] = len(names) - len(refused)
    if problems:
        raise NotMailed("; ".join(dict.fromkeys(problems)))
    return Mailed(sent, before, left_out)


def mail_of(report: Report, sender: str, moment: datetime, *, again: bool) -> Letter:
    """What makes the mails of ``report``. One that is sent again has a name of its own, or mail servers would drop it."""
    name = f"morning-{report.day}" + (f"-{moment:%H%M%S}" if again else "")
    return lambda language, names: letter(report, language, f"{name}-{language}", sender, names)


def marks(store: ObjectStore) -> dict[str, dict[str, Mark]] | None:
    """Day → language → what became of that mail; None where nothing is noted, or what was is damaged (then it is set aside)."""
    return read_kept(store, MARK, _parsed)


def _posted(
    store: ObjectStore, office: PostOffice, mail: EmailMessage, names: tuple[str, ...], day: str, language: str
) -> dict[str, str]:
    """Whom the server does not take. What surely was not sent may be tried again."""
    try:
        left_out = office.post(mail, names)
    except NotSent as error:
        if error.perhaps_sent:
            raise NotMailed(f"{error}; the mail may have arrived: --again sends it again") from error
        problem: Exception = error
    except NotificationRefused as error:
        problem = error
    else:
        if len(left_out) < len(names):
            return left_out
        problem = NotSent(next(iter(left_out.values())))
    _put(store, day, language, None)
    raise NotMailed(f"{problem}; nothing was sent, the next attempt tries again") from problem


def _done(store: ObjectStore, day: str, language: str, moment: datetime) -> datetime | None:
    """When the mail was sent; None where it is still to be sent. Raises NotMailed where nobody can know."""
    found = _known(store, day, moment).get(day, {})
    mark = found.get(language) or found.get(EVERY_LANGUAGE)
    if mark is None:
        return None
    if mark.state == "sent":
        return mark.at
    if mark.state == "unknown":
        raise NotMailed(f"{MARK} was damaged: whether the mail of {day} was sent is not known; --again sends it")
    raise NotMailed(
        f"another process is sending the mail of {day} since {mark.at:%H:%M} UTC, or died over it; if nothing arrived, "
        "--again sends it"
    )


def _known(store: ObjectStore, day: str, moment: datetime) -> dict[str, dict[str, Mark]]:
    """The marks; where they were damaged, that nothing is known of ``day``, noted once in their place."""
    found = marks(store)
    if found is None and Damaged(store).open(MARK):
        _put(store, day, EVERY_LANGUAGE, Mark("unknown", moment))
        found = marks(store)
    return found or {}


def _claim(store: ObjectStore, day: str, language: str, moment: datetime, *, again: bool) -> None:
    """Note that this process sends the mail. Raises NotMailed where another one was faster."""

    def free(found: Mapping[str, Mark]) -> bool:
        return again or language not in found

    if not _put(store, day, language, Mark("sending", moment), free):
        raise NotMailed(f"another process is sending the mail of {day} at this moment")


def _put(
    store: ObjectStore,
    day: str,
    language: str,
    mark: Mark | None,
    fits: Callable[[Mapping[str, Mark]], bool] = lambda found: True,
) -> bool:
    """Note ``mark`` (None: take it back) if what is noted of that day still ``fits``; whether it did. Raises Conflict."""
    for _ in range(ATTEMPTS):
        token = store.version(MARK)
        found = marks(store) or {}
        if not fits(found.get(day, {})):
            return False
        mine = {name: kept for name, kept in found.get(day, {}).items() if name != language}
        if mark is not None:
            mine[language] = mark
        days = {**found, day: mine}
        kept = {name: days[name] for name in sorted(days)[-DAYS_KEPT:] if days[name]}
        try:
            store.put_if(MARK, _written(kept), token)
        except (Conflict, ObjectNotFound):
            continue
        return True
    raise Conflict(f"others wrote {MARK} {ATTEMPTS} times in a row meanwhile")


def _written(days: Mapping[str, Mapping[str, Mark]]) -> bytes:
    plain = {
        day: {language: {"state": mark.state, "at": mark.at.isoformat()} for language, mark in found.items()}
        for day, found in days.items()
    }
    return json.dumps(plain, indent=1).encode()


def _parsed(content: Any) -> dict[str, dict[str, Mark]]:
    """Raises KeyError, TypeError, ValueError, AttributeError for what is no mark."""
    return {
        f"{date.fromisoformat(day)}": {language: _mark(mark) for language, mark in found.items()}
        for day, found in content.items()
    }


def _mark(content: Any) -> Mark:
    if content["state"] not in ("sending", "sent", "unknown"):
        raise ValueError(f"{content['state']!r} is no state of a mail")
    at = datetime.fromisoformat(content["at"])
    if at.tzinfo is None:
        raise ValueError("at must carry a time zone")
    return Mark(content["state"], at)
