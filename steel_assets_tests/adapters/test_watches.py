"""Watches in the store and on their way: exactly once whoever dies, quiet hours, limits, links that remove only their own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from steel_assets.adapters.alerts import watches as kept
from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.stored_state import STATE_KEY
from steel_assets.adapters.alerts.watches import MOST, TooManyWatches, WatchStore
from steel_assets.adapters.lake.damaged import Damaged
from steel_assets.adapters.notifiers import NotSent
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.alert_state import LEASE
from steel_assets.core.alerts.message import Notification
from steel_assets.core.alerts.tokens import BadToken, removal_token, token
from steel_assets.core.watches.watch import Watch, WatchError
from steel_assets_tests.adapters.test_outbox import Clock, Recorder
from steel_assets_tests.core.alerts.conftest import MORNING
from steel_assets_tests.watched import COIL, REBAR, SCRAP, published

KEY = b"0123456789abcdef0123456789abcdef"
RULEBOOK = load_catalog().rulebook
HIGH = published(700.0)


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


@pytest.fixture
def box(store: LocalFolder) -> Outbox:
    return Outbox(store, RULEBOOK, frozenset({"slack"}), site="https://steel.example", key=KEY)


def added(store: LocalFolder, owner: str = "local", **more: object) -> Watch:
    return WatchStore(store).add(owner, {"kind": "level", "market": REBAR, "above": 640, **more}, published(), MORNING)


def test_whoever_dies_before_or_after_any_step_the_crossing_is_delivered_exactly_once(
    store: LocalFolder, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, clock, slack = added(store), Clock(), Recorder()
    put_if = LocalFolder.put_if

    def before(self: LocalFolder, key: str, content: bytes, version: str | None) -> str:
        raise Died

    def after(self: LocalFolder, key: str, content: bytes, version: str | None) -> str:
        put_if(self, key, content, version)
        raise Died

    for dies in (before, after, None):  # while what was seen, and the message, are noted
        with monkeypatch.context() as patched:
            if dies is not None:
                patched.setattr(LocalFolder, "put_if", dies)
                with pytest.raises(Died):
                    box.watch(WatchStore(store).all(), HIGH, clock.now)
                continue
        assert box.watch(WatchStore(store).all(), HIGH, clock.now) == [], "it was noted before the second death"
    assert [waiting.event.subject for waiting in box.alert_state().queue] == [watch.id]

    send = slack.send

    def taken_then_dead(notification: Notification) -> dict[str, str]:
        send(notification)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(slack, "send", taken_then_dead)
        with pytest.raises(Died):
            box.deliver({"slack": slack}, clock, "http://ui")
    clock.now += LEASE + timedelta(seconds=1)
    box.deliver({"slack": slack}, clock, "http://ui")
    first, again = slack.notifications
    assert (first.key, first.repeat, again.key, again.repeat) == (again.key, False, first.key, True), (
        "a receiver drops the second"
    )
    for _ in range(3):
        clock.now += timedelta(hours=1)
        assert box.watch(WatchStore(store).all(), HIGH, clock.now) == []
        box.deliver({"slack": slack}, clock, "http://ui")
    assert len(slack.notifications) == 2
    assert box.alert_state().queue == ()


def test_who_looks_late_at_an_older_publication_makes_nothing_be_told_twice(store: LocalFolder, box: Outbox) -> None:
    added(store)
    watches, minute = WatchStore(store).all(), timedelta(minutes=1)
    assert len(box.watch(watches, HIGH, MORNING + minute, as_of=MORNING)) == 1
    assert box.watch(watches, published(), MORNING + 2 * minute, as_of=MORNING - minute) == []
    assert box.watch(watches, HIGH, MORNING + 3 * minute, as_of=MORNING + 2 * minute) == []
    box.watch(watches, published(), MORNING - 60 * minute, as_of=MORNING - 61 * minute)
    assert len(box.watch(watches, HIGH, MORNING - 50 * minute)) == 1, "a clock that was put back keeps nobody from being told"


def test_in_quiet_hours_nothing_goes_out_not_even_what_was_late_and_at_their_end_it_does(store: LocalFolder, box: Outbox) -> None:
    quiet, loud = added(store, quiet="22:00-07:00"), added(store, "somebody")
    clock, slack = Clock(MORNING.replace(hour=3, minute=55)), Recorder()  # 21:55 in Mexico City

    def down() -> None:
        raise NotSent("slack is away")

    slack.fails = down
    box.watch(WatchStore(store).all(), HIGH, clock.now)
    box.deliver({"slack": slack}, clock, "http://ui")
    slack.fails = lambda: None
    delivered = {}
    while clock.now < MORNING.replace(hour=14):
        clock.now += timedelta(minutes=5)
        box.deliver({"slack": slack}, clock, "http://ui")
        for notification in slack.notifications:
            link = dict(notification.messages[0].links)["Stop this watch"]
            delivered.setdefault(re.search(r"token=([0-9a-f]{12})", link)[1], clock.now)
    assert len(slack.notifications) == 2
    assert delivered[loud.id] == MORNING.replace(hour=4, minute=0)
    assert delivered[quiet.id] == MORNING.replace(hour=13, minute=0), "seven in the morning there"


def test_what_waits_of_a_watch_that_was_removed_is_not_sent_any_more(store: LocalFolder, box: Outbox) -> None:
    added(store, quiet="00:00-23:59")
    clock, slack = Clock(), Recorder()
    assert len(box.watch(WatchStore(store).all(), HIGH, clock.now)) == 1
    assert WatchStore(store).remove("local", WatchStore(store).of("local")[0].id)
    clock.now = MORNING.replace(hour=5, minute=59)
    box.deliver({"slack": slack}, clock, "http://ui")
    assert (slack.notifications, box.alert_state().queue) == ([], ())


def test_a_key_has_a_limit_that_holds_when_it_adds_many_at_once_and_the_same_watch_is_set_once(store: LocalFolder) -> None:
    watches = WatchStore(store)

    def add(number: int) -> bool:
        try:
            watches.add("somebody", {"kind": "level", "market": REBAR, "above": 601 + number}, published(), MORNING)
        except TooManyWatches:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(add, range(MOST + 8)))
    mine = watches.of("somebody")
    assert (sum(done), len(mine)) == (MOST, MOST)
    again = watches.add("somebody", {"kind": "level", "market": REBAR, "above": mine[0].above}, HIGH, MORNING + timedelta(days=1))
    assert again == mine[0]
    assert added(store, "another").owner == "another"


def test_there_is_a_most_of_keys_too(store: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_OWNERS", 2)
    added(store, "first"), added(store, "second"), added(store, "second", above=650)
    with pytest.raises(TooManyWatches, match="2 keys have watches"):
        added(store, "third")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"market": "gold"}, "market: there is no market gold; there are rebar_fob_turkey"),
        ({"kind": "margin", "less": COIL, "above": 1}, "a margin needs two markets of one unit"),
        ({"kind": "odds", "on": "2020-01-01", "chance": 0.5}, "on: 2020-01-01 is not ahead in the paths"),
        ({"kind": "odds", "market": SCRAP, "on": "2026-12-01", "chance": 0.5}, "no forecast of scrap_turkey was published yet"),
    ],
)
def test_what_is_not_published_cannot_be_watched_and_nothing_is_kept(store: LocalFolder, fields: dict, says: str) -> None:
    with pytest.raises(WatchError, match=says):
        added(store, **fields)
    assert WatchStore(store).all() == []


def test_a_damaged_document_costs_its_own_watches_and_a_lost_memory_tells_nothing_twice(store: LocalFolder, box: Outbox) -> None:
    added(store, "first"), added(store, "second")
    assert len(box.watch(WatchStore(store).all(), HIGH, MORNING)) == 2
    store.put("watches/first.json", store.get("watches/first.json").replace(b"640", b"1.0"))
    store.put(STATE_KEY, b"damaged")
    assert [watch.owner for watch in WatchStore(store).all()] == ["second"]
    assert [damage.key for damage in Damaged(store).all()] == ["watches/first.json"]
    assert box.watch(WatchStore(store).all(), HIGH, MORNING) == []
    box.watch(WatchStore(store).all(), published(), MORNING)
    assert len(box.watch(WatchStore(store).all(), HIGH, MORNING)) == 1


def test_a_link_removes_its_own_watch_and_nothing_that_is_no_link_of_ours_removes_any(store: LocalFolder) -> None:
    first, second, watches = added(store, "first"), added(store, "second"), WatchStore(store)
    mine = removal_token(KEY, first.id)
    others = [
        "",
        first.id,
        mine.replace(first.id, second.id),
        mine[:-1] + ("0" if mine[-1] != "0" else "1"),
        removal_token(b"another key, as long as ours is.", first.id),
        token(KEY, first.id, "slack", MORNING),
        f"{first.id}.{token(KEY, first.id, 'slack', MORNING).rpartition('.')[2]}",
        mine + "\n",
        f"../{mine}",
    ]
    for text in others:
        with pytest.raises(BadToken):
            watches.remove_by_link(KEY, text)
    assert watches.all() == [first, second]
    assert watches.remove_by_link(KEY, mine)
    assert not watches.remove_by_link(KEY, mine)
    assert watches.all() == [second]
