"""What the prediction service measured of itself, read from the lake where it wrote it."""

import pandas as pd

from steel_assets.adapters.lake import Lake
from steel_assets.core.service_use import FOLDER, Minute, parse


def service_minutes(lake: Lake, since: pd.Timestamp, until: pd.Timestamp) -> list[Minute]:
    """The minutes of every process of the service that began after ``since`` and not after ``until`` (UTC)."""
    days = pd.date_range(since.normalize(), until.normalize(), freq="D")
    keys = [key for day in days for key in lake.store.list(f"{FOLDER}/{day:%Y-%m-%d}/")]
    found = [minute for key in keys for minute in parse(lake.store.get(key))]
    return [minute for minute in found if since < pd.Timestamp(minute.minute) <= until]
