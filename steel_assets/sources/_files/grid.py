"""A table that is wholly in memory: its rows, and what is known of the program that wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from steel_assets.sources._files.table import MOST_COLUMNS, File, Row, is_blank


@dataclass(frozen=True)
class Grid:
    """See ``Table``."""

    file: File
    cells: Sequence[Row]
    exact_width: bool = False
    point_is_decimal: bool = False
    epoch_1904: bool = False
    assumed: dict[str, str] = field(default_factory=dict)

    def rows(self, columns: Collection[int] | None = None) -> Iterator[Row]:
        """See ``Table``."""
        for row in self.cells:
            if len(row.cells) > MOST_COLUMNS:
                raise self.file.too_many_columns(len(row.cells), f"row {row.number}")
            if not all(is_blank(cell) for cell in row.cells):
                yield row
