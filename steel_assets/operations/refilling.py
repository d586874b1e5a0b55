"""A warehouse that was damaged and begun anew: what the lake holds of what was in it is written again."""

import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.objects.checksummed import Damaged
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, Table

PUBLISHED, EXPLAINED = "predictions/daily/", "predictions/explanations/"


def refill(lake: Lake, warehouse: Warehouse, published: Publications) -> str | None:
    """Write every forecast and explanation of the lake again, where the warehouse was begun anew; what was done, in words.

    Scores and metrics of forecasts are computed from them again. Decisions about models and older assessments of data quality
    are in the file that was set aside only.
    """
    told = warehouse.lost()
    if told is None:
        return None
    counts = [
        _refilled(lake, warehouse, published, table, folder)
        for table, folder in ((FORECASTS, PUBLISHED), (EXPLANATIONS, EXPLAINED))
    ]
    warehouse.filled_again()
    return f"{told}; {counts[0]} forecasts and {counts[1]} explanations of the lake were written again"


def _refilled(lake: Lake, warehouse: Warehouse, published: Publications, table: Table, folder: str) -> int:
    frames = []
    for key in lake.store.list(folder):
        if not key.endswith(".parquet"):
            continue
        try:
            rows = published.read(key) if table is FORECASTS else lake.read(key)
            frames.append(table.enforce(rows))
        except (DamagedFile, Damaged, ValueError):  # a damaged publication is told where it is read
            continue
    rows = pd.concat([table.empty(), *frames], ignore_index=True).drop_duplicates(list(table.key), keep="last")
    warehouse.upsert(table, rows)
    return len(rows)
