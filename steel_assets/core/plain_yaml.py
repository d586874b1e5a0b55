"""Reads YAML from untrusted sources: plain keys, values and lists, limited in size and depth.

Anchors, aliases, merges and tags are refused: nine lines of them can expand to a billion values. Too deep nesting would overflow
a recursive parser. The whole text is checked before anything is built.
"""

from __future__ import annotations

from typing import Any

import yaml

LARGEST_BYTES = 64 * 1024
DEEPEST = 8


class NotPlain(ValueError):
    """A text is not plain YAML; the message says what it contains instead."""


def load_plain(content: bytes, *, largest: int = LARGEST_BYTES, deepest: int = DEEPEST) -> Any:
    """The content of a YAML text of at most ``largest`` bytes and ``deepest`` levels.

    Raises:
        NotPlain: it is not plain YAML, or beyond a limit.
    """
    if len(content) > largest:
        raise NotPlain(f"it is larger than {largest // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")
        _look_through(text, deepest)
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, NotPlain):
            raise
        where, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        raise NotPlain(
            f"it is not YAML{f' (line {where.line + 1})' if where else ''}{f': {problem}' if problem else ''}"
        ) from error


def _look_through(text: str, deepest: int) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise NotPlain(f"it has an anchor or alias (& or *, {_line(event)}); write every value out")
        if getattr(event, "tag", None) is not None:
            raise NotPlain(f"it has a tag (!, {_line(event)}); write plain keys and values")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > deepest:
                raise NotPlain(f"it is nested deeper than {deepest} levels ({_line(event)})")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            raise NotPlain(f"it has a merge (<<, {_line(event)}); write every value out")


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"
