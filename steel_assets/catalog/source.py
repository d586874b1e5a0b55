"""The declaration of a source: its address, key, limits and endpoint groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from steel_assets.core.types import Declaration, Identifier

Variable = Annotated[str, Field(pattern=r"^STEEL_[A-Z0-9_]+$")]


class Option(Declaration):
    """A setting of a source that an installation may choose: ``STEEL_OPTIONS__<SOURCE>__<NAME>``.

    Attributes:
        choices: the allowed values; any if empty.
        in_sandbox: its value on the sandbox; None for the same as elsewhere.
    """

    description: str
    default: str
    choices: tuple[str, ...] = ()
    in_sandbox: str | None = None

    @model_validator(mode="after")
    def _what_it_is_may_be(self) -> Self:
        for value in (self.default, self.in_sandbox):
            if value is not None and self.choices and value not in self.choices:
                raise ValueError(f"{value!r} is not one of the choices {', '.join(self.choices)}")
        return self


class Source(Declaration):
    """One provider.

    How its answers are read, and their limits, is in its connector (``sources/``); how often it may be asked depends on the plan,
    and is declared here.

    Attributes:
        base_url: its address, without the path; ``STEEL_BASE_URLS__<SOURCE>`` overrides it.
        key_setting: the variable of its key, if it has one; ``STEEL_KEYS__<SOURCE>`` takes precedence.
        needs_key: whether it is not asked at all without a key.
        options: settings that an installation may choose, by name.
    """

    id: Identifier
    name: str
    kind: Literal["api", "files"] = "api"
    groups: tuple[Identifier, ...]
    homepage: str = ""
    base_url: str | None = Field(default=None, pattern=r"^https?://.*[^/]$")
    cache_ttl_hours: float = Field(default=0.0, ge=0)
    calls_per_minute: int | None = Field(default=None, ge=1)
    calls_per_day: int | None = Field(default=None, ge=1)
    seconds_between_calls: float | None = Field(default=None, gt=0, le=60)
    key_setting: Variable | None = None
    needs_key: bool = False
    options: Mapping[Identifier, Option] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_provider_has_an_address(self) -> Self:
        if self.kind == "api" and self.base_url is None:
            raise ValueError("base_url is missing: where is this provider asked? For example https://api.tin.example")
        return self

    @property
    def folder(self) -> str:
        """The source's folder in the lake: ``raw-data/<folder>/``."""
        return self.id.replace("_", "-")

    @property
    def takes_key(self) -> bool:
        """Whether it has a key at all."""
        return self.needs_key or self.key_setting is not None

    @property
    def key_variable(self) -> str:
        """The variable that messages name for its key."""
        return self.key_setting or f"STEEL_KEYS__{self.id.upper()}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable about it; of two for the same setting, the first takes precedence."""
        name = self.id.upper()
        found = [f"STEEL_BASE_URLS__{name}", f"STEEL_{name}_BASE_URL"] if self.kind == "api" else []
        if self.takes_key:
            found += [f"STEEL_KEYS__{name}", self.key_setting or f"STEEL_{name}_API_KEY"]
        for option in self.options:
            found += [f"STEEL_OPTIONS__{name}__{option.upper()}", f"STEEL_{name}_{option.upper()}"]
        return tuple(found)
