"""How the champion did out of sample, horizon by horizon, for the table of ``steel forecast``."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console

from steel_assets.adapters.lake.damaged import UNREADABLE, why_not
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore


class Score(NamedTuple):
    """The champion's error ÷ the last price's on the same days, and the share of prices inside its 90 % interval."""

    mae_ratio: float
    coverage_90: float


Scores = dict[int, Score]


def champions_scores(store: ObjectStore, market: str) -> Scores:
    """By horizon; none before the first validation, and where its file is damaged, which is said."""
    key = f"predictions/validation/scores/{market}.parquet"
    try:
        content = store.get(key)
    except ObjectNotFound:
        return {}
    from steel_assets.adapters.lake.parquet_file import rows_from

    try:
        found: Scores = {}
        for row in rows_from(content):
            if row["model"] == "champion":
                found.setdefault(int(row["h"]), Score(float(row["mae_ratio"]), float(row["coverage_90"])))
        if not found:
            raise ValueError("it holds no score of the champion")
    except UNREADABLE as error:
        told = f"{key} is damaged: {why_not(error)}; the next validation writes it again"
        Console(stderr=True).print(told, style="yellow", markup=False, soft_wrap=True)
        return {}
    return found
