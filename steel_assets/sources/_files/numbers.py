"""Parses numbers as people write them. Thousands and decimal marks are determined from the whole column.

A dot or a comma before three digits can be either. If every value of a column can be read with a decimal point and with a decimal
comma, with different results, the stored values of the series decide; otherwise it is refused with both readings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from steel_assets.sources._files.names import words
from steel_assets.sources._files.status_marks import Mark, without_mark
from steel_assets.sources._files.table import is_blank
from steel_assets.sources._files.units import joined_unit

NO_FIGURE = words(
    """. .. ... … - -- --- – — _ * x ? null none nil nan nat <na> na n/a n.a. n.a #n/a #n/d #nv #yok #na n/e ne nd n.d. n.d n/d
    s/d s.d. sd s/i n.m. nm n.v. n/v k.a. k/a -.- yok 无 暂无 missing"""
) | {"#n/a n/a", "not available", "no disponible", "no data", "sin dato"}
"""Cells that mean a missing value, in lower case."""

ERRORS = ("#ref!", "#div/0!", "#value!", "#name?", "#num!", "#null!", "#spill!", "#calc!", "#getting_data", "#¡", "#¿")
SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
LIKE = str.maketrans({**dict.fromkeys("’ʼ′´`", "'"), **dict.fromkeys("−–", "-"), "\u200b": "", "\u200e": ""})
LONGEST = 60
WRITTEN = re.compile(
    r"(?P<open>\()?(?P<before>[^0-9()+-]*?)\s?(?P<sign>[+-])?\s?(?P<inner>[^0-9()+.,-]*?)\s?"
    r"(?P<number>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?(?:[eE][+-]?[0-9]{1,3})?)"
    r"(?P<minus>-)?\s?(?P<after>[^0-9()]*?)\s?(?P<close>\))?"
)
BARE = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
PLAIN = {mark: re.compile(rf"(?:[0-9]+{re.escape(mark)}?[0-9]*|{re.escape(mark)}[0-9]+)(?:[eE][+-]?[0-9]+)?") for mark in ".,"}
GROUPED = {
    ".": re.compile(
        r"[1-9][0-9]{0,2}(?:([,' ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"
    ),
    ",": re.compile(r"[1-9][0-9]{0,2}(?:([.' ])[0-9]{3})(?:\1[0-9]{3})*(?:,[0-9]+)?"),
}
"""With a decimal point also the Indian form 1,23,456."""

EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
"""The figures that can be read in two ways."""


@dataclass(frozen=True)
class WrittenFigure:
    """A parsed cell: sign, digits and marks, the unit around it, and status marks behind it."""

    sign: int
    number: str
    unit: str
    status: Mark | None = None

    def value(self, decimal: str) -> float | None:
        """The value with ``decimal`` as the decimal mark; None if that is not possible."""
        if not (PLAIN[decimal].fullmatch(self.number) or GROUPED[decimal].fullmatch(self.number)):
            return None
        other = "," if decimal == "." else "."
        return self.sign * float(re.sub(f"[{other}' ]", "", self.number).replace(decimal, "."))


def is_no_figure(cell: object) -> bool:
    """Whether a cell is empty, or a mark for a missing value."""
    if isinstance(cell, str) and cell[:1].isdigit():
        return False
    return is_blank(cell) or (isinstance(cell, str) and SPACES.sub(" ", cell).strip().casefold() in NO_FIGURE)


def is_error(cell: object) -> bool:
    """Whether a cell is the error of a workbook's formula (#REF!)."""
    return isinstance(cell, str) and cell.strip().casefold().startswith(ERRORS)


def is_number(cell: object) -> bool:
    """Whether a cell has a numeric type."""
    return isinstance(cell, int | float | Decimal | np.number) and not isinstance(cell, bool | np.bool_)


def count(text: str) -> int | None:
    """An integer of at most nine digits; None if ``text`` is not one (Python refuses to parse thousands of digits)."""
    return int(text) if len(text) < 10 and text.isdecimal() else None


def written(cell: object) -> WrittenFigure | None:
    """A text as a number whose marks are not determined yet; None if it is not one."""
    if not isinstance(cell, str) or len(cell) > LONGEST:
        return None
    if BARE.fullmatch(cell):
        return WrittenFigure(1, cell, "")
    figure = _figure(cell)
    if figure is not None:
        return figure
    text, mark = without_mark(cell)
    figure = _figure(text) if mark else None
    return None if figure is None else replace(figure, status=mark)


def _figure(cell: str) -> WrittenFigure | None:
    found = WRITTEN.fullmatch(SPACES.sub(" ", cell.translate(LIKE)).strip())
    if found is None or (found["open"] is None) != (found["close"] is None):
        return None
    signs = [sign for sign in (found["open"], found["sign"], found["minus"]) if sign]
    units = [found[name].strip().casefold() for name in ("before", "inner", "after") if found[name].strip()]
    unit = joined_unit(units)
    glued = found["number"][0] in ".," and found.string[: found.start("number")][-1:].isalpha()  # Rs.500 is 500, not 0.5
    if len(signs) > 1 or unit is None or glued or (found["minus"] and found["after"].strip()):
        return None
    return WrittenFigure(-1 if signs and signs[0] != "+" else 1, found["number"], unit)
