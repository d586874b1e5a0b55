"""What keeps a day's cost the same in year ten: raw files compacted, and what nobody needs any more deleted.

Everything here can be interrupted anywhere and is gone on with the next time; nothing that the platform published is touched.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake import Lake
from steel_assets.adapters.raw_compaction import LEAST, Compaction, compact
from steel_assets.catalog import Catalog
from steel_assets.core.service_use import FOLDER

DAY = re.compile(rf"{FOLDER}/(\d{{4}}-\d\d-\d\d)/")


@dataclass(frozen=True)
class Maintained:
    """What one round of maintenance did.

    Attributes:
        raw: what came of compacting raw files.
        measurements: files of the service's measurements that were deleted because they are older than the catalogue keeps them.
    """

    raw: Compaction
    measurements: int

    @property
    def text(self) -> str:
        """In one sentence."""
        rest = "; the next round goes on" if self.raw.remaining else ""
        return (
            f"{self.raw.compacted} raw files compacted, {self.raw.deleted} deleted that were compacted before, "
            f"{self.measurements} files of measurements deleted{rest}"
        )


def maintain(
    catalog: Catalog, lake: Lake, now: pd.Timestamp, go_on: Callable[[], bool] = lambda: True, *, least: int = LEAST
) -> Maintained:
    """One round of maintenance.

    Args:
        now: by the clock, UTC.
        go_on: asked between steps; where it says no, the rest is left for the next round.
        least: raw files of closed days that a group must have to be compacted.

    Raises:
        LakeError: a compacted file does not hold what was read; nothing was deleted.
        ObjectStoreError: the store refuses; nothing is lost.
    """
    raw = compact(lake, now.to_pydatetime(), least=least, go_on=go_on)
    return Maintained(raw, 0 if raw.remaining else _old_measurements(catalog, lake, now))


def _old_measurements(catalog: Catalog, lake: Lake, now: pd.Timestamp) -> int:
    """Delete the service's measurements of days before those that are kept; how many files."""
    first = f"{now - pd.Timedelta(days=catalog.rules.retention.measurement_days):%Y-%m-%d}"
    old = [key for key in lake.store.list(f"{FOLDER}/") if (day := DAY.match(key)) and day.group(1) < first]
    for key in old:
        lake.store.delete(key)
    return len(old)
