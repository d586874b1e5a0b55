"""One daily run in a process of its own: ``python -m steel_assets_tests.bench.year_run MOMENT`` prints what it cost.

Home, lake, sandbox and how many markets (``BENCH_MARKETS``; all when not set) come from the environment. The catalogue's first
day of issue is early enough for every year of ``years``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date
from itertools import islice
from pathlib import Path

import pandas as pd

from steel_assets import bootstrap
from steel_assets.catalog import Catalog, load_catalog
from steel_assets_tests.bench.counted_store import CountedStore

FIRST_DAY = date(2016, 1, 1)


def early(extra: Path | None = None) -> Catalog:
    """The shipped catalogue, or its first markets and what they read, with days of issue from FIRST_DAY on."""
    whole = load_catalog(extra)
    kept = dict(islice(whole.markets.items(), int(os.environ.get("BENCH_MARKETS", len(whole.markets)))))
    read = {name for market in kept.values() for name in market.series_ids}
    whole = whole.model_copy(
        update={"markets": kept, "series": {name: series for name, series in whole.series.items() if name in read}}
    )
    schedules = whole.rules.schedules.model_copy(update={"first_day": FIRST_DAY})
    return whole.model_copy(update={"rules": whole.rules.model_copy(update={"schedules": schedules})})


def main(moment: pd.Timestamp) -> None:
    """Run, and print a line of JSON."""
    bootstrap.load_catalog = early
    from steel_assets.assets.resources import resources
    from steel_assets.assets.runs import instance_here, run_job
    from steel_assets.definitions import definitions, installation

    parts = bootstrap.platform()
    store = CountedStore(parts.store)
    parts.__dict__["store"] = store
    with instance_here() as instance:
        begun, cpu = time.perf_counter(), time.process_time()
        report = run_job(definitions(installation()), "daily_data_update", instance, resources(parts), moment)
        took = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}
    print(  # noqa: T201  this is the answer
        json.dumps(
            {
                "success": report.success,
                "failed": report.failed_steps,
                "requests": dict(store.requests),
                "steps": report.steps,
                "got": len(set(store.keys)),
            }
            | took
        )
    )


if __name__ == "__main__":
    main(pd.Timestamp(sys.argv[1]))
