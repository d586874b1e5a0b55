"""The settings of a channel: a model in its file, filled from variables; errors name the variable.

A field ``url`` of the channel ``teams`` is the variable ``STEEL_CHANNELS__TEAMS__URL``; the ``alias`` of a field is a shorter
variable, used if the long one is not set. A list or tuple is written with commas between its entries. Passwords, tokens and
addresses that contain one are ``SecretStr``; they may be references (``sm://…``), which are looked up before the channel is
built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from steel_assets.core.problem import Problem
from steel_assets.core.words import LANGUAGES


class ChannelError(Problem):
    """The settings of a channel are not valid; the message names the variable, never its value."""


class ChannelConfig(BaseModel):
    """Base class of every channel's ``Config``: frozen, without undeclared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    def revealed(self, reveal: Callable[[SecretStr], SecretStr | None]) -> ChannelConfig:
        """The same settings with each secret replaced by what ``reveal`` returns."""
        secrets = {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), SecretStr)}
        return self.model_copy(update={name: reveal(value) for name, value in secrets.items()})


@dataclass(frozen=True)
class Recipients:
    """People whom a channel reaches individually, with the language of those who do not read the default one."""

    names: tuple[str, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)


def _recipients(value: object) -> object:
    if not isinstance(value, str):
        return value
    names: list[str] = []
    languages: dict[str, str] = {}
    for part in (part.strip() for part in value.split(",")):
        name, equals, language = part.partition("=")
        if equals and (language not in LANGUAGES or not name):
            raise ValueError("write the recipient's language after =, en or es")
        if name:
            names.append(name)
            languages |= {name: language} if language else {}
    return Recipients(tuple(names), languages)


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("it must start with http:// or https://")
    return url.rstrip("/")


Readers = Annotated[Recipients, BeforeValidator(_recipients)]
"""Recipients, separated by commas; ``ana@acme.mx=es`` reads Spanish."""

Address = Annotated[str, AfterValidator(_http)]
"""The address of a server."""

C = TypeVar("C", bound=ChannelConfig)


def variables_of(channel: str, kind: type[ChannelConfig]) -> dict[str, tuple[str, ...]]:
    """The variables of each field; of two, the first takes precedence."""
    return {
        name: (f"STEEL_CHANNELS__{channel.upper()}__{name.upper()}", *([about.alias] if about.alias else []))
        for name, about in kind.model_fields.items()
    }


def configured(channel: str, kind: type[C], own: Mapping[str, SecretStr], named: Callable[[str], SecretStr | None]) -> C:
    """The settings of ``channel``.

    Args:
        own: values by field (``STEEL_CHANNELS__<CHANNEL>__<FIELD>``).
        named: returns the value of a variable, for fields with a shorter one.

    Raises:
        ChannelError: a value is not valid for its field, a field is missing, or one is unknown.
    """
    variables = variables_of(channel, kind)
    strange = sorted(set(own) - set(variables))
    if strange:
        known = ", ".join(variables) or "none"
        raise ChannelError(
            f"STEEL_CHANNELS__{channel.upper()}__{strange[0].upper()} is not a setting of the channel; use {known}"
        )
    found: dict[str, Any] = {}
    for name, (_, *shorter) in variables.items():
        value = own.get(name) or next((value for value in map(named, shorter) if value is not None), None)
        if value is not None:
            found[name] = _listed(kind, name, value.get_secret_value())
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        problems = [_problem_in_words(problem, variables) for problem in error.errors(include_input=False, include_url=False)]
    raise ChannelError(f"channel {channel}: {'; '.join(problems)}")


def _listed(kind: type[ChannelConfig], name: str, value: str) -> str | list[str]:
    """``value`` as the field takes it: of a list or tuple, what stands between its commas."""
    if get_origin(kind.model_fields[name].annotation) not in (list, tuple, set):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _problem_in_words(problem: Any, variables: Mapping[str, tuple[str, ...]]) -> str:
    """One validation error, with the variable to change."""
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    place = str(problem["loc"][0])
    variable = next((names[-1] for field, names in variables.items() if place in (field, *names)), place)
    return f"{variable}: {message}"
