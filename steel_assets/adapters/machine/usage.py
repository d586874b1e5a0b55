"""The machine's usage of processors, memory and disk, and whether a process on it lives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.5
"""Seconds over which processor use is measured."""

CLOCK_SLACK = 5.0
"""Seconds by which a process may seem to have started after its own work."""


@dataclass(frozen=True)
class MachineUsage:
    """Shares in 0–1; None if the system does not tell."""

    cpu_share: float | None
    memory_share: float | None
    disk_share: float | None


class Worker:
    """A process, distinguished from any later one with the same number."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    @property
    def alive(self) -> bool:
        """False once it has ended; a zombie has ended."""
        try:
            return bool(self._process.is_running()) and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def worker(number: int, seen: float) -> Worker | None:
    """The process ``number`` that was running at the time ``seen`` (seconds since the epoch); None if it is gone.

    A process that started later has reused the number; ``CLOCK_SLACK`` allows for a clock that was set meanwhile.
    """
    try:
        process = psutil.Process(number)
        return Worker(process) if process.create_time() <= seen + CLOCK_SLACK else None
    except psutil.Error:
        return None


def use(folder: Path) -> MachineUsage:
    """What is used right now; the disk is the one that holds ``folder``."""
    return MachineUsage(_cpu_share(), _memory_share(), _disk_share(folder))


def _cpu_share() -> float | None:
    try:
        return float(psutil.cpu_percent(interval=LOOK_SECONDS)) / 100
    except (OSError, psutil.Error):
        return None


def _memory_share() -> float | None:
    try:
        return float(psutil.virtual_memory().percent) / 100
    except (OSError, psutil.Error):
        return None


def _disk_share(folder: Path) -> float | None:
    there = next((path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()), None)
    try:
        return None if there is None else float(psutil.disk_usage(str(there)).percent) / 100
    except (OSError, psutil.Error):
        return None
