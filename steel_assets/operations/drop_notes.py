"""A word in ``notes/`` about everything in the drop folder that is not imported: written once, taken away with its cause."""

import hashlib
import re
from collections.abc import Mapping

from steel_assets.adapters.drop_box import NOTES, DropBox
from steel_assets.adapters.objects.object_store import KEY

SHOWN_NAME = 100


def keep_notes(box: DropBox, before: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """Make the notes in ``box`` say ``words`` (by name) instead of ``before``: what is said for the first time."""
    new = {name: text for name, text in words.items() if before.get(name) != text}
    told = dict(new)
    for name in [*new, *(gone for gone in before if gone not in words)]:
        try:
            if name in new:
                box.write(NOTES, _file(name), f"{name}: {new[name]}\n".encode(errors="backslashreplace"))
            else:
                box.remove(NOTES, _file(name))
        except OSError as error:  # a folder that takes no notes: `steel status` has them
            told[name] = f"{new.get(name, '')} (no note could be written: {error.strerror or error})".strip()
    return told


def printable(name: str) -> str:
    """A name that anybody put there, short and in letters that can be printed."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name.encode(errors="backslashreplace").decode())
    return plain if len(plain) <= SHOWN_NAME else f"{plain[:SHOWN_NAME]}… ({hashlib.sha256(plain.encode()).hexdigest()[:8]})"


def _file(name: str) -> str:
    if KEY.fullmatch(name) and "/" not in name:
        return f"{name}.txt"
    plain = re.sub("[^A-Za-z0-9._-]", "_", name).lstrip("._-")[:60] or "name"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.txt"
