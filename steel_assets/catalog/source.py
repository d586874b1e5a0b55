"""The declaration of a source: a provider of data and the endpoint groups it is asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steel_assets.core.types import Declaration, Identifier


class Source(Declaration):
    """One provider, as the catalogue declares it. Its base URL and key are settings; how it is read, and how much it answers at
    most, is in ``sources/``; how often it may be asked depends on the plan, and is here."""

    id: Identifier
    name: str
    kind: Literal["api", "files"] = "api"
    groups: tuple[Identifier, ...]
    homepage: str = ""
    cache_ttl_hours: float = Field(default=0.0, ge=0)
    calls_per_minute: int | None = Field(default=None, ge=1)
    calls_per_day: int | None = Field(default=None, ge=1)
    seconds_between_calls: float | None = Field(default=None, gt=0, le=60)
    needs_key: bool = False

    @property
    def folder(self) -> str:
        """The source's folder in the lake: ``raw-data/<folder>/``."""
        return self.id.replace("_", "-")
