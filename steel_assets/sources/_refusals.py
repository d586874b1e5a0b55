"""Checks that every connector makes on an answer before parsing it: whether it is a refusal; and removes the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from steel_assets.core.responses import Response
from steel_assets.core.types import Series
from steel_assets.sources._connector import Access, Exhausted, SeriesRefused, SourceError

LONGEST_QUOTE = 240
ABOUT_THE_CALLER = frozenset({401, 402, 410})
"""Statuses about the caller, not the series: bad credentials, an expired plan, a deleted account."""

M = TypeVar("M", bound=BaseModel)


def accepted(response: Response, provider: str, remedy: str, access: Access) -> bytes:
    """The content of an answer that is not a refusal, without the key, which some providers repeat in it.

    Raises:
        SeriesRefused: any status but 200; the message quotes the provider.
        Exhausted: a status about the caller.
    """
    content = access.without_key(response.content)
    if response.status == 200:
        return content
    message = f"{provider} refused ({response.status}): {quoted(content)}; {remedy}"
    raise Exhausted(message) if response.status in ABOUT_THE_CALLER else SeriesRefused(message, response.status, quoted(content))


def shaped(model: type[M], content: bytes, provider: str, expected: str) -> M:
    """``content`` as ``model``; unknown keys are ignored.

    Raises:
        SourceError: it is not JSON, or lacks what the model needs; the message says what was expected and what came.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole of it"
        raise SourceError(
            f"{provider} answered in an unknown shape: expected {expected}, but {where}: {problem['msg']}; "
            f"it said {quoted(content)}",
            content,
        ) from None


def refuse_renamed(rows: Sequence[BaseModel], fields: Sequence[str], provider: str, content: bytes) -> None:
    """Refuse rows of which none has one of ``fields``: the field was renamed, and every row would look like a missing value.

    Raises:
        SourceError: there are rows, and none has it.
    """
    for name in fields if rows else ():
        if not any(name in row.model_fields_set for row in rows):
            written = type(rows[0]).model_fields[name].alias or name
            raise SourceError(
                f"{provider} answered in an unknown shape: no row has {written!r}; it said {quoted(content)}", content
            )


def refuse_another(symbol: object, series: Series, provider: str, content: bytes) -> None:
    """Refuse an answer about another symbol than requested, for example from a faulty cache.

    Raises:
        SourceError: it is about another.
    """
    if symbol and str(symbol).strip().casefold() != str(series.symbol).casefold():
        raise SourceError(
            f"{provider} answered about {symbol!s:.40} when asked for {series.symbol}; nothing of it is kept", content
        )


def quoted(content: bytes) -> str:
    """A provider's own words, shortened, on one line."""
    text = " ".join(content[: 8 * LONGEST_QUOTE].decode("utf-8", "replace").split())
    text = "".join(letter for letter in text if letter.isprintable())
    if text.startswith("<"):
        return "an HTML page"
    return f"“{text[:LONGEST_QUOTE]}{'…' if len(text) > LONGEST_QUOTE else ''}”" if text else "nothing"
