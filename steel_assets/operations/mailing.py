"""Sends the morning mail once a day, even if several processes try repeatedly: sending is noted before and after.

``state/morning-mail.json`` holds the last days: day → language → ``sending`` or ``sent``, and since when. A process writes
``sending`` by compare-and-set before it sends, so only one of two processes sends. It writes ``sent`` once the server accepted
the mail, and removes the note if the mail was certainly not sent. If the note stays ``sending`` (the process died, or the
connection broke after the mail), nobody can know whether it arrived, and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from typing import Any, Literal, Protocol

from steel_assets.adapters.lake.damaged import Damaged, read_kept
from steel_assets.adapters.mail.email_message import email_message
from steel_assets.adapters.mail.pdf import check_installed
from steel_assets.adapters.notifiers import NotificationRefused, NotSent
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.problem import Problem
from steel_assets.core.report import Report

DELIVERIES = "state/morning-mail.json"
DAYS_KEPT = 7
ATTEMPTS = 10
EVERY_LANGUAGE = "*"
"""Stands for all languages of a day whose notes were lost."""

State = Literal["sending", "sent", "unknown"]
MakeMail = Callable[[str, tuple[str, ...]], EmailMessage]
"""Makes the mail in a language for its readers."""


class NotMailed(Problem):
    """The morning mail was not sent to everybody; the message says why, and whether to try again."""


class PostOffice(Protocol):
    """The interface of the channel ``email`` that sends mail."""

    def readers(self, language: str) -> dict[str, tuple[str, ...]]:
        """Language → recipients; those without a language of their own are listed under ``language``."""

    def post(self, mail: EmailMessage, names: tuple[str, ...]) -> dict[str, str]:
        """See ``adapters.notifiers.email.Email.post``."""


@dataclass(frozen=True)
class Delivery:
    """The state of one mail, and since when."""

    state: State
    at: datetime


@dataclass(frozen=True)
class Mailed:
    """The result of sending.

    Attributes:
        sent: language → number of recipients it was sent to now.
        before: language → when it was sent already.
        left_out: recipient → why the mail server refused the address.
    """

    sent: Mapping[str, int]
    before: Mapping[str, datetime]
    left_out: Mapping[str, str]


def send(
    store: ObjectStore, office: PostOffice, make_mail: MakeMail, day: str, language: str, moment: datetime, *, again: bool = False
) -> Mailed:
    """Send the mail of ``day`` in every language in which it was not sent yet.

    Args:
        make_mail: makes the mail in a language for its readers.
        language: of recipients without a language of their own.
        moment: now, UTC.
        again: send it even if it was sent before.

    Raises:
        NotMailed: a mail could not be sent, or may have been sent. The other languages were tried too.
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
            mail = make_mail(read, names)  # before it is noted: what cannot be made was not sent
            _claim(store, day, read, moment, again=again)
            refused = _posted(store, office, mail, names, day, read)
            _put(store, day, read, Delivery("sent", moment))
        except NotMailed as problem:
            problems.append(str(problem))
            continue
        left_out |= refused
        sent[read] = len(names) - len(refused)
    if problems:
        raise NotMailed("; ".join(dict.fromkeys(problems)))
    return Mailed(sent, before, left_out)


def mail_of(report: Report, sender: str, moment: datetime, *, again: bool, pdf: bool) -> MakeMail:
    """Returns a function that makes the mails of ``report``. With ``again`` the message id is new, or servers would drop it.

    Args:
        pdf: attach the report as a PDF.

    Raises:
        PdfNotInstalled: a PDF is wanted and its library is missing.
    """
    if pdf:
        check_installed()
    name = f"morning-{report.day}" + (f"-{moment:%H%M%S}" if again else "")
    return lambda language, names: email_message(report, language, f"{name}-{language}", sender, names, pdf=pdf)


def deliveries(store: ObjectStore) -> dict[str, dict[str, Delivery]] | None:
    """Day → language → the state of that mail; None if nothing is noted, or the note is damaged (and moved to quarantine)."""
    return read_kept(store, DELIVERIES, _parsed)


