"""Secrets by reference: looked up once, checked, never told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

import pytest
from pydantic import SecretStr

from steel_assets.adapters.google.clients import secret_client
from steel_assets.adapters.google.secret_manager import SecretError, Secrets
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.secret_server import SecretServer
from steel_assets_tests.google.serving import running

CANARY = "canary-4711"


@pytest.fixture
def server() -> Iterator[SecretServer]:
    server = SecretServer()
    server.versions["steel-project", "fred-key"] = [b"old", f"{CANARY}\n".encode()]
    with running(server.app()) as server.url:
        yield server


def opened(server: SecretServer) -> Secrets:
    return Secrets(partial(secret_client, server.url), retry_seconds=5)


def revealed(secrets: Secrets, reference: str) -> str:
    found = secrets.reveal(SecretStr(reference))
    assert found is not None
    return found.get_secret_value()


def test_what_is_no_reference_is_the_secret_itself_and_nobody_is_asked() -> None:
    def never() -> None:
        raise AssertionError("asked")

    secrets = Secrets(never)  # type: ignore[arg-type]
    assert secrets.reveal(None) is None
    assert secrets.reveal(SecretStr("plain")) == SecretStr("plain")


def test_a_reference_is_the_newest_version_or_the_one_it_names(server: SecretServer) -> None:
    assert revealed(opened(server), "sm://steel-project/fred-key") == CANARY
    assert revealed(opened(server), "sm://steel-project/fred-key/latest") == CANARY
    assert revealed(opened(server), "sm://steel-project/fred-key/1") == "old"


def test_a_secret_is_asked_for_once(server: SecretServer) -> None:
    secrets = opened(server)
    assert [revealed(secrets, "sm://steel-project/fred-key") for _ in range(3)] == [CANARY] * 3
    assert len(server.faults.asked) == 1


def test_a_failure_of_a_moment_is_not_even_noticed(server: SecretServer) -> None:
    server.faults.plan(Fault(503, "backendError"))
    assert revealed(opened(server), "sm://steel-project/fred-key") == CANARY


@pytest.mark.parametrize("reference", ["sm://", "sm://p", "sm://p/s/x", "sm://p/s/1/2", "sm://p/../s", f"sm://{CANARY}"])
def test_a_reference_that_is_none_is_refused_without_being_repeated(reference: str) -> None:
    with pytest.raises(SecretError, match="sm://project/secret") as raised:
        Secrets().reveal(SecretStr(reference))
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (Fault(403, "forbidden", "secretmanager.versions.access denied", times=99), "permission"),
        (Fault(401, "authError", "Invalid Credentials", times=99), "credentials"),
        (Fault(429, "rateLimitExceeded", "too many", times=99), "quota"),
    ],
)
def test_what_stays_wrong_names_the_reference_and_the_remedy(server: SecretServer, fault: Fault, trouble: str) -> None:
    server.faults.plan(fault)
    with pytest.raises(SecretError, match=r"sm://steel-project/fred-key.*Remedy") as raised:
        revealed(Secrets(partial(secret_client, server.url), retry_seconds=1), "sm://steel-project/fred-key")
    assert raised.value.trouble == trouble


def test_a_secret_that_is_not_there_is_missing(server: SecretServer) -> None:
    with pytest.raises(SecretError) as raised:
        revealed(opened(server), "sm://steel-project/other")
    assert raised.value.trouble == "missing"


def test_a_secret_that_was_changed_on_its_way_or_is_no_text_is_refused_untold(server: SecretServer) -> None:
    server.garble = True
    with pytest.raises(SecretError, match="arrived with a wrong checksum") as raised:
        revealed(opened(server), "sm://steel-project/fred-key")
    assert CANARY not in str(raised.value)
    server.garble = False
    server.versions["steel-project", "fred-key"].append(b"\xff\xfe")
    with pytest.raises(SecretError, match="is not text"):
        revealed(opened(server), "sm://steel-project/fred-key")


def test_nothing_logs_a_secret(server: SecretServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        found = opened(server).reveal(SecretStr("sm://steel-project/fred-key"))
    assert CANARY not in caplog.text + repr(found)
