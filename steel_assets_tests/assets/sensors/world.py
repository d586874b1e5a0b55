"""Assets that do as their tags tell them: fail, fail a check, warn, count. Used in process and by a real daemon."""

import os
from datetime import timedelta
from pathlib import Path

import dagster as dg


@dg.asset(
    check_specs=[
        dg.AssetCheckSpec("good", asset="prices"),
        dg.AssetCheckSpec("blocks", asset="prices", blocking=True),
    ],
    freshness_policy=dg.FreshnessPolicy.cron("0 4 * * *", timedelta(hours=3)),
)
def prices(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    told = context.run.tags.get("told", os.environ.get("TOLD", ""))
    if told == "raise":
        raise ValueError("the provider sent a picture of a cat")
    warns = dg.AssetCheckSeverity.WARN if told == "warn" else dg.AssetCheckSeverity.ERROR
    return dg.MaterializeResult(
        metadata={"quarantined": int(context.run.tags.get("quarantined", "0"))},
        check_results=[
            dg.AssetCheckResult(
                check_name="good", passed=told not in ("bad", "warn"), severity=warns, description="two rows are negative"
            ),
            dg.AssetCheckResult(check_name="blocks", passed=told != "block"),
        ],
    )


update = dg.define_asset_job("update", selection=[prices])


def materialise(instance: dg.DagsterInstance, told: str = "", job: str = "update", **tags: str) -> dg.ExecuteInProcessResult:
    """One run of a job of that name, told what to do."""
    jobs = [dg.define_asset_job(job, selection=[prices])]
    runnable = dg.Definitions(assets=[prices], jobs=jobs).resolve_job_def(job)
    return runnable.execute_in_process(instance=instance, tags={"told": told, **tags}, raise_on_error=False)


def with_databases(folder: Path) -> Path:
    """The instance that ``folder`` describes, its databases made and empty: making them takes longer than most tests."""
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        instance.delete_run(materialise(instance).run_id)
        instance.wipe_assets([dg.AssetKey("prices")])
        instance.all_instigator_state()
    return folder
