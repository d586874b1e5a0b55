"""What the workers load: the platform on the catalogue of the settings, at one moment, with the executor of the settings."""

import os

import dagster as dg
import pandas as pd

from steel_assets.assets.executor import chosen_executor
from steel_assets.assets.jobs import jobs
from steel_assets.assets.moment import FixedClock
from steel_assets.assets.resources import resources
from steel_assets.bootstrap import platform
from steel_assets.definitions import assets, installation, platform_resource

HERE = installation()

parts = platform()
defs = dg.Definitions(
    assets=assets(HERE),
    jobs=jobs(HERE),
    resources=resources(platform_resource, FixedClock(pd.Timestamp(os.environ["MANY_MOMENT"]))),
    executor=chosen_executor(parts.settings, parts.secrets),
)
