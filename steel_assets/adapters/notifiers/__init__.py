"""Channels that reach people, one per file, found by its name; ``slack`` is the exemplar. All inherit one conformance suite.

A channel is a module with ``Config``, the settings that it needs (see ``_config``), and ``build(config, home)``, which returns
its ``Notifier``, or None as long as it is not set up. Its name is its file's. It puts a ``core.alerts.message.Notification`` in
its own form and sends it, in bounded time; what is sent when, and again, is decided in ``adapters/alerts/outbox.py``. No address,
password or token is ever in an error's text.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from steel_assets.adapters.notifiers._config import ChannelConfig, ChannelError, configured, variables_of
from steel_assets.adapters.notifiers._post import NotificationRefused, NotSent, post
from steel_assets.core.alerts.message import Notification
from steel_assets.core.open_sets import PluginError, members

__all__ = [
    "Channel",
    "ChannelConfig",
    "ChannelError",
    "NotSent",
    "NotificationRefused",
    "Notifier",
    "built",
    "channels",
    "configured",
    "post",
    "variables_of",
]

_logger = logging.getLogger("steel.alerts")


class Notifier(Protocol):
    """One channel, as the outbox uses it.

    Attributes:
        recipients: the people whom it reaches one by one, as the settings name them; empty for a channel that is one place.
    """

    recipients: tuple[str, ...]

    def send(self, notification: Notification) -> Mapping[str, str]:
        """Hand ``notification`` over. When it returns, the channel has it for all recipients but those returned, with the reason.

        A notification marked ``repeat`` may have arrived before: a channel that can find out, does, and then sends nothing.

        Raises:
            NotSent: not now.
            NotificationRefused: never, for nobody.
        """


class Channel(Protocol):
    """What the file of a channel must offer."""

    Config: type[ChannelConfig]

    def build(self, config: ChannelConfig, home: Path) -> Notifier | None:
        """The channel as ``config`` (of its own ``Config``) says; None when nothing says that it shall be used.

        Args:
            home: the folder of everything that the platform keeps on this machine.
        """


class _Unusable:
    """A channel that is set up and cannot be used: nothing goes over it, and the others tell of it."""

    recipients: tuple[str, ...] = ()

    def __init__(self, why: str) -> None:
        self._why = why

    def send(self, notification: Notification) -> Mapping[str, str]:
        raise NotSent(self._why)


def built(channel: Channel, config: ChannelConfig, home: Path) -> Notifier | None:
    """What ``channel`` builds. Where that fails, or cannot send, one that is down: a fault in one channel stops no other."""
    try:
        notifier = channel.build(config, home)
    except Exception as error:
        _logger.exception("a channel cannot be built")
        return _Unusable(f"its build() raised {type(error).__name__}")
    missing = [part for part in ("recipients", "send") if notifier is not None and not hasattr(notifier, part)]
    return _Unusable(f"what its build() returns has no {' and no '.join(missing)}") if missing else notifier


def channels() -> dict[str, Channel]:
    """Every channel that there is, set up or not, by name: the files of this folder, and of one's own.

    Raises:
        PluginError: a file of one's own has no ``build``, or no ``Config`` of the right kind.
    """
    found = members(__name__, "Config", "build")
    for module in found.values():
        if not (isinstance(module.Config, type) and issubclass(module.Config, ChannelConfig)):
            raise PluginError(f"{module.__file__}: Config must be a class that inherits ChannelConfig")
    return {name: cast(Channel, module) for name, module in found.items()}
