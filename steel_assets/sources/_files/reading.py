"""The result of reading a file, with everything assumed or left out; and values that its series hold already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.sources._files.options import FileMapping


@dataclass(frozen=True)
class FileReading:
    """The complete result of reading one file; a file with an error has none.

    Attributes:
        figures: by series: ``period, value``, ascending, one row for each period.
        assumed: by topic (``sheet``, ``header``, ``encoding``, ``dates``, ``marks``, …), in words.
        left_out: by topic (``rows above the header``, ``no figure``, …), in words; empty if nothing was.
        mapping: the options used, including those determined automatically; it reads the next file of this kind alike.
    """

    figures: dict[str, pd.DataFrame]
    mapping: FileMapping
    assumed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def assumptions(self) -> list[str]:
        """Everything assumed and left out, as lines for people."""
        return [f"{topic}: {words}" for topic, words in self.assumed.items()] + [
            f"left out, {topic}: {words}" for topic, words in self.left_out.items()
        ]

    @property
    def as_json(self) -> dict[str, Any]:
        """Everything except the values, for ``--json``."""
        return {"assumed": self.assumed, "left_out": self.left_out}


def held(known: pd.DataFrame | None, series: str) -> pd.DataFrame:
    """``period, value``, ascending: the newest value that ``known`` has for each period of ``series``."""
    if known is None or known.empty:
        return pd.DataFrame({"period": pd.Series(dtype="datetime64[ns]"), "value": pd.Series(dtype="float64")})
    mine = known[known["series"] == series].sort_values("collected_at", kind="stable").drop_duplicates("period", keep="last")
    return mine.dropna(subset="value").sort_values("period")[["period", "value"]]


def nearest_held(known: pd.DataFrame | None, series: str, days: Sequence[pd.Timestamp]) -> np.ndarray:
    """For each of ``days`` the value of the nearest period of ``series`` in ``known``; NaN if there is none."""
    mine = held(known, series)
    if mine.empty:
        return np.full(len(days), np.nan)
    periods = mine["period"].to_numpy("datetime64[ns]")
    wanted = pd.DatetimeIndex(days).to_numpy("datetime64[ns]")
    after = np.clip(np.searchsorted(periods, wanted), 0, len(periods) - 1)
    before = np.clip(after - 1, 0, None)
    nearer = np.where(np.abs(periods[after] - wanted) <= np.abs(wanted - periods[before]), after, before)
    return mine["value"].to_numpy("float64")[nearer]
