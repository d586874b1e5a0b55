"""Channel ``log``: one JSON line per notification, appended to a file. It is always used, so that no notification is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from steel_assets.adapters.machine.disk import private_file
from steel_assets.adapters.notifiers import ChannelConfig, NotSent
from steel_assets.core.alerts.message import Notification


class Config(ChannelConfig):
    """Without fields."""


def build(config: Config, home: Path) -> LogFile:
    """See ``ChannelModule.build``."""
    return LogFile(home / "alerts.log")


class LogFile:
    """Lines in ``path``, synced to disk before ``send`` returns."""

    recipients: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, notification: Notification) -> Mapping[str, str]:
        """See ``Notifier.send``. A repeated notification that is already in the file is not written again."""
        try:
            private_file(self.path)
            if notification.repeat and self._has(notification.key):
                return {}
            with self.path.open("ab") as file:
                file.write(b"\n" * self._torn() + _line(notification))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotSent(f"the log file {self.path} cannot be written: {error.strerror}") from error
        return {}

    def _torn(self) -> bool:
        """Whether the last line has no newline because of a crash."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def _has(self, key: str) -> bool:
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            return any(_key(line) == key for line in file)


def _line(notification: Notification) -> bytes:
    messages = [
        {"id": message.stamp, "kind": message.kind, "title": message.title, "link": message.link, **dict(message.facts)}
        for message in notification.messages
    ]
    content = {
        "key": notification.key,
        "subject": notification.subject,
        "severity": notification.severity,
        "simulated": notification.simulated,
    }
    return json.dumps({**content, "messages": messages}, ensure_ascii=False).encode() + b"\n"


def _key(line: bytes) -> str | None:
    """The key in one complete line; None for a line that was cut off."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return content.get("key") if isinstance(content, dict) else None
