"""A warehouse that was damaged and begun anew: what the lake holds of what was in it is written again."""

import pandas as pd

from steel_assets.adapters import warehouse_damage
from steel_assets.adapters.lake import DamagedFile
from steel_assets.adapters.sealed import Damaged
from steel_assets.bootstrap import Platform
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, Table

PUBLISHED, EXPLAINED = "predictions/daily/", "predictions/explanations/"


def lost(platform: Platform) -> str | None:
    """What is to be told of a damaged warehouse, until it is filled again."""
    chosen = platform.settings
    return warehouse_damage.lost(chosen.warehouse_path) if chosen.warehouse_kind == "duckdb" else None


def refill(platform: Platform) -> str | None:
    """Write every forecast and explanation of the lake again, where the warehouse was begun anew; what was done, in words.

    Scores and metrics of forecasts are computed from them again. Decisions about models and older assessments of data quality
    are in the file that was set aside only.
    """
    told = lost(platform)
    if told is None:
        return None
    counts = [_refilled(platform, table, folder) for table, folder in ((FORECASTS, PUBLISHED), (EXPLANATIONS, EXPLAINED))]
    warehouse_damage.filled_again(platform.settings.warehouse_path)
    return f"{told}; {counts[0]} forecasts and {counts[1]} explanations of the lake were written again"


def _refilled(platform: Platform, table: Table, folder: str) -> int:
    frames = []
    for key in platform.store.list(folder):
        if not key.endswith(".parquet"):
            continue
        try:
            rows = platform.published.read(key) if table is FORECASTS else platform.lake.read(key)
            frames.append(table.enforce(rows))
        except (DamagedFile, Damaged, ValueError):  # a damaged publication is told where it is read
            continue
    rows = pd.concat([table.empty(), *frames], ignore_index=True).drop_duplicates(list(table.key), keep="last")
    platform.warehouse.upsert(table, rows)
    return len(rows)
