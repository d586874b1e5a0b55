"""Notification channels, one per file, found by the file's name. Copy ``slack`` to write one; all pass one conformance suite.

A channel is a module with ``Config``, its settings (see ``_config``), and ``build(config, home)``, which returns its
``Notifier``, or None if it is not configured. The file's name is the channel's name. A notifier formats a
``core.alerts.message.Notification`` and sends it within a time limit; when something is sent, and again, is decided in
``adapters/alerts/outbox.py``. Error messages never contain an address, password or token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from steel_assets.adapters.notifiers._config import ChannelConfig, ChannelError, configured, variables_of
from steel_assets.adapters.notifiers._post import NotificationRefused, NotSent, post
from steel_assets.core.alerts.message import Notification
from steel_assets.core.open_sets import members

__all__ = [
    "ChannelConfig",
    "ChannelError",
    "ChannelModule",
    "NotSent",
    "NotificationRefused",
    "Notifier",
    "channels",
    "configured",
    "post",
    "variables_of",
]


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


def channels() -> dict[str, ChannelModule]:
    """Every channel, configured or not, by name: the files of this folder and of the plugin folders."""
    return {name: cast(ChannelModule, module) for name, module in members(__name__).items()}
