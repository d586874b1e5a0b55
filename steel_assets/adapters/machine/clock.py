"""Detects jumps of this machine's clock, by comparison with the clock that counts since boot.

A clock set forward would publish forecasts of the future; one set back would repeat the past.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from steel_assets.adapters.machine.disk import make_folder, write_private

BOOT = Path("/proc/sys/kernel/random/boot_id")


def since_boot() -> float:
    """Seconds since boot, including sleep if the system counts it; it cannot be set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockRecord:
    """The readings of both clocks at the last issue, in one small file."""

    def __init__(
        self,
        path: Path,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = since_boot,
        boot: Path = BOOT,
    ) -> None:
        self.path = path
        self._wall = wall
        self._steady = steady
        self._boot = boot

    def jump_seconds(self) -> float:
        """By how much the wall clock moved ahead (+) or back (-) of the other since the last note; 0 after a restart."""
        try:
            noted = json.loads(self.path.read_bytes())
            then = (str(noted["boot"]), float(noted["wall"]), float(noted["steady"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return 0.0
        if then[0] != self._this_boot():
            return 0.0
        return (self._wall() - then[1]) - (self._steady() - then[2])

    def note(self) -> None:
        """Store the present readings of both clocks.

        Raises:
            OSError: the file cannot be written.
        """
        make_folder(self.path.parent)
        noted = {"boot": self._this_boot(), "wall": self._wall(), "steady": self._steady()}
        write_private(self.path, json.dumps(noted).encode())

    def _this_boot(self) -> str:
        try:
            return self._boot.read_text().strip()
        except OSError:
            return ""
