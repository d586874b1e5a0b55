"""How a channel says no: not now, or never."""

from __future__ import annotations


class NotSent(RuntimeError):
    """The channel cannot be used at present; the notification is to be tried again later.

    Attributes:
        perhaps_sent: True when the attempt ended without saying whether the notification was taken.
    """

    def __init__(self, why: str, *, perhaps_sent: bool = False) -> None:
        super().__init__(why)
        self.perhaps_sent = perhaps_sent


class NotificationRefused(RuntimeError):
    """The channel works and will never take this notification."""
