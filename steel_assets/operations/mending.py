"""What damaged raw files of imports had stored, worked out again from what those imports claimed."""

import pandas as pd

from steel_assets.adapters.import_ledger import ImportLedger
from steel_assets.adapters.lake import Lake
from steel_assets.adapters.parquet import to_parquet
from steel_assets.core.imports import SOURCE, Import, stored, without_periods
from steel_assets.core.tables import OBSERVATIONS


def mend_imports(lake: Lake, imports: ImportLedger) -> list[str]:
    """Write the raw files again whose imports still say what they claimed; their keys. To be called inside ``importing.turn``."""
    lost = imports.without_rows()
    if not lost:
        return []
    touched = {name for one in lost.values() for name in one.series}
    there = {one.id: one for one in [*imports.imports().values(), *lost.values()]}
    entries = sorted(there.values(), key=lambda one: (one.at, one.id))
    observations = lake.observations(touched)
    known = observations[observations["source"] != SOURCE]
    mended = []
    for one in (one for one in entries if not touched.isdisjoint(one.series)):
        if one.raw_file in lost and one.claims is None:
            continue
        rows = _stored(lake, imports, one, known)
        known = pd.concat([known, rows[rows["series"].isin(touched)]], ignore_index=True)
        if one.raw_file in lost:
            lake.store.put(one.raw_file, to_parquet(rows.sort_values(["series", "period", "published_at"], kind="stable")))
            mended.append(one.raw_file)
    return mended


def _stored(lake: Lake, imports: ImportLedger, one: Import, known: pd.DataFrame) -> pd.DataFrame:
    """What an import stored, given what was known of its series before."""
    claimed, at = imports.claims(one), pd.Timestamp(one.at)
    before = known[known["collected_at"] <= at]
    if one.overlap == "correction":
        mine = before["source"] == SOURCE
        before = pd.concat([before[~mine], without_periods(before[mine], claimed)])
    return OBSERVATIONS.enforce(stored(claimed, before, at, simulated=bool(lake.simulated)))
