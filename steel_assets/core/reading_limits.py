"""How much a process may use up that reads one strange file."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.types import Declaration


class ReadingLimits(Declaration):
    """Beyond any of these a file is refused; the message names the limit.

    Attributes:
        memory_mb: MiB of address space beyond what the program takes before it has read anything.
        cpu_seconds: of computing.
        seconds: on the wall. With the drop folder's ``seconds`` before it, it fits into the minute that Dagster gives a sensor.
    """

    memory_mb: int = Field(default=1024, ge=16)
    cpu_seconds: int = Field(default=25, ge=1)
    seconds: float = Field(default=30.0, gt=0)
