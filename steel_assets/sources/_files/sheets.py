"""Chooses the sheet of a workbook: the named one, or the first visible one with a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from steel_assets.sources._files.crosstab import find_crosstab
from steel_assets.sources._files.headers import has_table
from steel_assets.sources._files.table import File, FileTable, listed


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells, not yet read."""

    name: str
    hidden: bool
    open: Callable[[], FileTable]


def chosen(file: File, sheets: Sequence[Sheet], name: str | None) -> tuple[FileTable, str]:
    """The table, and in words which sheet it is.

    Raises:
        ImportRefused: there is no such sheet, or no visible one has a table.
    """
    if name is not None:
        return _named(file, sheets, name)
    if not sheets:
        raise file.refusal("the workbook has no sheet with cells")
    visible = [sheet for sheet in sheets if not sheet.hidden]
    opened = [(sheet, sheet.open()) for sheet in visible]
    holding = [(sheet, table) for sheet, table in opened if has_table(table) or find_crosstab(table)]
    hidden = [sheet.name for sheet in sheets if sheet.hidden]
    if not holding:
        filled = [(sheet, table) for sheet, table in opened if next(table.rows(), None) is not None]
        if not filled:
            also = f" (hidden: {listed(hidden)})" if hidden else ""
            raise file.refusal(
                f"sheet {listed([repr(sheet.name) for sheet in visible])} is empty{also}; name another one with --sheet"
            )
        holding = filled[:1]
    sheet, table = holding[0]
    others = [entry.name for entry, _ in holding[1:]]
    notes = [
        *(
            ["the only one with a table" if len(sheets) > 1 else "the only one"]
            if not others
            else ["the first of those with a table"]
        ),
        *([f"also {listed(others)}"] if others else []),
        *([f"hidden: {listed(hidden)}"] if hidden else []),
    ]
    return table, f"{sheet.name!r} ({'; '.join(notes)})"


def _named(file: File, sheets: Sequence[Sheet], name: str) -> tuple[FileTable, str]:
    for sheet in sheets:
        if sheet.name == name:
            table = sheet.open()
            if next(table.rows(), None) is None:
                raise file.refusal(f"sheet {name!r} is empty; name another one with --sheet")
            return table, f"{sheet.name!r} (--sheet{', hidden' if sheet.hidden else ''})"
    raise file.refusal(f"there is no sheet {name!r}; --sheet can be {', '.join(repr(sheet.name) for sheet in sheets)}")
