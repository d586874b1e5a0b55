"""A4 pages in fpdf, with matplotlib's fonts, which have Spanish letters and the signs used."""

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
"""In points; text that does not fit at this size is cut."""

Align = Literal["L", "R", "C"]


class Paper(FPDF):
    """Pages with a label on top and a line below.

    Args:
        title, language, made: metadata of the file; a fixed ``made`` makes the same report an identical file.
        label: on top of every page; none if empty.
        closing: at the bottom of every page, with its number.
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
        """Draw the label on its background."""
        if self._label:
            self.set_fill_color(WARNED)
            self.rect(MARGIN, 9, WIDTH, 7, style="F")
            self.at(MARGIN + 3, 9, WIDTH, self._label, size=9, bold=True, color=WARNING, height=7)
            self.set_y(19)

    def footer(self) -> None:
        """Draw the closing line and the page number."""
        self.at(MARGIN, 297 - BOTTOM + 3, WIDTH - 15, self._closing, size=6.5, color=PALE)
        self.at(MARGIN, 297 - BOTTOM + 3, WIDTH, str(self.page_no()), size=6.5, color=PALE, align="R")

    def inked(self, size: float, *, bold: bool = False, color: str = INK) -> None:
        """Set size (points), weight and colour of the text that follows."""
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
        """One line of ``text`` in a box of ``width``: smaller if it is too long, then cut with …; the position is kept."""
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
        """``text`` in as many lines as it needs; return their height."""
        here = self.get_x(), self.get_y()
        self.inked(size, color=color)
        self.set_xy(x, y)
        high = self.multi_cell(width, 0.46 * size, text, align="L", output=MethodReturnValue.HEIGHT)
        self.set_xy(*here)
        return float(high) if isinstance(high, float | int) else 0.0

    def rule(self, y: float, x: float = MARGIN, width: float = WIDTH, color: str = LINE, thick: float = 0.2) -> None:
        """Draw a horizontal line."""
        self.set_draw_color(color)
        self.set_line_width(thick)
        self.line(x, y, x + width, y)

    def room(self, height: float) -> None:
        """Start a new page if less than ``height`` is left."""
        if height > self.left:
            self.add_page()

    @property
    def left(self) -> float:
        """Millimetres left above the bottom margin."""
        return 297 - BOTTOM - self.get_y()

    def section(self, title: str, *, least: float = 5) -> None:
        """A heading, kept on one page with the ``least`` millimetres that follow."""
        self.room(least + 7)
        y = self.get_y() + 2
        self.at(MARGIN, y, WIDTH, title, size=9.5, bold=True, height=4.6)
        self.rule(y + 5.2, color=ACCENT, thick=0.3)
        self.set_y(y + 6.2)

    def bullet(self, lead: str, text: str) -> None:
        """A list item: ``lead`` in bold, then ``text``."""
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
        """The PDF file."""
        return bytes(self.output())


def _fonts() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf"
