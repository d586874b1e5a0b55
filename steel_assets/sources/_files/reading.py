"""What was read of a file, and everything that was assumed or left out on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from steel_assets.sources._files.options import FileMapping


@dataclass(frozen=True)
class FileReading:
    """The outcome of reading one file. It is whole: a file with a mistake has none.

    Attributes:
        figures: by series: ``period, value``, ascending, one row for each period.
        assumed: by topic (``sheet``, ``header``, ``encoding``, ``dates``, ``marks``, …), in words.
        left_out: by topic (``rows above the header``, ``no figure``, …), in words; empty where nothing was.
        mapping: the options as they were used, what was found by itself included: it reads the next file of this kind alike.
    """

    figures: dict[str, pd.DataFrame]
    mapping: FileMapping
    assumed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        """All of it as lines for a person."""
        return [f"{topic}: {words}" for topic, words in self.assumed.items()] + [
            f"left out, {topic}: {words}" for topic, words in self.left_out.items()
        ]

    @property
    def as_json(self) -> dict[str, Any]:
        """All of it but the figures, for ``--json``."""
        return {"assumed": self.assumed, "left_out": self.left_out}
