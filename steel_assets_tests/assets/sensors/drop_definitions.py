"""What the daemon of ``test_drop_folder.py`` runs: the look into the drop folder, as often as a daemon looks."""

import dagster as dg
import pandas as pd

from steel_assets.assets.moment import FixedClock
from steel_assets.assets.resources import resources
from steel_assets.assets.sensors.dropped_files import evaluate
from steel_assets.bootstrap import platform


@dg.resource
def parts() -> object:
    return platform()


looks = dg.sensor(name="dropped_files", minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)(evaluate)

defs = dg.Definitions(sensors=[looks], resources=resources(parts, FixedClock(pd.Timestamp(0))))
