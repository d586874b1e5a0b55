"""Keys: made once, checked against hashes, revoked for ever; and who is let in without one."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from steel_assets.serving.access import NEWCOMER, SESSION_FILE, AccessControl, Credentials, Vouching
from steel_assets.serving.keys import KEY_FILE, MARK, KeyStore, KeyStoreError

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


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"keys": []}', '{"keys": [{"id": "x"}]}', '{"keys": [], "more": 1}'])
def test_a_damaged_file_is_an_error_and_never_no_keys(store: KeyStore, content: str) -> None:
    store.path.parent.mkdir()
    store.path.write_text(content)
    with pytest.raises(KeyStoreError, match=r"keys\.json cannot be read"):
        store.load()
    with pytest.raises(KeyStoreError):
        AccessControl(store)


def test_a_file_that_is_gone_is_an_error_once_a_key_was_made_and_the_remedy_gives_all_keys_up(store: KeyStore) -> None:
    assert store.load().empty
    store.create("mill", ["read"], NOW)
    store.path.unlink()
    with pytest.raises(KeyStoreError, match=r"are missing, though keys were created.*steel keys reset --yes"):
        store.load()
    with pytest.raises(KeyStoreError, match="are missing"):
        store.create("another", ["read"], NOW)
    store.path.write_text("{}")
    aside = store.reset(NOW)
    assert aside is not None
    assert aside.read_text() == "{}"
    assert store.load().empty
    _, shown = store.create("mill", ["read"], NOW)
    assert store.load().check(shown, AT) is not None


def test_keys_of_a_version_that_left_no_mark_are_remembered_from_the_first_look_on(store: KeyStore) -> None:
    store.create("mill", ["read"], NOW)
    store.path.with_name(MARK).unlink()
    store.path.write_text(store.path.read_text().replace('"keys"', '"session_secret": "of old", "keys"'))
    assert not store.load().empty
    store.path.unlink()
    with pytest.raises(KeyStoreError, match="are missing"):
        store.load()


def test_a_session_is_worth_what_its_key_is_worth_and_half_a_day(store: KeyStore) -> None:
    now = [AT]
    key, shown = store.create("mill", ["read"], NOW)
    access = AccessControl(store, clock=lambda: now[0])
    token = access.log_in(shown)
    assert key.id == access.sessions.holder(token, AT)

    def may(cookie: str) -> bool:
        return access.visitor(Credentials(cookie=cookie)) is not None

    assert may(f"a=b; steel_session={token}; c=d")
    for wrong in ("", "steel_session=", f"steel_session={token}x", f"other={token}", "x" * 500, "é=\udcff"):
        assert not may(wrong)
    now[0] = AT + 12 * 3600 - 1
    assert may(f"steel_session={token}")
    now[0] = AT + 12 * 3600
    assert not may(f"steel_session={token}")
    now[0] = AT
    store.revoke(key.id, NOW)
    access.reload()
    assert not may(f"steel_session={token}")


def test_logging_out_ends_the_session_for_every_process_and_after_a_restart(store: KeyStore) -> None:
    _, shown = store.create("mill", ["read"], NOW)
    here, other = (AccessControl(store, clock=lambda: AT) for _ in range(2))
    stays, goes = here.log_in(shown), here.log_in(shown)
    seen = Credentials(cookie=f"steel_session={goes}")
    assert other.visitor(seen) is not None
    here.log_out(seen.cookie)
    for access in (here, other, AccessControl(store, clock=lambda: AT)):
        assert access.visitor(seen) is None
        assert access.visitor(Credentials(cookie=f"steel_session={stays}")) is not None


def test_a_session_file_that_is_damaged_or_gone_logs_everybody_out_and_holds_no_token(store: KeyStore) -> None:
    _, shown = store.create("mill", ["read"], NOW)
    access = AccessControl(store, clock=lambda: AT)
    file = store.path.with_name(SESSION_FILE)
    for ruin in (lambda: file.write_bytes(b"\x00" * 40), lambda: file.write_text("[" * 100_000), file.unlink):
        token = access.log_in(shown)
        assert str(token) not in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        ruin()
        assert access.visitor(Credentials(cookie=f"steel_session={token}")) is None


def test_only_a_key_that_may_read_opens_the_dashboard(store: KeyStore) -> None:
    _, operator = store.create("scheduler", ["operate"], NOW)
    assert AccessControl(store, clock=lambda: AT).log_in(operator) is None


HERE = Credentials(host="127.0.0.1:8000", client="127.0.0.1")


def opened(store: KeyStore, bound: str = "127.0.0.1") -> AccessControl:
    return AccessControl(store, bound_to=bound, opened=True, clock=lambda: AT)


@pytest.mark.parametrize(
    ("bound", "asking", "may"),
    [
        ("127.0.0.1", HERE, True),
        ("::1", Credentials(host="[::1]:8000", client="::1"), True),
        ("127.0.0.1", Credentials(host="localhost", client="127.0.0.1"), True),
        ("127.0.0.1", Credentials(host="rebound.example:8000", client="127.0.0.1"), False),
        ("127.0.0.1", Credentials(host="127.0.0.1:8000", client="127.0.0.1", forwarded=True), False),
        ("127.0.0.1", Credentials(host="127.0.0.1:8000", client="203.0.113.9"), False),
        ("127.0.0.1", Credentials(host="127.0.0.1:8000", client=None), False),
        ("0.0.0.0", HERE, False),  # noqa: S104  that it stays closed is what is tested
        ("192.0.2.1", HERE, False),
    ],
)
def test_opened_without_any_key_only_this_machine_reads_directly(
    store: KeyStore, bound: str, asking: Credentials, may: bool
) -> None:
    caller = opened(store, bound).caller(asking)
    assert (caller is not None) is may
    assert caller is None or caller.scopes == ("read",)


def test_without_a_word_nobody_reads_without_a_key_on_this_machine_either(store: KeyStore) -> None:
    access = AccessControl(store)
    assert access.caller(HERE) is None
    assert access.visitor(HERE) is None


def test_the_first_key_closes_the_open_door_also_when_it_is_revoked(store: KeyStore) -> None:
    access = opened(store)
    assert access.caller(HERE) is not None
    key, _ = store.create("mill", ["read"], NOW)
    access.reload()
    assert access.caller(HERE) is None
    store.revoke(key.id, NOW)
    access.reload()
    assert access.caller(HERE) is None


@pytest.mark.parametrize("ruin", ["{", "", "{}", '{"keys": []}', None])
def test_a_key_file_that_vanishes_breaks_or_empties_leaves_the_keys_in_force(store: KeyStore, ruin: str | None) -> None:
    _, shown = store.create("mill", ["read"], NOW)
    access = opened(store)
    whole = store.path.read_bytes()
    store.path.unlink() if ruin is None else store.path.write_text(ruin)
    access.reload()
    access.reload()
    assert access.caller(Credentials(api_key=shown)) is not None
    assert access.caller(HERE) is None
    assert "steel keys reset" in str(access.problem)
    with pytest.raises(KeyStoreError):
        opened(store)
    store.path.write_bytes(whole)
    access.reload()
    assert access.problem is None


def test_the_link_that_is_printed_opens_the_dashboard_in_one_browser_once_and_until_the_first_key(store: KeyStore) -> None:
    access = AccessControl(store, clock=lambda: AT)
    link = access.first_look
    assert link is not None
    token = link.partition("token=")[2]
    assert access.look_first(token[:-1]) is None
    session = access.look_first(token)
    asking = Credentials(cookie=f"steel_session={session}")
    assert access.visitor(asking) == NEWCOMER
    assert access.caller(asking) is None
    assert access.look_first(token) is None
    assert access.first_look is None
    store.create("mill", ["read"], NOW)
    access.reload()
    assert access.visitor(asking) is None


def test_the_link_is_worth_nothing_after_half_a_day_or_once_there_is_a_key(store: KeyStore) -> None:
    now = [AT]
    late, keyed = (AccessControl(store, clock=lambda: now[0]) for _ in range(2))
    tokens = [str(access.first_look).partition("token=")[2] for access in (late, keyed)]
    now[0] += 12 * 3600
    assert late.look_first(tokens[0]) is None
    now[0] = AT
    store.create("mill", ["read"], NOW)
    keyed.reload()
    assert keyed.look_first(tokens[1]) is None


PROXY = Vouching(b"x-forwarded-user", (ip_network("10.0.0.7"), ip_network("fd00::/64")))


@pytest.mark.parametrize(
    ("vouching", "asking", "may"),
    [
        (PROXY, Credentials(vouched_user="ana", client="10.0.0.7"), True),
        (PROXY, Credentials(vouched_user="ana", client="::ffff:10.0.0.7"), True),
        (PROXY, Credentials(vouched_user="ana", client="fd00::12"), True),
        (PROXY, Credentials(vouched_user="ana", client="10.0.0.8"), False),
        (PROXY, Credentials(vouched_user="ana", client="127.0.0.1"), False),
        (PROXY, Credentials(vouched_user="ana", client=None), False),
        (PROXY, Credentials(vouched_user="", client="10.0.0.7"), False),
        (replace(PROXY, secret="s3cret"), Credentials(vouched_user="ana", client="10.0.0.7", proxy_secret="s3cret"), True),  # noqa: S106
        (replace(PROXY, secret="s3cret"), Credentials(vouched_user="ana", client="10.0.0.7"), False),  # noqa: S106
        (replace(PROXY, secret="s3cret"), Credentials(vouched_user="ana", client="10.0.0.7", proxy_secret="é"), False),  # noqa: S106
        (None, Credentials(vouched_user="ana", client="10.0.0.7"), False),
    ],
)
def test_a_proxy_vouches_only_from_its_own_address_and_with_its_secret(
    store: KeyStore, vouching: Vouching | None, asking: Credentials, may: bool
) -> None:
    store.create("mill", ["read"], NOW)
    access = AccessControl(store, vouching=vouching)
    visitor = access.visitor(asking)
    assert (visitor is not None) is may
    assert visitor is None or visitor.scopes == ("read",)
    assert access.caller(asking) is None
