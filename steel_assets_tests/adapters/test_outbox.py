"""The outbox: nothing lost, nothing doubled, whoever dies and whatever is down."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from steel_assets.adapters.alerts.alert_document import DAMAGED
from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.stored_state import FORMER_KEY, STATE_KEY, has_former_name, rename_former
from steel_assets.adapters.notifiers import NotificationRefused, Notifier, NotSent
from steel_assets.adapters.notifiers.log import LogFile
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.alert_state import LEASE, AlertState, LogCursor
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Silence
from steel_assets.core.alerts.message import Notification
from steel_assets.core.alerts.rules import UnknownRule
from steel_assets_tests.core.alerts.conftest import MORNING

RULEBOOK = load_catalog().rulebook
MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Recorder:
    """Keeps what it is given by key, as a receiver does that honours idempotency keys; fails as it is told."""

    name: str = "slack"
    notifications: list[Notification] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None
    recipients: tuple[str, ...] = ()
    refuses: dict[str, str] = field(default_factory=dict)

    def send(self, notification: Notification) -> dict[str, str]:
        self.fails()
        self.notifications.append(notification)
        return self.refuses

    @property
    def titles(self) -> list[str]:
        return [message.title for notification in self.notifications for message in notification.messages]


def outbox(folder: Path, *channels: str) -> Outbox:
    return Outbox(LocalFolder(folder), RULEBOOK, frozenset(channels or ("slack",)))


def failed_run(job: str, moment: datetime = MORNING, *, firing: bool = True) -> Condition:
    return Condition(rule="failed_run", subject=job, firing=firing, moment=moment, text="step x failed", link="/runs/1")


def told(job: str) -> str:
    """The title of the message about a failed run of ``job``."""
    return f"The run {job} failed; what it makes is not renewed"


def down() -> None:
    raise NotSent("slack cannot be reached")


def test_somebody_whom_a_channel_refuses_is_told_of_once_on_the_other_channels_and_again_when_it_is_over(tmp_path: Path) -> None:
    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(), Recorder("email", recipients=("a@x", "b@x"), refuses={"b@x": "does not take mail (550)"})

    def a_day(job: str) -> None:
        box.report([failed_run(job)], clock.now)
        for _ in range(3):
            box.deliver({"slack": slack, "email": email}, clock, "http://ui")
            clock.now += MINUTE

    a_day("one")
    a_day("two")
    assert [title for title in slack.titles if "b@x" in title] == ["b@x does not get alerts over e-mail"]
    email.refuses = {}
    a_day("three")
    assert "Over: b@x does not get alerts over e-mail" in slack.titles


def test_where_prices_are_simulated_whatever_is_told_says_so(tmp_path: Path) -> None:
    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    box.simulated = True
    email = Recorder("email", recipients=("a@x", "b@x"), refuses={"b@x": "does not take mail (550)"})
    slack = Recorder()
    for _ in range(3):
        silent = Condition(rule="silent_automation", subject="schedule daily", firing=True, moment=clock.now, text="no tick")
        box.report([failed_run("one"), silent], clock.now)
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
        clock.now += 10 * MINUTE
    assert len(slack.titles) == 3
    assert all(notification.simulated for notification in slack.notifications)
    LocalFolder(tmp_path).put(STATE_KEY, b"damaged")
    box.deliver({"slack": slack}, clock, "http://ui")
    assert slack.notifications[-1].simulated


def test_somebody_who_is_no_recipient_any_more_is_no_trouble_any_more(tmp_path: Path) -> None:
    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(), Recorder("email", recipients=("a@x", "b@x"), refuses={"b@x": "does not take mail (550)"})
    box.report([failed_run("one")], clock.now)
    box.deliver({"slack": slack, "email": email}, clock, "http://ui")
    email.recipients, email.refuses = ("a@x",), {}
    for _ in range(2):
        clock.now += MINUTE
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
    assert "Over: b@x does not get alerts over e-mail" in slack.titles


def test_an_event_is_sent_once_to_each_channel_however_often_rounds_are_made(tmp_path: Path) -> None:
    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(), Recorder("email")
    for _ in range(5):
        box.report([failed_run("daily")], clock.now)
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
        clock.now += MINUTE
    assert slack.titles == email.titles == [told("daily")]
    assert [waiting.event.subject for waiting in box.history()] == ["daily"]
    assert set(box.history()[0].sent) == {"slack", "email"}


def test_a_channel_that_is_down_for_an_hour_gets_everything_afterwards_in_order_and_once(tmp_path: Path) -> None:
    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(fails=down), Recorder("email")
    for minute in range(60):
        if minute % 20 == 0:
            box.report([failed_run(f"job{minute:02d}", clock.now)], clock.now)
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
        clock.now += MINUTE
    assert slack.notifications == []
    slack.fails = lambda: None
    for _ in range(30):
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
        clock.now += MINUTE
    runs = [title for title in slack.titles if "The run" in title]
    assert runs == [told("job00"), told("job20"), told("job40")]
    assert [title for title in email.titles if "Slack" in title] == [
        "Nobody gets alerts over Slack",
        "Over: Nobody gets alerts over Slack",
    ]
    assert not [title for title in slack.titles if "over Slack" in title], "nothing about a channel goes over that channel"
    assert box.alert_state().queue == ()


def test_thirty_messages_are_one_digest(tmp_path: Path) -> None:
    box, clock, slack = outbox(tmp_path), Clock(), Recorder()
    box.report([failed_run(f"job{n:02d}") for n in range(30)], clock.now)
    box.deliver({"slack": slack}, clock, "http://ui")
    assert len(slack.notifications) == 1
    assert slack.notifications[0].subject == "30 alerts: 30 high"
    assert len(box.history()) == 30


def test_a_letter_that_is_refused_for_ever_makes_way_and_the_other_channels_say_so(tmp_path: Path) -> None:
    def never() -> None:
        raise NotificationRefused("slack refuses the message (400)")

    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(fails=never), Recorder("email")
    box.report([failed_run("daily")], clock.now)
    for _ in range(3):
        box.deliver({"slack": slack, "email": email}, clock, "http://ui")
    assert "Slack refused a message" in email.titles
    [run] = [waiting for waiting in box.history() if waiting.event.rule == "failed_run"]
    assert run.refused == {"slack": "slack refuses the message (400)"}
    assert box.alert_state().queue == ()


def test_a_fault_in_one_channel_keeps_no_other_from_being_used_and_tells_no_secret(tmp_path: Path) -> None:
    def breaks() -> None:
        raise UnicodeError("https://hooks.example/canary-4711")

    box, clock = outbox(tmp_path, "slack", "email"), Clock()
    slack, email = Recorder(fails=breaks), Recorder("email")
    box.report([failed_run("daily")], clock.now)
    done = box.deliver({"slack": slack, "email": email}, clock, "http://ui")
    assert email.titles == [told("daily")]
    assert done.problems == {"slack": "a fault in the channel (UnicodeError)"}
    assert "canary" not in (tmp_path / STATE_KEY).read_text()


def test_a_silence_holds_back_and_can_be_ended_early(tmp_path: Path) -> None:
    box, clock, slack = outbox(tmp_path), Clock(), Recorder()
    silence = Silence(id="s1", rule="*", subject="*", start=MORNING, until=MORNING + 60 * MINUTE, reason="upgrade")
    box.silence(silence, clock.now, "ana")
    box.report([failed_run("daily")], clock.now)
    box.deliver({"slack": slack}, clock, "http://ui")
    assert slack.notifications == []
    assert box.unsilence("s1", clock.now, "ana")
    assert not box.unsilence("s1", clock.now, "ana")
    box.report([], clock.now)
    box.deliver({"slack": slack}, clock, "http://ui")
    assert len(slack.notifications) == 1


def test_conditions_and_how_far_their_source_was_read_are_noted_together_or_not_at_all(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    mark = {"checks": LogCursor(position=7, moment=MORNING)}
    with pytest.raises(UnknownRule):
        box.report([failed_run("daily"), failed_run("x").model_copy(update={"rule": "nonsense"})], MORNING, cursors=mark)
    assert box.alert_state().cursors == {}
    assert box.alert_state().incidents == ()
    box.report([failed_run("daily")], MORNING, cursors=mark)
    assert box.alert_state().cursors["checks"].position == 7


def test_a_report_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.report([failed_run("daily")], MORNING)
    before = (tmp_path / STATE_KEY).stat().st_mtime_ns
    box.report([failed_run("daily"), failed_run("weekly", firing=False)], MORNING + MINUTE)
    assert (tmp_path / STATE_KEY).stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"", b"{", b'{"incidents": "x"}', bytes(range(56, 256))])
def test_a_damaged_book_is_set_aside_and_alerts_go_on(tmp_path: Path, content: bytes) -> None:
    box, clock, slack = outbox(tmp_path), Clock(), Recorder()
    box.report([failed_run("daily")], clock.now)
    (tmp_path / STATE_KEY).write_bytes(content)
    box.report([failed_run("weekly")], clock.now)
    box.deliver({"slack": slack}, clock, "http://ui")
    assert slack.titles == ["The memory of alerts was damaged; alerts go on, some may be told again", told("weekly")]
    kept = list(LocalFolder(tmp_path).list(DAMAGED))
    assert [LocalFolder(tmp_path).get(key) for key in kept] == [content]


def as_before(folder: Path, content: bytes | None = None) -> None:
    """The alert state as a former release left it: under another name, and with ``marks`` for cursors."""
    store = LocalFolder(folder)
    former = unseal(store.get(STATE_KEY))
    store.put(FORMER_KEY, content or checksummed({"marks": former.pop("cursors"), **former}))
    store.delete(STATE_KEY)


def test_what_a_former_release_left_is_read_and_gets_its_present_name_with_the_first_change(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    before = box.report([failed_run("daily")], MORNING, cursors={"checks": LogCursor(position=7, moment=MORNING)})
    as_before(tmp_path)
    assert box.alert_state() == before
    assert has_former_name(box.store), "reading changes nothing"
    box.report([failed_run("weekly")], MORNING + MINUTE)
    assert box.alert_state().cursors == before.cursors
    assert {incident.subject for incident in box.alert_state().incidents} == {"daily", "weekly"}
    assert not has_former_name(box.store)


def test_a_process_that_died_between_the_two_steps_of_the_renaming_leaves_the_present_one_in_force(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    present = box.report([failed_run("daily")], MORNING)
    box.store.put(FORMER_KEY, checksummed(AlertState().model_dump(mode="json")))
    assert box.alert_state() == present
    for _ in range(2):
        rename_former(box.store)
        assert (box.alert_state(), has_former_name(box.store)) == (present, False)


def test_a_damaged_one_of_a_former_release_is_set_aside_too(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.report([failed_run("daily")], MORNING)
    as_before(tmp_path, b"{")
    box.report([failed_run("weekly")], MORNING + MINUTE)
    assert "weekly" in {incident.subject for incident in box.alert_state().incidents}
    assert [box.store.get(key) for key in box.store.list(DAMAGED)] == [b"{"]


class DiesAfterSending:
    """A channel whose process is killed at the worst moment: the receiver has the notification, the alert state does not know."""

    def __init__(self, inner: Notifier, *, before: bool) -> None:
        self.inner, self.before, self.recipients = inner, before, inner.recipients

    def send(self, notification: Notification) -> dict[str, str]:
        if not self.before:
            self.inner.send(notification)
        os.kill(os.getpid(), signal.SIGKILL)


def _round(folder: Path, now: datetime, dies: str) -> None:
    log: Notifier = LogFile(folder / "alerts.log")
    if dies:
        log = DiesAfterSending(log, before=dies == "before")
    Outbox(LocalFolder(folder / "lake"), RULEBOOK, frozenset({"log"})).deliver({"log": log}, Clock(now), "http://ui")


@pytest.mark.parametrize("dies", ["before", "after"])
def test_kill_9_between_claim_send_and_mark_neither_loses_nor_doubles(tmp_path: Path, dies: str) -> None:
    context = multiprocessing.get_context("fork")
    box = outbox(tmp_path / "lake", "log")
    box.report([failed_run("a"), failed_run("b")], MORNING)
    now = MORNING
    for fate in (dies, dies, "", ""):
        process = context.Process(target=_round, args=(tmp_path, now, fate))
        process.start()
        process.join()
        assert process.exitcode == (-signal.SIGKILL if fate else 0)
        now += LEASE
    assert logged(tmp_path) == {told("a"): 1, told("b"): 1}
    assert box.alert_state().queue == ()
    assert len(box.history()) == 2


def logged(folder: Path) -> Counter[str]:
    """How often each title is in the log."""
    lines = [json.loads(line) for line in (folder / "alerts.log").read_text().splitlines()]
    return Counter(message["title"] for line in lines for message in line["messages"])


def _reporter(folder: Path, name: str) -> None:
    box = Outbox(LocalFolder(folder / "lake"), RULEBOOK, frozenset({"log"}))
    for n in range(10):
        box.report([failed_run(f"{name}{n}")], MORNING)
        box.deliver({"log": LogFile(folder / "alerts.log")}, Clock(MORNING), "http://ui")


def test_four_processes_that_report_and_send_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_reporter, args=(tmp_path, name)) for name in "wxyz"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    _round(tmp_path, MORNING + LEASE, "")
    assert logged(tmp_path) == {told(f"{name}{n}"): 1 for name in "wxyz" for n in range(10)}
    assert len(outbox(tmp_path / "lake").history()) == 40
