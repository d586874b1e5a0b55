"""Removes known status marks behind a period or a value (``2024/01 p/``, ``123.4 r``, ``12.5*``).

Statistical offices write p for preliminary, r for revised and e for estimated; a star, a dagger or a raised digit is a footnote.
An unknown mark is kept, so the cell is then not a date or a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

PRELIMINARY = "preliminary"
MEANINGS = {"p": PRELIMINARY, "r": "revised", "e": "estimated"}
WORDS = {
    **dict.fromkeys(
        ("preliminary", "prelim", "preliminar", "preliminares", "provisional", "prov", "vorlaufig", "vorläufig"), "p"
    ),
    **dict.fromkeys(("revised", "rev", "revisado", "revisada", "revisadas"), "r"),
    **dict.fromkeys(("estimated", "est", "estimado", "estimada"), "e"),
}
RAISED = {"ᵖ": "p", "ᴾ": "p", "ʳ": "r", "ᵉ": "e"}
LONGEST = 60
LETTER = f"(?:{'|'.join((*MEANINGS, *WORDS))})"
BEHIND = re.compile(
    rf"(?P<before>.*[0-9%.)\]])(?P<mark>\s*(?:<\s*(?P<angle>{LETTER})\.?\s*/?>|[(\[]\s*(?P<round>{LETTER})\.?\s*/?[)\]]|"
    rf"(?P<slash>{LETTER})\s*/|(?P<raised>[{''.join(RAISED)}])|\s(?P<apart>{LETTER})\.?|(?P<glued>[pr])|"
    r"(?P<note>\*{1,3}|[†‡]|[¹²³⁰⁴-⁹]{1,2})))",
    re.IGNORECASE,
)


class Mark(NamedTuple):
    """A mark as written, its meaning, and whether it is a bare letter, which could also be a unit."""

    written: str
    meaning: str
    bare: bool


def without_mark(text: str) -> tuple[str, Mark | None]:
    """A cell without its known mark, and the mark; the unchanged cell if there is none."""
    found = BEHIND.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return text, None
    mark = next((found[name] for name in ("angle", "round", "slash", "apart", "glued") if found[name]), "").casefold()
    letter = RAISED.get(found["raised"] or "", WORDS.get(mark, mark))
    bare = bool(found["apart"] or found["glued"])
    return found["before"].rstrip(), Mark(found["mark"].strip(), MEANINGS.get(letter, "a footnote"), bare)


def in_words(marks: Iterable[Mark]) -> str:
    """How many cells had which mark, for people; empty if none had one."""
    counts = Counter((mark.written, mark.meaning) for mark in marks)
    return ", ".join(f"{count:,} with {written!r} behind ({meaning})" for (written, meaning), count in counts.items())
