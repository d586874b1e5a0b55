"""A user's folder in which every provider answered and the latest issue was published: nothing is in doubt."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from steel_assets.cli.dates import last_issue
from steel_assets.operations.collection_records import note
from steel_assets_tests.serving.sample import issue_again, publish, put_in_force
from steel_assets_tests.steel import Steel


def published_home(folder: Path) -> Steel:
    """Made below ``folder``, with sixty days of forecasts behind it."""
    steel = Steel(folder)
    parts, now = publish(folder / ".steel"), pd.Timestamp.now("UTC").floor("s")
    for market in parts.catalog.markets:
        price = parts.lake.read(f"processed-data/daily/{market}.parquet")["price"].iloc[-1]
        issue_again(parts, market, float(price), last_issue(now, parts.catalog.rules), publishing=False)
        scores = pd.DataFrame({"model": "champion", "h": [1, 5], "mae_ratio": [0.9, 0.8], "coverage_90": [0.9, 0.91]})
        parts.lake.write(f"predictions/validation/scores/{market}.parquet", scores)
    for source in parts.catalog.sources.values():
        for group in source.groups if source.kind == "api" else ():
            note(parts.store, source, group, now, [declared.id for declared in parts.catalog.series_of(source.id, group)], {}, {})
    put_in_force(parts)
    return steel


if __name__ == "__main__":
    published_home(Path(sys.argv[1]))
