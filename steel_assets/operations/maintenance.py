"""Compacts raw files and deletes what is no longer read, so that the time of a daily run does not grow over the years.

It can be interrupted at any point and continues the next time. Nothing published is changed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.alerts.records import HISTORY
from steel_assets.adapters.lake import pictures
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.raw_compaction import LEAST, Compaction, compact
from steel_assets.catalog import Catalog
from steel_assets.core.service_use import FOLDER

DAY = re.compile(rf"{FOLDER}/(\d{{4}}-\d\d-\d\d)/")
MONTH = re.compile(rf"{HISTORY}(\d{{4}}-\d\d)/")


@dataclass(frozen=True)
class Maintained:
    """What one round of maintenance did.

    Attributes:
        raw: the result of compacting raw files.
        measurements: number of the service's measurement files deleted for their age.
        alerts: number of files of sent alerts deleted for their age.
        pictures: number of pictures deleted for their age.
    """

    raw: Compaction
    measurements: int
    alerts: int = 0
    pictures: int = 0

    @property
    def text(self) -> str:
        """The result in one sentence."""
        rest = "; the next round goes on" if self.raw.remaining else ""
        return (
            f"{self.raw.compacted} raw files compacted, {self.raw.deleted} deleted that were compacted before, "
            f"{self.measurements} files of measurements, {self.alerts} of alerts and {self.pictures} pictures deleted{rest}"
        )


def maintain(
    catalog: Catalog, lake: Lake, now: pd.Timestamp, go_on: Callable[[], bool] = lambda: True, *, least: int = LEAST
) -> Maintained:
    """One round of maintenance.

    Args:
        now: by the clock, UTC.
        go_on: called between steps; when it returns False, the rest is left for the next round.
        least: groups with at least this many raw files of past days are compacted.

    Raises:
        LakeError: a compacted file differs from what was read; nothing was deleted.
        ObjectStoreError: the store failed; nothing is lost.
    """
    raw = compact(lake, now.to_pydatetime(), least=least, go_on=go_on)
    if raw.remaining:
        return Maintained(raw, 0)
    kept = catalog.rules.retention
    return Maintained(
        raw,
        _before(lake, f"{FOLDER}/", DAY, f"{now - pd.Timedelta(days=kept.measurement_days):%Y-%m-%d}"),
        _before(lake, HISTORY, MONTH, f"{now - pd.Timedelta(days=kept.alert_days):%Y-%m}"),
        _before(lake, pictures.FOLDER, pictures.KEY, f"{now - pd.Timedelta(days=kept.run_days):%Y-%m-%d}"),
    )


def _before(lake: Lake, folder: str, dated: re.Pattern[str], first: str) -> int:
    """Delete the files in ``folder`` of days or months before ``first``; return how many."""
    old = [key for key in lake.store.list(folder) if (day := dated.match(key)) and day.group(1) < first]
    for key in old:
        lake.store.delete(key)
    return len(old)
