"""Channels that reach people, one per file. ``log.py`` is the exemplar; all inherit one conformance suite.

A channel's name is its file's. It puts a ``core.alerts.message.Letter`` in its own form and sends it, in bounded time; what
is sent when, and again, is decided in ``adapters/outbox.py``. No address, password or token is ever in an error's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from steel_assets.core.alerts.message import Letter


class NotSent(RuntimeError):
    """The channel cannot be used at present; the letter is to be tried again later.

    Attributes:
        perhaps_sent: True when the attempt ended without saying whether the letter was taken.
    """

    def __init__(self, why: str, *, perhaps_sent: bool = False) -> None:
        super().__init__(why)
        self.perhaps_sent = perhaps_sent


class Refused(RuntimeError):
    """The channel works and will never take this letter."""


class Notifier(Protocol):
    """A port: one channel.

    Attributes:
        recipients: the people whom it reaches one by one, as the settings name them; empty for a channel that is one place.
    """

    recipients: tuple[str, ...]

    def send(self, letter: Letter) -> Mapping[str, str]:
        """Hand ``letter`` over. When it returns, the channel has it for all recipients but those returned, with the reason.

        A letter marked ``repeat`` may have arrived before: a channel that can find out, does, and then sends nothing.

        Raises:
            NotSent: not now.
            Refused: never, for nobody.
        """
