"""What every channel holds to: its test class inherits one of these and says how the channel is set up."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr

from steel_assets.adapters.notifiers import (
    ChannelError,
    NotificationRefused,
    Notifier,
    NotSent,
    _post,
    channels,
    configured,
    variables_of,
)
from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.message import Notification, compose
from steel_assets_tests.adapters.notifiers.receivers import Web, tls_server, web
from steel_assets_tests.core.alerts.test_message import UI, event

CANARY = "canary-4711"
"""In every secret of a channel's settings: it must turn up nowhere else."""


def nothing_named(_: str) -> SecretStr | None:
    """The environment of somebody who set no variable."""
    return None


class NotifierContract:
    """Inherit, and say the channel's name and its settings: ``CANARY`` in every secret."""

    channel: ClassVar[str]
    always_there: ClassVar[bool] = False

    def settings(self, url: str) -> dict[str, str]:
        """What sets the channel up, by field; ``url`` is the address of a server that takes notifications."""
        raise NotImplementedError

    def built(self, url: str, home: Path) -> Notifier | None:
        """The channel as these settings make it."""
        own = {field: SecretStr(value) for field, value in self.settings(url).items()}
        module = channels()[self.channel]
        return module.build(configured(self.channel, module.Config, own, nothing_named), home)

    @pytest.fixture
    def notification(self) -> Notification:
        return compose([event(simulated=True)], load_catalog().rulebook, UI, "0123456789abcdef0123")

    def test_it_is_off_until_it_is_set_up(self, tmp_path: Path) -> None:
        module = channels()[self.channel]
        found = module.build(configured(self.channel, module.Config, {}, nothing_named), tmp_path)
        assert (found is not None) == self.always_there

    def test_its_settings_set_it_up_and_it_says_whom_it_reaches(self, tmp_path: Path) -> None:
        found = self.built("http://127.0.0.1:9", tmp_path)
        assert found is not None
        assert all(isinstance(name, str) for name in found.recipients)

    def test_no_secret_is_in_what_its_settings_print(self) -> None:
        own = {field: SecretStr(value) for field, value in self.settings("http://127.0.0.1:9").items()}
        assert CANARY not in repr(configured(self.channel, channels()[self.channel].Config, own, nothing_named))

    def test_a_setting_that_it_has_not_is_refused_by_name_and_not_repeated(self) -> None:
        with pytest.raises(ChannelError, match=f"STEEL_CHANNELS__{self.channel.upper()}__NO_SUCH") as refused:
            configured(self.channel, channels()[self.channel].Config, {"no_such": SecretStr(CANARY)}, nothing_named)
        assert CANARY not in str(refused.value)

    def test_every_setting_is_a_variable_of_its_own(self) -> None:
        names = [name for of_field in variables_of(self.channel, channels()[self.channel].Config).values() for name in of_field]
        assert len(names) == len(set(names))
        assert all(name.startswith("STEEL_") and name.isupper() for name in names)


class HttpNotifierContract(NotifierContract):
    """For a channel that hands a notification over with one POST, to an address in its settings."""

    @pytest.fixture
    def server(self) -> Iterator[Web]:
        with web() as state:
            yield state

    @pytest.fixture(scope="class")
    def tls(self, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
        return tls_server(tmp_path_factory.mktemp("tls"))

    def at(self, url: str, home: Path) -> Notifier:
        found = self.built(url, home)
        assert found is not None
        return found

    def test_what_is_sent_arrives_once_and_says_that_it_is_simulated(
        self, server: Web, notification: Notification, tmp_path: Path
    ) -> None:
        self.at(server.url, tmp_path).send(notification)
        assert len(server.kept) == 1
        assert "SIMULATED" in server.kept[0]["body"].decode().replace("+", " ")

    @pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
    def test_an_answer_that_may_pass_means_later_and_it_surely_was_not_taken(
        self, server: Web, notification: Notification, status: int, tmp_path: Path
    ) -> None:
        server.behave = [status]
        with pytest.raises(NotSent, match=str(status)) as caught:
            self.at(server.url, tmp_path).send(notification)
        assert not caught.value.perhaps_sent
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_an_answer_about_the_content_means_never(
        self, server: Web, notification: Notification, status: int, tmp_path: Path
    ) -> None:
        server.behave = [status]
        with pytest.raises(NotificationRefused, match=str(status)):
            self.at(server.url, tmp_path).send(notification)

    @pytest.mark.parametrize("how", ["cut", "keep", "hang"])
    def test_no_answer_means_perhaps(
        self, server: Web, notification: Notification, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_post, "TOTAL_SECONDS", 1.5)
        server.behave = [how]
        with pytest.raises(NotSent) as caught:
            self.at(server.url, tmp_path).send(notification)
        assert caught.value.perhaps_sent
        assert CANARY not in str(caught.value)

    def test_a_server_that_is_not_there_surely_took_nothing(self, notification: Notification, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(NotSent, match="cannot be reached") as caught:
            self.at(f"http://localhost:{port}", tmp_path).send(notification)
        assert not caught.value.perhaps_sent

    def test_a_server_whose_certificate_is_not_trusted_gets_nothing(
        self, notification: Notification, tls: ssl.SSLContext, tmp_path: Path
    ) -> None:
        with web(tls) as server:
            with pytest.raises(NotSent, match="TLS"):
                self.at(server.url, tmp_path).send(notification)
            assert server.requests == []

    def test_no_secret_is_ever_logged_at_any_level(
        self, server: Web, notification: Notification, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            self.at(server.url, tmp_path).send(notification)
        assert CANARY not in caplog.text
