"""Keys of the catalogue that were renamed: the former name is still read, with a warning, until a later release refuses it."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("steel.catalog")


def renamed(declared: Any, where: str, **names: str) -> Any:
    """``declared`` with the keys of this release.

    Args:
        declared: a declaration as it was read; what is no mapping comes back as it is.
        where: where in the catalogue it stands, for the warning.
        names: former name → name now. Where both are there, as in shipped rules that a user's file changes, the former one's
            value counts; of two mappings the fields that it names.
    """
    if not isinstance(declared, dict):
        return declared
    for former, name in names.items():
        if former in declared:
            log.warning("%s.%s is now called %s; rename it, a later release refuses it", where, former, name)
            rest, value = {key: entry for key, entry in declared.items() if key != former}, declared[former]
            present = rest.get(name)
            if isinstance(present, dict) and isinstance(value, dict):
                value = present | value
            declared = rest | {name: value}
    return declared
