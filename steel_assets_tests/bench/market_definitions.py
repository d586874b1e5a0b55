"""The platform with ``BENCH_MARKETS`` markets, copies of the shipped five, and the executor ``BENCH_EXECUTOR``."""

import os
from itertools import cycle, islice
from pathlib import Path

import dagster as dg
import pandas as pd
from joblib import cpu_count

from steel_assets import bootstrap, definitions
from steel_assets.assets.jobs import jobs
from steel_assets.assets.moment import FixedClock
from steel_assets.assets.resources import resources
from steel_assets.catalog import Catalog, load_catalog
from steel_assets_tests.bench.step_log import LOGGERS

COUNT = int(os.environ["BENCH_MARKETS"])
EXECUTORS = {
    "in_process": dg.in_process_executor,
    "multiprocess": dg.multiprocess_executor.configured({"max_concurrent": cpu_count()}),
}


def many(extra: Path | None = None) -> Catalog:
    """The shipped catalogue with ``COUNT`` markets: the default one first, then copies of each in turn."""
    whole = load_catalog(extra)
    shipped = sorted(whole.markets.values(), key=lambda market: market.id != whole.rules.default_market)
    copies = islice(cycle(shipped), COUNT)
    markets = [
        copy if place < len(shipped) else copy.model_copy(update={"id": f"{copy.id}_{place}"})
        for place, copy in enumerate(copies)
    ]
    return whole.model_copy(update={"markets": {market.id: market for market in markets}})


bootstrap.load_catalog = many
HERE = definitions.installation()

defs = dg.Definitions(
    assets=definitions.assets(HERE),
    jobs=jobs(HERE),
    resources=resources(definitions.platform_resource, FixedClock(pd.Timestamp(os.environ["BENCH_MOMENT"]))),
    executor=EXECUTORS[os.environ["BENCH_EXECUTOR"]],
    loggers=LOGGERS,
)
