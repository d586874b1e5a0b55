"""Keys: made once, checked against hashes, revoked for ever; and who is let in without one."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steel_assets.serving.access import Access, Asking
from steel_assets.serving.keys import KEY_FILE, KeyStore, KeyStoreError

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
AT = NOW.timestamp()


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / KEY_FILE)


def test_a_key_is_what_was_shown_and_nothing_near_it(store: KeyStore) -> None:
    key, shown = store.create("mill", ["read"], NOW)
    ring = store.load()
    assert ring.check(shown, AT) == key
    for wrong in (None, "", ".", key.id, f"{key.id}.", shown[:-1], shown + "x", shown.replace(".", ""), "x" * 10_000, "\udcff.a"):
        assert ring.check(wrong, AT) is None


def test_the_file_holds_no_secret_and_only_its_owner_reads_it(store: KeyStore) -> None:
    _, shown = store.create("mill", ["read"], NOW)
    assert shown.partition(".")[2] not in store.path.read_text()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_the_same_secret_never_hashes_alike_and_two_keys_of_one_client_both_work(store: KeyStore) -> None:
    first, one = store.create("mill", ["read"], NOW)
    second, two = store.create("mill", ["read", "operate"], NOW)
    assert first.salt != second.salt
    ring = store.load()
    assert (ring.check(one, AT), ring.check(two, AT)) == (first, second)


def test_a_key_ends_by_revocation_or_by_its_day(store: KeyStore) -> None:
    key, shown = store.create("mill", ["read"], NOW, expires_at=NOW + timedelta(days=1))
    assert store.load().check(shown, AT + 86_399) is not None
    assert store.load().check(shown, AT + 86_400) is None
    assert store.revoke(key.id, NOW).revoked_at == NOW
    assert store.revoke(key.id, NOW + timedelta(hours=1)).revoked_at == NOW
    assert store.load().check(shown, AT) is None
    with pytest.raises(KeyStoreError, match="there is no key sk1234567890"):
        store.revoke("sk1234567890", NOW)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"id": "x"}]}', '{"keys": [], "more": 1}'])
def test_a_damaged_file_is_an_error_and_never_no_keys(store: KeyStore, content: str) -> None:
    store.path.parent.mkdir()
    store.path.write_text(content)
    with pytest.raises(KeyStoreError, match=r"keys\.json cannot be read"):
        store.load()
    with pytest.raises(KeyStoreError):
        Access(store)


def test_a_session_is_worth_what_its_key_is_worth_and_half_a_day(store: KeyStore) -> None:
    key, shown = store.create("mill", ["read"], NOW)
    access = Access(store, clock=lambda: AT)
    token = access.log_in(shown)
    assert token is not None
    assert shown.partition(".")[2] not in token
    ring = store.load()
    assert ring.check_session(token, AT + 12 * 3600 - 1) == key
    assert ring.check_session(token, AT + 12 * 3600) is None
    forged = token.replace(token.split("~")[1], str(int(AT) + 10**9))
    for wrong in (None, "", "~~", forged, token[:-1], "x" * 500, "é~1~2"):
        assert ring.check_session(wrong, AT) is None
    store.revoke(key.id, NOW)
    assert store.load().check_session(token, AT) is None


def test_only_a_key_that_may_read_opens_the_dashboard(store: KeyStore) -> None:
    _, operator = store.create("scheduler", ["operate"], NOW)
    assert Access(store, clock=lambda: AT).log_in(operator) is None


HERE = Asking(host="127.0.0.1:8000", client="127.0.0.1")


@pytest.mark.parametrize(
    ("bound", "asking", "may"),
    [
        ("127.0.0.1", HERE, True),
        ("::1", Asking(host="[::1]:8000", client="::1"), True),
        ("127.0.0.1", Asking(host="localhost", client="127.0.0.1"), True),
        ("127.0.0.1", Asking(host="rebound.example:8000", client="127.0.0.1"), False),
        ("127.0.0.1", Asking(host="127.0.0.1:8000", client="127.0.0.1", forwarded=True), False),
        ("127.0.0.1", Asking(host="127.0.0.1:8000", client="203.0.113.9"), False),
        ("127.0.0.1", Asking(host="127.0.0.1:8000", client=None), False),
        ("0.0.0.0", HERE, False),  # noqa: S104  that it stays closed is what is tested
        ("192.0.2.1", HERE, False),
    ],
)
def test_without_any_key_only_this_machine_reads_directly(store: KeyStore, bound: str, asking: Asking, may: bool) -> None:
    caller = Access(store, bound_to=bound).caller(asking)
    assert (caller is not None) is may
    assert caller is None or caller.scopes == ("read",)


def test_the_first_key_closes_the_open_door_also_when_it_is_revoked(store: KeyStore) -> None:
    access = Access(store)
    assert access.caller(HERE) is not None
    key, _ = store.create("mill", ["read"], NOW)
    access.reload()
    assert access.caller(HERE) is None
    store.revoke(key.id, NOW)
    access.reload()
    assert access.caller(HERE) is None


def test_a_key_file_that_vanishes_or_breaks_leaves_the_keys_in_force(store: KeyStore) -> None:
    _, shown = store.create("mill", ["read"], NOW)
    access = Access(store, clock=lambda: AT)
    for ruin in (lambda: store.path.write_text("{"), store.path.unlink):
        ruin()
        access.reload()
        assert access.caller(Asking(api_key=shown)) is not None
        assert access.caller(HERE) is None


def test_a_proxy_vouches_only_through_the_header_that_was_configured(store: KeyStore) -> None:
    store.create("mill", ["read"], NOW)
    vouched = Asking(vouched_user="ana")
    assert Access(store).visitor(vouched) is None
    visitor = Access(store, user_header="X-Forwarded-User").visitor(vouched)
    assert visitor is not None
    assert visitor.scopes == ("read",)
    assert Access(store, user_header="X-Forwarded-User").caller(vouched) is None
