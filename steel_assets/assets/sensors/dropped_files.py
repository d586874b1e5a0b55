"""Imports the files that people put into the drop folder or bucket."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pandas as pd

from steel_assets.adapters.drop_box import DropBox
from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.operations.dropping import take
from steel_assets.operations.importing import ImportsBusy


def evaluate(
    context: dg.SensorEvaluationContext,
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[Lake],
    imports: dg.ResourceParam[ImportLedger],
    drop_box: dg.ResourceParam[DropBox],
    home: dg.ResourceParam[Path],
) -> dg.SensorResult | dg.SkipReason:
    try:
        found = take(catalog, lake, imports, drop_box, home, pd.Timestamp(datetime.now(UTC)).floor("s"))
    except ImportsBusy:
        return dg.SkipReason(f"another scan of {drop_box.where} is still running")
    for dropped in found:
        context.log.info(f"{dropped.name}: {dropped.outcome}: {dropped.text}")
    taken = [dropped for dropped in found if dropped.outcome in ("imported", "known already", "failed")]
    if not taken:
        return dg.SkipReason(f"nothing new in {drop_box.where}")
    event = dg.AssetMaterialization(
        asset_key=["raw", "file_import", "files"],
        description=f"files dropped into {drop_box.where}",
        metadata={dropped.name: f"{dropped.outcome}: {dropped.text}" for dropped in taken},
    )
    return dg.SensorResult(asset_events=[event])


dropped_files = dg.sensor(
    name="dropped_files",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports each dropped table that has a YAML file beside it, once. If that fails, a text beside the file "
    "explains why.",
)(evaluate)
