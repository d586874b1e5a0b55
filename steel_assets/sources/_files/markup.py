"""Tables in web pages, which many sites save as ``.xls`` so that Excel opens them."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser

from steel_assets.sources._files.crosstab import find_crosstab
from steel_assets.sources._files.encodings import decoded
from steel_assets.sources._files.headers import has_table
from steel_assets.sources._files.numbers import count
from steel_assets.sources._files.table import MOST_COLUMNS, MOST_LINES, File, Grid, Row

CHARSET = re.compile(rb"""charset=["']?([A-Za-z0-9_-]{2,20})""")


def is_markup(content: bytes) -> bool:
    """Whether a file begins like a web page and has a table."""
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<style", b"<div", b"<body")) and (
        b"<table" in content.lower()
    )


def open_markup(file: File, encoding: str | None) -> Grid:
    """The first table of the page that holds dates and figures.

    Raises:
        ImportRefused: none does.
    """
    named = CHARSET.search(file.content[:4000])
    text, _, words = decoded(file, encoding or _existing(named[1].decode() if named else None))
    words = words if encoding else words.replace("(--encoding)", "as the page says")
    reader = _Tables(file)
    reader.feed(text)
    for rows in reader.tables:
        grid = Grid(file, [Row(number, cells) for number, cells in enumerate(rows, start=1)], assumed={"encoding": words})
        if has_table(grid) or find_crosstab(grid):
            grid.assumed["format"] = "a table of a web page, although it is named .xls"
            return grid
    raise file.refusal("it holds a web page without a table of dates and figures; save it as CSV, XLSX or Parquet")


def _existing(name: str | None) -> str | None:
    """The encoding that a page names, when there is one of that name."""
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None


class _Tables(HTMLParser):
    def __init__(self, file: File) -> None:
        super().__init__(convert_charrefs=True)
        self._file = file
        self.tables: list[list[list[object]]] = []
        self._text: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self._finish()
            self.tables[-1].append([])
            if len(self.tables[-1]) > MOST_LINES:
                raise self._file.too_many_rows()
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._finish()
            span = dict(attrs).get("colspan") or "1"
            self._text, self._span = [], min(count(span) or 1, MOST_COLUMNS)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._finish()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _finish(self) -> None:
        if self._text is not None:
            row = self.tables[-1][-1]
            row += [" ".join("".join(self._text).split()), *[None] * (self._span - 1)]
            self._text = None
            if len(row) > MOST_COLUMNS:
                raise self._file.too_many_columns(len(row))
