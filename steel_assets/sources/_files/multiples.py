"""Figures in thousands or millions (``1.5K``, ``1,21M``, ``0.5万``), as tables of prices write their volumes."""

from __future__ import annotations

import re
from decimal import Decimal

FACTORS = {
    **dict.fromkeys(("K", "k", "mil", "thousand", "Tsd", "Tsd."), 10**3),
    **dict.fromkeys(("M", "m", "mn", "mln", "mio", "Mio", "Mio.", "MM", "million", "millones"), 10**6),
    **dict.fromkeys(("B", "bn", "billion"), 10**9),
    "千": 10**3,
    "万": 10**4,
    "亿": 10**8,
}
LONGEST = 40
MULTIPLE = re.compile(
    rf"[+-]?(?P<number>[0-9][0-9.,' ]*?)\s?(?P<word>{'|'.join(map(re.escape, FACTORS))})(?P<unit>\s[a-z/]{{1,5}})?"
)
READINGS = {".": re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"), ",": re.compile(r"[0-9]+(?:\.[0-9]{3})*(?:,[0-9]+)?")}


def multiplied(cell: object) -> str:
    """What a figure with such a word behind it could be, in digits; empty for all other cells."""
    found = MULTIPLE.fullmatch(cell.strip()) if isinstance(cell, str) and len(cell) <= LONGEST else None
    if found is None:
        return ""
    number = re.sub(r"[' ]", "", found["number"])
    values = [
        Decimal(number.replace("," if decimal == "." else ".", "").replace(decimal, ".")) * FACTORS[found["word"]]
        for decimal, pattern in READINGS.items()
        if pattern.fullmatch(number)
    ]
    return " or ".join(dict.fromkeys(f"{value.normalize():,f}" for value in values))
