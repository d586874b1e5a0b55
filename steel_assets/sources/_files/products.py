"""Long files with rows of several series: names the columns that distinguish them, and refuses to mix them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from steel_assets.sources._files.body import Body, text
from steel_assets.sources._files.cells import is_name
from steel_assets.sources._files.headers import Header
from steel_assets.sources._files.names import KIND_NAMES, LABEL_NAMES, alike
from steel_assets.sources._files.table import File, FileTable, is_blank, listed


def product_columns(header: Header, taken: Collection[int]) -> list[int]:
    """Columns whose names suggest that they distinguish products."""
    names = KIND_NAMES | LABEL_NAMES
    return [place for place, own in enumerate(header.names) if place not in taken and any(alike(name) in names for name in own)]


def check_one_product(file: File, header: Header, body: Body, columns: Sequence[int], places: Sequence[int]) -> dict[str, str]:
    """Refuse rows (``places`` of the body) of several products, units or currencies; return how many labels there were.

    A label (a symbol) may change with time, as a front contract's does; what a price is of and in may not.
    """
    varying = {}
    for column in columns:
        values = list(
            dict.fromkeys(text(body.cells[column][place]) for place in places if not is_blank(body.cells[column][place]))
        )
        if len(values) < 2:
            continue
        name = header.columns[column]
        if any(alike(name) in KIND_NAMES for name in header.names[column]):
            remedy = f"say --where {_quoted(name)}={_quoted(values[0])}"
            raise file.refusal(f"column {name!r} tells several series apart ({listed(values, 20)}); {remedy}")
        varying[f"column {name!r}"] = f"its {len(values)} values ({listed(values, 5)}) were read as one series"
    return varying


def how_told_apart(table: FileTable, header: Header, rows: Collection[int]) -> str:
    """The columns of text that differ between ``rows``, as a remedy; empty if none does."""
    wanted = set(rows)
    read = [row for row in table.rows() if row.number in wanted]
    for column in range(header.width):
        cells = [row.cells[column] if column < len(row.cells) else None for row in read]
        values = list(dict.fromkeys(text(cell) for cell in cells))
        if len(values) > 1 and all(map(is_name, cells)):
            name = header.columns[column]
            return f"column {name!r} tells them apart ({listed(values, 20)}): say --where {_quoted(name)}={_quoted(values[0])}"
    return ""


def _quoted(word: str) -> str:
    return word if word.isalnum() else f'"{word}"'
