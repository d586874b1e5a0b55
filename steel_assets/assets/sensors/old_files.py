"""Keeps the number of files bounded: compacts raw files of past days and deletes old measurements, alerts and pictures."""

import time

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.catalog import Catalog
from steel_assets.operations.maintenance import maintain

SECONDS = 30.0
"""Of one tick: a sensor is given sixty. What is left is the next one's."""


@dg.sensor(
    minimum_interval_seconds=6 * 3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Compacts the raw files of past days, one week of one endpoint group at a time. Deletes files that an earlier "
    "evaluation compacted, after comparing them row by row. Deletes measurements of the service, alerts told and "
    "pictures that are older than the catalogue keeps them.",
)
def old_files(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], lake: dg.ResourceParam[Lake]
) -> dg.SkipReason:
    until = time.monotonic() + SECONDS
    done = maintain(catalog, lake, pd.Timestamp.now("UTC"), lambda: time.monotonic() < until)
    return dg.SkipReason(done.text)
