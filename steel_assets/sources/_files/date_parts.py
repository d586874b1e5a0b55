"""Dates whose parts stand in columns of their own: year and month, year and quarter, day and month and year."""

from __future__ import annotations

from collections.abc import Sequence

from steel_assets.sources._files.body import text

QUARTERS = ("1", "2", "3", "4")


def joined(parts: Sequence[Sequence[object]], *, quarters: bool) -> list[object]:
    """One cell for each row. Of parts, one that is empty repeats the one above: a year may stand once over its months.

    Args:
        quarters: the last part is the number of a quarter.
    """
    if len(parts) == 1:
        return list(parts[0])
    whole: list[object] = []
    last: list[str] = [""] * len(parts)
    for cells in zip(*parts, strict=True):
        texts = [text(cell) for cell in cells]
        last = [one or before for one, before in zip(texts[:-1], last[:-1], strict=True)] + [texts[-1]]
        if quarters and texts[-1] in QUARTERS:
            last[-1] = f"q{texts[-1]}"
        whole.append(" ".join(last) if texts[-1] else None)
    return whole
