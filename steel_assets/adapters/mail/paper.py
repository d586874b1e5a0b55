"""Sheets of A4 to write and draw on, in the fonts that come with matplotlib, which have Spanish letters and the signs used."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from steel_assets.adapters.mail.fan import ACCENT, INK

PALE, LINE, WARNING, WARNED = "#5b6672", "#d5dade", "#5f2c0a", "#fde68a"
MARGIN, WIDTH, BOTTOM = 12.0, 186.0, 14.0
"""Millimetres: at each side, between them, and below what is written."""

SMALLEST = 4.5
"""Points; what does not fit with letters so small is cut."""

Align = Literal["L", "R", "C"]


class Paper(FPDF):
    """Sheets with a label on each of them and a line below.

    Args:
        title, language, made: what the file says of itself; ``made`` makes the same morning the same file.
        label: shown on top of every sheet; none where it is empty.
        closing: stands below every sheet, beside its number.
    """

    def __init__(self, title: str, language: str, made: datetime, label: str, closing: str) -> None:
        super().__init__(format="A4")
        self._label, self._closing = label, closing
        fonts = _fonts()
        self.add_font("DejaVu", "", fonts / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", fonts / "DejaVuSans-Bold.ttf")
        self.set_margins(MARGIN, 10, MARGIN)
        self.set_auto_page_break(True, BOTTOM)
        self.set_title(f"{label}: {title}" if label else title)
        self.set_lang(language)
        self.set_creator("Steel Assets")
        self.set_creation_date(made)
        self.c_margin = 0
        self.add_page()

    def header(self) -> None:
        """The label, on a ground of its own."""
        if self._label:
            self.set_fill_color(WARNED)
            self.rect(MARGIN, 9, WIDTH, 7, style="F")
            self.at(MARGIN + 3, 9, WIDTH, self._label, size=9, bold=True, color=WARNING, height=7)
            self.set_y(19)

    def footer(self) -> None:
        """What closes every sheet, and its number."""
        self.at(MARGIN, 297 - BOTTOM + 3, WIDTH - 15, self._closing, size=6.5, color=PALE)
        self.at(MARGIN, 297 - BOTTOM + 3, WIDTH, str(self.page_no()), size=6.5, color=PALE, align="R")

    def inked(self, size: float, *, bold: bool = False, color: str = INK) -> None:
        """Write on in this size (points), weight and colour."""
        self.set_font("DejaVu", "B" if bold else "", size)
        self.set_text_color(color)

    def at(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        *,
        size: float = 7.5,
        bold: bool = False,
        color: str = INK,
        align: Align = "L",
        height: float = 3.6,
    ) -> None:
        """One line of ``text`` in a box of ``width``: smaller where it is longer, then cut with …; the flow stays where it is."""
        here = self.get_x(), self.get_y()
        self.inked(size, bold=bold, color=color)
        while size > SMALLEST and self.get_string_width(text) > width:
            size -= 0.25
            self.inked(size, bold=bold, color=color)
        shown = text
        while shown and self.get_string_width(text) > width:
            shown = shown[:-1]
            text = f"{shown}…"
        self.set_xy(x, y)
        self.cell(width, height, text, align=align)
        self.set_xy(*here)

    def several(self, x: float, y: float, width: float, text: str, *, size: float = 7, color: str = PALE) -> float:
        """``text`` in as many lines as it takes; how high they are."""
        here = self.get_x(), self.get_y()
        self.inked(size, color=color)
        self.set_xy(x, y)
        high = self.multi_cell(width, 0.46 * size, text, align="L", output=MethodReturnValue.HEIGHT)
        self.set_xy(*here)
        return float(high) if isinstance(high, float | int) else 0.0

    def rule(self, y: float, x: float = MARGIN, width: float = WIDTH, color: str = LINE, thick: float = 0.2) -> None:
        """A line across."""
        self.set_draw_color(color)
        self.set_line_width(thick)
        self.line(x, y, x + width, y)

    def room(self, height: float) -> None:
        """Go on to the next sheet where less than ``height`` is left."""
        if height > self.left:
            self.add_page()

    @property
    def left(self) -> float:
        """Millimetres down to the margin below."""
        return 297 - BOTTOM - self.get_y()

    def section(self, title: str, *, least: float = 5) -> None:
        """A heading, not parted from the ``least`` that follows."""
        self.room(least + 7)
        y = self.get_y() + 2
        self.at(MARGIN, y, WIDTH, title, size=9.5, bold=True, height=4.6)
        self.rule(y + 5.2, color=ACCENT, thick=0.3)
        self.set_y(y + 6.2)

    def bullet(self, lead: str, text: str) -> None:
        """A point of a list: ``lead`` in bold, then ``text``."""
        self.set_left_margin(MARGIN + 3)
        self.at(MARGIN, self.get_y(), 3, "•", size=7, color=ACCENT)
        self.set_x(MARGIN + 3)
        if lead:
            self.inked(7, bold=True)
            self.write(3.5, f"{lead} ")
        self.inked(7)
        self.write(3.5, text)
        self.set_left_margin(MARGIN)
        self.ln(3.9)

    def written(self) -> bytes:
        """The file."""
        return bytes(self.output())


def _fonts() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf"
