"""What the machine is using: shares of its processors, memory and disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.5
"""How long the processors are watched for one figure."""


@dataclass(frozen=True)
class Use:
    """Shares in 0–1; None where the system does not say."""

    cpu_share: float | None
    memory_share: float | None
    disk_share: float | None


def use(folder: Path) -> Use:
    """What is used right now; the disk is the one that holds ``folder``."""
    return Use(_cpu_share(), _memory_share(), _disk_share(folder))


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
