"""``python -m steel_assets_tests.chaos.daily.eve JOB …``: run these jobs as of the day before, in this folder."""

from __future__ import annotations

import sys

import dagster as dg
import pandas as pd

from steel_assets_tests.chaos.daily.definitions import EVE, defs


def main() -> None:
    """Exit code 1 when a run failed."""
    from steel_assets.assets.resources import resources
    from steel_assets.assets.runs import run_job  # only after the definitions cut down the catalogue
    from steel_assets.bootstrap import platform

    with dg.DagsterInstance.get() as instance:
        done = [run_job(defs, job, instance, resources(platform()), pd.Timestamp(EVE)) for job in sys.argv[1:]]
    sys.exit("; ".join(f"{report.job}: {report.failed_steps}" for report in done if not report.success) or 0)


if __name__ == "__main__":
    main()
