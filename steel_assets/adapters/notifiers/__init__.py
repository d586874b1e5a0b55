"""Notification channels, one per file, found by the file's name. Copy ``slack`` to write one; all pass one conformance suite.

A channel is a module with ``Config``, its settings (see ``_config``), and ``build(config, home)``, which returns its
``Notifier``, or None if it is not configured. The file's name is the channel's name. A notifier formats a
``core.alerts.message.Notification`` and sends it within a time limit; when something is sent, and again, is decided in
``adapters/alerts/outbox.py``. Error messages never contain an address, password or token.
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
    "ChannelConfig",
    "ChannelError",
    "ChannelModule",
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
        recipients: people it reaches individually, as named in the settings; empty for a channel with one destination.
    """

    recipients: tuple[str, ...]

    def send(self, notification: Notification) -> Mapping[str, str]:
        """Send ``notification``. On return, all recipients have it except those returned with a reason.

        A notification marked ``repeat`` may have arrived before: a channel that can find out does so, and then sends nothing.

        Raises:
            NotSent: it could not be sent now; try again.
            NotificationRefused: the channel will never accept it.
        """


class ChannelModule(Protocol):
    """What the module of a channel must define."""

    Config: type[ChannelConfig]

    def build(self, config: ChannelConfig, home: Path) -> Notifier | None:
        """The channel configured by ``config`` (of its own ``Config``); None if it is not to be used.

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


def built(channel: ChannelModule, config: ChannelConfig, home: Path) -> Notifier | None:
    """What ``channel`` builds. Where that fails, or cannot send, one that is down: a fault in one channel stops no other."""
    try:
        notifier = channel.build(config, home)
    except Exception as error:
        _logger.exception("a channel cannot be built")
        return _Unusable(f"its build() raised {type(error).__name__}")
    missing = [part for part in ("recipients", "send") if notifier is not None and not hasattr(notifier, part)]
    return _Unusable(f"what its build() returns has no {' and no '.join(missing)}") if missing else notifier


def channels() -> dict[str, ChannelModule]:
    """Every channel, configured or not, by name: the files of this folder and of the plugin folders.

    Raises:
        PluginError: a user's file has no ``build``, or no ``Config`` of the right kind.
    """
    found = members(__name__, "Config", "build")
    for module in found.values():
        if not (isinstance(module.Config, type) and issubclass(module.Config, ChannelConfig)):
            raise PluginError(f"{module.__file__}: Config must be a class that inherits ChannelConfig")
    return {name: cast(ChannelModule, module) for name, module in found.items()}
