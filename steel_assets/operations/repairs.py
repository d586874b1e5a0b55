"""Repairs damaged files from what else is stored.

Raw files of imports are computed again from the imports' own records; a warehouse that had to be created anew is filled from the
lake.
"""

import pandas as pd

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.lake.parquet import to_parquet
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.objects.checksummed import Damaged
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.core.imports import SOURCE, Import, stored, without_periods
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, OBSERVATIONS


def mend_imports(lake: Lake, imports: ImportLedger) -> list[str]:
    """Write damaged raw files again whose imports' records are intact; return their keys. Call it inside ``importing.turn``."""
    lost = imports.without_rows()
    if not lost:
        return []
    touched = {name for imported in lost.values() for name in imported.series}
    there = {imported.id: imported for imported in [*imports.imports().values(), *lost.values()]}
    entries = sorted(there.values(), key=lambda imported: (imported.at, imported.id))
    observations = lake.observations(touched)
    known = observations[observations["source"] != SOURCE]
    mended = []
    for known_import in (imported for imported in entries if not touched.isdisjoint(imported.series)):
        if known_import.raw_file in lost and known_import.claims is None:
            continue
        rows = _stored(lake, imports, known_import, known)
        known = pd.concat([known, rows[rows["series"].isin(touched)]], ignore_index=True)
        if known_import.raw_file in lost:
            lake.store.put(
                known_import.raw_file, to_parquet(rows.sort_values(["series", "period", "published_at"], kind="stable"))
            )
            mended.append(known_import.raw_file)
    return mended


def _stored(lake: Lake, imports: ImportLedger, imported: Import, known: pd.DataFrame) -> pd.DataFrame:
    """The rows that an import stored, given what was known of its series before."""
    claimed, at = imports.claims(imported), pd.Timestamp(imported.at)
    before = known[known["collected_at"] <= at]
    if imported.overlap == "correction":
        mine = before["source"] == SOURCE
        before = pd.concat([before[~mine], without_periods(before[mine], claimed)])
    return OBSERVATIONS.enforce(stored(claimed, before, at, simulated=bool(lake.simulated)))


PUBLISHED, EXPLAINED = "predictions/daily/", "predictions/explanations/"


def refill(lake: Lake, warehouse: Warehouse, published: Publications) -> str | None:
    """Write all forecasts and explanations of the lake into a warehouse that was created anew; return a sentence, or None.

    Their scores and metrics are computed again later. Decisions about models and earlier assessments of data quality are only in
    the damaged file, which was moved aside.
    """
    loss = warehouse.lost()
    if loss is None:
        return None
    counts = [
        _refilled(lake, warehouse, published, table, folder)
        for table, folder in ((FORECASTS, PUBLISHED), (EXPLANATIONS, EXPLAINED))
    ]
    warehouse.filled_again()
    return f"{loss}; {counts[0]} forecasts and {counts[1]} explanations of the lake were written again"


def _refilled(lake: Lake, warehouse: Warehouse, published: Publications, table: Table, folder: str) -> int:
    frames = []
    for key in lake.store.list(folder):
        if not key.endswith(".parquet"):
            continue
        try:
            rows = published.read(key) if table is FORECASTS else lake.read(key)
            frames.append(table.enforce(rows))
        except (DamagedFile, Damaged, ValueError):  # a damaged publication is reported where it is read
            continue
    rows = pd.concat([table.empty(), *frames], ignore_index=True).drop_duplicates(list(table.key), keep="last")
    warehouse.upsert(table, rows)
    return len(rows)
