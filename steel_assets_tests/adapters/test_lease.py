"""One at a time: whoever waits gets the lease when it is free, or when its holder is gone, and never while he is at work."""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from steel_assets.adapters.google.clients import storage_client
from steel_assets.adapters.objects.gcs import GcsStore
from steel_assets.adapters.objects.lease import SECONDS, LeaseHeld, LeaseLost, leased
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStore, ObjectStoreError
from steel_assets.core.alerts.alert_state import LEASE as CLAIM
from steel_assets_tests.google.storage_server import StorageServer

KEY = "state/instance/lease.json"
ABOUT = {"job": "daily_data_update", "machine": "here"}


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, storage: StorageServer) -> ObjectStore:
    if request.param == "folder":
        return LocalFolder(tmp_path)
    return GcsStore("gs://steel-lake", connect=partial(storage_client, storage.url), retry_seconds=20)


def test_who_comes_second_is_told_who_is_at_work_and_gets_it_when_it_is_given_back(store: ObjectStore) -> None:
    with (
        leased(store, KEY, ABOUT, wait_seconds=0, seconds=60),
        pytest.raises(LeaseHeld, match="job daily_data_update, machine here"),
        leased(store, KEY, ABOUT, wait_seconds=0, seconds=60),
    ):
        pytest.fail("two at once")
    began = time.monotonic()
    with leased(store, KEY, ABOUT, wait_seconds=0, seconds=60):
        assert time.monotonic() - began < 30, "nobody waits for a lease that was given back"


def test_a_holder_at_work_keeps_it_for_longer_than_its_length(store: ObjectStore) -> None:
    with leased(store, KEY, ABOUT, wait_seconds=0, seconds=3) as lease:
        with pytest.raises(LeaseHeld), leased(store, KEY, ABOUT, wait_seconds=8, seconds=3):
            pass
        lease.check()


def test_what_a_killed_holder_left_is_taken_over_and_a_holder_that_only_stood_still_knows(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leased(store, KEY, ABOUT, wait_seconds=0, seconds=2) as gone:
        gone._over.set()  # from here on it renews nothing, as if its machine slept
        gone._renewer.join()
        with leased(store, KEY, ABOUT, wait_seconds=30, seconds=2) as lease:
            lease.check()
            with pytest.raises(LeaseLost, match="taken over"):
                gone.check()
            gone.give_back()
            lease.check()
            with pytest.raises(LeaseHeld), leased(store, KEY, ABOUT, wait_seconds=0, seconds=60):
                pass


def test_what_a_killed_holder_was_about_to_tell_is_free_to_be_told_when_its_lease_is_taken_over() -> None:
    assert CLAIM.total_seconds() < SECONDS


def test_a_lease_that_another_took_is_known_at_once_though_the_clock_of_this_machine_stood_still(store: ObjectStore) -> None:
    others = b'{"holder": "another", "renewals": 0}'
    with leased(store, KEY, ABOUT, wait_seconds=0, seconds=600) as slept:
        slept.check()
        store.put(KEY, others)
        with pytest.raises(LeaseLost, match="taken over"):
            slept.check()
    assert store.get(KEY) == others, "it is not given back over the new holder's"


def test_a_renewal_that_got_through_and_of_which_no_answer_came_is_no_other_holders(tmp_path: Path) -> None:
    class Silent(LocalFolder):
        """Renews the lease once without an answer."""

        renewed, answers = 0, True

        def put_if(self, key: str, content: bytes, version: str | None) -> None:
            super().put_if(key, content, version)
            self.renewed += 1
            self.answers = self.renewed != 2

        def version(self, key: str) -> str | None:
            if not self.answers:
                self.answers = True
                raise ObjectStoreError("no answer", "unavailable")
            return super().version(key)

    store = Silent(tmp_path)
    with leased(store, KEY, ABOUT, wait_seconds=0, seconds=0.3) as lease:
        while store.renewed < 4:
            assert lease._renewer.is_alive(), "it believes that another took it"
            time.sleep(0.02)
        lease.check()
    assert json.loads(store.get(KEY))["free"] is True


@pytest.mark.parametrize("garbage", [b"", b"{", b"[1]", b"null", b"\xff" * 10_000, b'{"free": "yes"}'])
def test_a_damaged_lease_is_over_when_it_stays_as_it_is(tmp_path: Path, garbage: bytes) -> None:
    store = LocalFolder(tmp_path)
    store.put(KEY, garbage)
    with pytest.raises(LeaseHeld, match="does not say who"), leased(store, KEY, ABOUT, wait_seconds=0, seconds=1):
        pass
    with leased(store, KEY, ABOUT, wait_seconds=20, seconds=1) as lease:
        lease.check()


def test_of_many_that_start_at_once_one_is_at_work_at_any_moment(store: ObjectStore) -> None:
    inside, most, done = [0], [0], []
    turn = threading.Lock()

    def work(number: int) -> None:
        with leased(store, KEY, {"number": str(number)}, wait_seconds=120, seconds=5):
            with turn:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            with turn:
                inside[0] -= 1
                done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1, 2, 3]
    assert most == [1]
