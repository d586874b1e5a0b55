"""What reading the lake costs: ``python -m steel_assets_tests.bench.reads``.

Every observation of a year of daily files, read through the lake (which joins, types and checks them), over reading the bytes of
the same files once and parsing them with Arrow, in turns: processor time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.bench.service import say

FILES, ROWS = 250, 40
TURNS = 5


def main() -> None:
    """Measure and print one line."""
    with tempfile.TemporaryDirectory() as folder:
        _filled(Path(folder))
        rows = len(Lake(LocalFolder(Path(folder))).observations())
        spent: list[tuple[float, float]] = []
        for _ in range(TURNS):
            spent.append((_cpu(lambda: _ours(Path(folder))), _cpu(lambda: _bytes_once(Path(folder)))))
        ours, once = (median(turn[place] for turn in spent) for place in (0, 1))
    say(f"reading {rows:,} observations, CPU", f"{ours:.3f} s ÷ {once:.3f} s for the bytes of {FILES} files = {ours / once:.2f}")
    record("reads: every observation", "parsing the same bytes once", ours / once, f"CPU, {rows:,} rows in {FILES} files")


def _filled(folder: Path) -> None:
    lake, rng = Lake(LocalFolder(folder)), np.random.default_rng(0)
    for day in pd.bdate_range("2025-01-02", periods=FILES):
        moment = day.tz_localize("UTC") + pd.Timedelta(hours=8)
        rows = pd.DataFrame({"series": [f"series_{number}" for number in range(ROWS)], "value": rng.uniform(1, 2, ROWS)})
        about = {"period": day, "published_at": moment, "collected_at": moment, "source": "fred_api", "simulated": True}
        lake.append_observations(rows.assign(**about), "fred-api", "bench")


def _ours(folder: Path) -> None:
    Lake(LocalFolder(folder)).observations()


def _bytes_once(folder: Path) -> None:
    for path in sorted(folder.rglob("*.parquet")):
        pq.read_table(BytesIO(path.read_bytes()), use_threads=False)


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main()
