"""Asset checks that failed, blocking or not, in any run, from the command line too."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.assets.checking import TOLD_BY
from steel_assets.assets.declare import nature
from steel_assets.assets.sensors._log import moment_of, news
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.conditions import Condition

LOG = "asset checks"


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Failed asset checks become incidents, passed ones end them.",
)
def failed_checks(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    return dg.SkipReason(look(context.instance, platform, datetime.now(UTC)))


def look(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> str:
    """Read on, report, and say how many evaluations were new."""
    outbox, first_look = platform.outbox, timedelta(hours=platform.catalog.rules.alerts.first_look_hours)
    found = news(instance, dg.DagsterEventType.ASSET_CHECK_EVALUATION, outbox.book().marks.get(LOG), now, first_look)
    if found is None:
        return "no new evaluation"
    outbox.report(conditions(found.events, found.context, untold(platform)), now, marks={LOG: found.mark})
    return f"{len(found.events)} new evaluations, read to {found.mark.position}"


def untold(platform: Platform) -> frozenset[str]:
    """Checks of which people hear by an alert rule about the same figure."""
    return frozenset(name for name, check in platform.catalog.rules.checks.items() if not check.told)


def conditions(
    events: Sequence[dg.EventLogRecord], context: Sequence[dg.EventLogRecord], silent: frozenset[str] = frozenset()
) -> list[Condition]:
    """What ``events`` mean: one condition per cause.

    An evaluation of all partitions together says nothing new beside those of each in the same run, nor does one of whose cause
    another check tells.

    Args:
        silent: names of checks that are not told.
    """
    by_partition = {_check(one) for one in context if _evaluation(one).partition}
    told = [one for one in events if _evaluation(one).check_name not in silent and TOLD_BY not in _evaluation(one).metadata]
    return [_condition(one) for one in told if _evaluation(one).partition or _check(one) not in by_partition]


def _condition(record: dg.EventLogRecord) -> Condition:
    found = _evaluation(record)
    asset = found.asset_key.to_user_string()
    warns = found.severity == dg.AssetCheckSeverity.WARN
    return Condition(
        rule="failed_check",
        subject=f"{asset}: {found.check_name}" + (f" [{found.partition}]" if found.partition else ""),
        firing=not found.passed,
        moment=moment_of(record),
        severity="low" if warns else None,
        text=found.description or "",
        link=f"/assets/{asset}?view=checks&checkDetail={found.check_name}",
        simulated=nature() == "simulated",
    )


def _check(record: dg.EventLogRecord) -> tuple[str, str, str]:
    found = _evaluation(record)
    return record.run_id, found.asset_key.to_user_string(), found.check_name


def _evaluation(record: dg.EventLogRecord) -> dg.AssetCheckEvaluation:
    event = record.event_log_entry.get_dagster_event()
    return event.asset_check_evaluation_data
