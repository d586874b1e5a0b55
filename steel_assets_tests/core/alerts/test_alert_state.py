"""What waits is sent once to each channel, in order, whatever dies or fails in between."""

from __future__ import annotations

import random
from datetime import timedelta

from steel_assets.core.alerts.alert_state import LEASE, AlertState, Batch, claimed, delivered, enqueued, postponed, refused
from steel_assets.core.alerts.incidents import Event
from steel_assets_tests.core.alerts.conftest import MORNING

MINUTE = timedelta(minutes=1)


def event(name: str, *channels: str) -> Event:
    return Event(
        id=name,
        incident=name,
        kind="opened",
        rule="failed_run",
        subject=name,
        severity="high",
        moment=MORNING,
        since=MORNING,
        channels=channels or ("slack",),
    )


def alert_state(*names: str, channels: tuple[str, ...] = ("slack",)) -> AlertState:
    return enqueued(AlertState(), [event(name, *channels) for name in names])


def ids(batch: Batch | None) -> list[str]:
    return [event.id for event in batch.events] if batch else []


def test_a_claimed_parcel_is_nobody_elses_until_its_process_counts_as_dead() -> None:
    claimed_book, first = claimed(alert_state("a"), "slack", MORNING, 5)
    assert ids(first) == ["a"]
    assert claimed(claimed_book, "slack", MORNING + LEASE - MINUTE, 5)[1] is None
    _, again = claimed(claimed_book, "slack", MORNING + LEASE, 5)
    assert again is not None
    assert again.repeat
    assert again.key == first.key if first else False


def test_a_clock_that_is_put_back_holds_nothing_up() -> None:
    earlier = MORNING - timedelta(hours=3)
    claimed_book, first = claimed(alert_state("a"), "slack", MORNING, 5)
    assert first is not None
    assert ids(claimed(claimed_book, "slack", earlier, 5)[1]) == ["a"], "the lease ends in three hours by the new clock"
    failed = postponed(claimed_book, first, MORNING, "connection refused", perhaps_sent=False)
    assert ids(claimed(failed, "slack", earlier, 5)[1]) == ["a"]


def test_a_marked_parcel_is_gone_for_its_channel_and_waits_for_the_others() -> None:
    one, batch = claimed(alert_state("a", channels=("slack", "email")), "slack", MORNING, 5)
    assert batch is not None
    one, finished = delivered(one, batch, MORNING)
    assert finished == []
    assert claimed(one, "slack", MORNING + MINUTE, 5)[1] is None
    one, batch = claimed(one, "email", MORNING, 5)
    assert batch is not None
    one, finished = delivered(one, batch, MORNING)
    assert [done.event.id for done in finished] == ["a"]
    assert set(finished[0].sent) == {"slack", "email"}
    assert one.queue == ()


def test_a_failure_keeps_the_order_and_the_pauses_grow_to_ten_minutes() -> None:
    now, one, pauses = MORNING, alert_state("a", "b"), []
    for _ in range(8):
        one, batch = claimed(one, "slack", now, 5)
        assert ids(batch) == ["a"]
        assert batch is not None
        assert not batch.repeat
        one = postponed(one, batch, now, "cannot be reached", perhaps_sent=False)
        pauses.append(one.channels["slack"].next_try - now)  # type: ignore[operator]
        assert claimed(one, "slack", now + pauses[-1] - timedelta(seconds=1), 5)[1] is None
        now += pauses[-1]
    assert [pause.total_seconds() for pause in pauses] == [30, 60, 120, 240, 480, 600, 600, 600]
    assert one.channels["slack"].failing_since == MORNING


def test_what_was_perhaps_sent_is_sent_again_as_the_same_parcel_and_says_so() -> None:
    one, first = claimed(alert_state("a"), "slack", MORNING, 5)
    assert first is not None
    one = postponed(one, first, MORNING, "no answer", perhaps_sent=True)
    one = enqueued(one, [event(str(n)) for n in range(9)])
    _, second = claimed(one, "slack", MORNING + MINUTE, 5)
    assert second is not None
    assert (second.key, ids(second), second.repeat) == (first.key, ["a"], True)


def test_what_surely_did_not_go_out_may_join_a_digest() -> None:
    one, first = claimed(alert_state("a"), "slack", MORNING, 5)
    assert first is not None
    one = enqueued(postponed(one, first, MORNING, "refused", perhaps_sent=False), [event(str(n)) for n in range(9)])
    _, second = claimed(one, "slack", MORNING + MINUTE, 5)
    assert len(ids(second)) == 10


def test_five_messages_are_five_and_six_are_a_digest() -> None:
    assert ids(claimed(alert_state(*"abcde"), "slack", MORNING, 5)[1]) == ["a"]
    assert ids(claimed(alert_state(*"abcdef"), "slack", MORNING, 5)[1]) == list("abcdef")


def test_a_refused_parcel_makes_way_and_the_reason_is_kept() -> None:
    one, batch = claimed(alert_state("a", "b"), "slack", MORNING, 5)
    assert batch is not None
    one, finished = refused(one, batch, "400 invalid_blocks")
    assert dict(finished[0].refused) == {"slack": "400 invalid_blocks"}
    assert ids(claimed(one, "slack", MORNING, 5)[1]) == ["b"]


def test_a_book_survives_being_written_as_json() -> None:
    one, batch = claimed(alert_state("a", "b", channels=("slack", "email")), "slack", MORNING, 5)
    assert batch is not None
    one = postponed(one, batch, MORNING, "no answer", perhaps_sent=True)
    assert AlertState.model_validate_json(one.model_dump_json()) == one


def test_at_random_failures_and_deaths_every_event_arrives_once_by_key_and_in_order() -> None:
    """500 lives of a queue: an attempt may be refused, be lost before or after the receiver has it, or die with its process."""
    for seed in range(500):
        chance = random.Random(seed)  # noqa: S311
        names = [f"{n:02d}" for n in range(chance.randint(1, 12))]
        one, now = alert_state(*names), MORNING
        received: dict[str, list[str]] = {}
        for _ in range(400):
            if not one.queue:
                break
            one, batch = claimed(one, "slack", now, 3)
            if batch is not None:
                fate = chance.choice(["fine", "fine", "unreachable", "lost before", "lost after", "died before", "died after"])
                if fate in ("fine", "lost after", "died after"):
                    received[batch.key] = ids(batch)
                if fate == "fine":
                    one, _ = delivered(one, batch, now)
                elif not fate.startswith("died"):
                    one = postponed(one, batch, now, fate, perhaps_sent=fate.startswith("lost"))
            now += timedelta(seconds=chance.randint(1, 300))
        assert [name for parcel_ids in received.values() for name in parcel_ids] == names, seed