def _posted(
    store: ObjectStore, office: PostOffice, mail: EmailMessage, names: tuple[str, ...], day: str, language: str
) -> dict[str, str]:
    """Send; return the recipients whom the server refused. A mail that was certainly not sent may be tried again."""
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
    """When the mail was sent; None if it is still to be sent.

    Raises:
        NotMailed: whether it was sent cannot be known.
    """
    of_the_day = _known(store, day, moment).get(day, {})
    delivery = of_the_day.get(language) or of_the_day.get(EVERY_LANGUAGE)
    if delivery is None:
        return None
    if delivery.state == "sent":
        return delivery.at
    if delivery.state == "unknown":
        raise NotMailed(f"{DELIVERIES} was damaged: whether the mail of {day} was sent is not known; --again sends it")
    raise NotMailed(
        f"another process is sending the mail of {day} since {delivery.at:%H:%M} UTC, or died over it; if nothing arrived, "
        "--again sends it"
    )


def _known(store: ObjectStore, day: str, moment: datetime) -> dict[str, dict[str, Delivery]]:
    """All deliveries; if the file was damaged, a single note that nothing is known of ``day``."""
    known = deliveries(store)
    if known is None and Damaged(store).open(DELIVERIES):
        _put(store, day, EVERY_LANGUAGE, Delivery("unknown", moment))
        known = deliveries(store)
    return known or {}


def _claim(store: ObjectStore, day: str, language: str, moment: datetime, *, again: bool) -> None:
    """Note that this process sends the mail.

    Raises:
        NotMailed: another process was faster.
    """

    def free(of_the_day: Mapping[str, Delivery]) -> bool:
        return again or language not in of_the_day

    if not _put(store, day, language, Delivery("sending", moment), free):
        raise NotMailed(f"another process is sending the mail of {day} at this moment")


def _put(
    store: ObjectStore,
    day: str,
    language: str,
    delivery: Delivery | None,
    fits: Callable[[Mapping[str, Delivery]], bool] = lambda of_the_day: True,
) -> bool:
    """Store ``delivery`` (None: remove it) if that day's notes satisfy ``fits``; return whether it was stored.

    Raises:
        Conflict: other processes kept changing the file.
    """
    for _ in range(ATTEMPTS):
        token = store.version(DELIVERIES)
        known = deliveries(store) or {}
        if not fits(known.get(day, {})):
            return False
        of_the_day = {name: other for name, other in known.get(day, {}).items() if name != language}
        if delivery is not None:
            of_the_day[language] = delivery
        days = {**known, day: of_the_day}
        newest = {name: days[name] for name in sorted(days)[-DAYS_KEPT:] if days[name]}
        try:
            store.put_if(DELIVERIES, _written(newest), token)
        except (Conflict, ObjectNotFound):
            continue
        return True
    raise Conflict(f"others wrote {DELIVERIES} {ATTEMPTS} times in a row meanwhile")


def _written(days: Mapping[str, Mapping[str, Delivery]]) -> bytes:
    plain = {
        day: {language: {"state": delivery.state, "at": delivery.at.isoformat()} for language, delivery in of_the_day.items()}
        for day, of_the_day in days.items()
    }
    return json.dumps(plain, indent=1).encode()


def _parsed(content: Any) -> dict[str, dict[str, Delivery]]:
    """The deliveries in ``content``.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it has another form.
    """
    return {
        f"{date.fromisoformat(day)}": {language: _delivery(delivery) for language, delivery in of_the_day.items()}
        for day, of_the_day in content.items()
    }


def _delivery(content: Any) -> Delivery:
    if content["state"] not in ("sending", "sent", "unknown"):
        raise ValueError(f"{content['state']!r} is no state of a mail")
    at = datetime.fromisoformat(content["at"])
    if at.tzinfo is None:
        raise ValueError("at must carry a time zone")
    return Delivery(content["state"], at)
