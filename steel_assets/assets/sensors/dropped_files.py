"""The folder or bucket into which people drop files of their own history."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from steel_assets.assets.dropping import take
from steel_assets.bootstrap import Platform


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A table dropped with a YAML file beside it is imported once; a failure is explained next to the file.",
)
def dropped_files(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult | dg.SkipReason:
    taken = take(platform, pd.Timestamp(datetime.now(UTC)).floor("s"))
    for one in taken:
        context.log.info(f"{one.name}: {one.outcome}: {one.text}")
    if not taken:
        return dg.SkipReason(f"nothing new in {platform.drop_box.where}")
    event = dg.AssetMaterialization(
        asset_key=["raw", "file_import", "files"],
        description=f"files dropped into {platform.drop_box.where}",
        metadata={one.name: f"{one.outcome}: {one.text}" for one in taken},
    )
    return dg.SensorResult(asset_events=[event])
