"""Sending the morning mail: once a day whoever tries, and again only where it surely was not sent or somebody says so."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from steel_assets.adapters.notifiers import NotificationRefused, NotSent
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.operations.mailing import DAYS_KEPT, DELIVERIES, Delivery, Mailed, NotMailed, deliveries, send

DAY, MOMENT = "2026-11-30", datetime(2026, 11, 30, 13, tzinfo=UTC)


class Office:
    """A mail server with two readers, told to fail by language."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, ...]] = []
        self.failing: dict[str, Exception] = {}
        self.left_out: dict[str, str] = {}

    def readers(self, language: str) -> dict[str, tuple[str, ...]]:
        return {"es": ("ana", "eva"), language: ("bob",)} if language != "es" else {"es": ("ana", "eva", "bob")}

    def post(self, mail: EmailMessage, names: tuple[str, ...]) -> dict[str, str]:
        if (failure := self.failing.get(mail["Content-Language"])) is not None:
            raise failure
        self.posted.append(names)
        return {name: why for name, why in self.left_out.items() if name in names}


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake")


@pytest.fixture
def office() -> Office:
    return Office()


def made_for(language: str, names: tuple[str, ...]) -> EmailMessage:
    mail = EmailMessage()
    mail["Content-Language"] = language
    return mail


def sent(store: LocalFolder, office: Office, *, day: str = DAY, again: bool = False) -> Mailed:
    return send(store, office, made_for, day, "en", MOMENT, again=again)


def test_a_second_run_sends_nothing_and_says_when_it_was_sent(store: LocalFolder, office: Office) -> None:
    assert sent(store, office).sent == {"es": 2, "en": 1}
    second = sent(store, office)
    assert (second.sent, second.before) == ({}, {"es": MOMENT, "en": MOMENT})
    assert office.posted == [("ana", "eva"), ("bob",)]


def test_again_sends_again_and_so_does_the_next_day(store: LocalFolder, office: Office) -> None:
    sent(store, office)
    assert sent(store, office, again=True).sent == {"es": 2, "en": 1}
    assert sent(store, office, day="2026-12-01").sent == {"es": 2, "en": 1}


@pytest.mark.parametrize("failure", [NotSent("no line"), NotificationRefused("too large")])
def test_what_surely_was_not_sent_is_tried_again_and_the_other_language_is_not_sent_twice(
    store: LocalFolder, office: Office, failure: Exception
) -> None:
    office.failing = {"es": failure}
    with pytest.raises(NotMailed, match="nothing was sent, the next attempt tries again"):
        sent(store, office)
    assert office.posted == [("bob",)], "who reads another language has it"
    office.failing = {}
    assert sent(store, office).sent == {"es": 2}


def test_what_may_have_been_sent_is_not_sent_again_before_somebody_says_so(store: LocalFolder, office: Office) -> None:
    office.failing = {"es": NotSent("the connection failed", perhaps_sent=True)}
    with pytest.raises(NotMailed, match="may have arrived: --again sends it again"):
        sent(store, office)
    office.failing = {}
    with pytest.raises(NotMailed, match="or died over it; if nothing arrived, --again sends it"):
        sent(store, office)
    assert office.posted == [("bob",)]
    assert sent(store, office, again=True).sent["es"] == 2


def test_a_process_that_dies_over_it_leaves_a_note_that_stops_the_next(store: LocalFolder, office: Office) -> None:
    office.failing = {"es": KeyboardInterrupt()}  # type: ignore[dict-item]
    with pytest.raises(KeyboardInterrupt):
        sent(store, office)
    office.failing = {}
    with pytest.raises(NotMailed, match="or died over it"):
        sent(store, office)


def test_a_mail_that_cannot_be_made_leaves_no_note(store: LocalFolder, office: Office) -> None:
    def broken(language: str, names: tuple[str, ...]) -> EmailMessage:
        raise ValueError(f"no mail in {language}")

    with pytest.raises(ValueError, match="no mail in es"):
        send(store, office, broken, DAY, "en", MOMENT)
    assert sent(store, office).sent == {"es": 2, "en": 1}


def test_recipients_whom_the_server_does_not_take_are_named_and_all_of_them_are_a_failure(
    store: LocalFolder, office: Office
) -> None:
    office.left_out = {"ana": "unknown"}
    found = sent(store, office)
    assert (found.sent, found.left_out) == ({"es": 1, "en": 1}, {"ana": "unknown"})
    office.left_out = {"ana": "unknown", "eva": "unknown"}
    with pytest.raises(NotMailed, match="unknown; nothing was sent"):
        sent(store, office, day="2026-12-01")


def test_of_many_processes_at_once_one_sends(store: LocalFolder, office: Office) -> None:
    begin, said = threading.Barrier(6), []

    def run() -> None:
        begin.wait()
        try:
            sent(store, office)
        except NotMailed as problem:
            said.append(str(problem))

    processes = [threading.Thread(target=run) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(office.posted) == [("ana", "eva"), ("bob",)]
    assert all("another process" in problem for problem in said)


def test_a_damaged_note_sends_nothing_that_day_and_goes_on_the_next(store: LocalFolder, office: Office) -> None:
    store.put(DELIVERIES, b'{"2026-11-30": {"es": {"sta')
    for _ in range(2):
        with pytest.raises(NotMailed, match="whether the mail of 2026-11-30 was sent is not known; --again sends it"):
            sent(store, office)
    assert office.posted == []
    assert any(key.startswith(f"damaged/{DELIVERIES}") for key in store.list("damaged/")), "its bytes are kept"
    assert sent(store, office, day="2026-12-01").sent == {"es": 2, "en": 1}


def test_again_sends_after_a_damaged_note(store: LocalFolder, office: Office) -> None:
    store.put(DELIVERIES, b"\0")
    assert sent(store, office, again=True).sent == {"es": 2, "en": 1}
    assert sent(store, office).before == {"es": MOMENT, "en": MOMENT}


def test_the_note_holds_the_last_days_only(store: LocalFolder, office: Office) -> None:
    for number in range(DAYS_KEPT + 3):
        sent(store, office, day=f"{datetime.fromisoformat(DAY) + timedelta(days=number):%Y-%m-%d}")
    found = deliveries(store)
    assert found is not None
    assert len(found) == DAYS_KEPT
    assert found["2026-12-09"]["es"] == Delivery("sent", MOMENT)
