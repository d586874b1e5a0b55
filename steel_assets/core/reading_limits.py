"""Limits of a process that reads one untrusted file."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.types import Declaration


class ReadingLimits(Declaration):
    """A file that exceeds any of these is refused; the message names the limit.

    Attributes:
        memory_mb: MiB of address space beyond what the program uses before reading.
        cpu_seconds: of processor time.
        seconds: of elapsed time. Together with the drop folder's ``seconds`` it fits into the minute that Dagster gives a sensor.
    """

    memory_mb: int = Field(default=1024, ge=16)
    cpu_seconds: int = Field(default=25, ge=1)
    seconds: float = Field(default=30.0, gt=0)
