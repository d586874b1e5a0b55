"""Asset checks that failed, blocking or not, in any run, including runs started on the command line."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.checking import FAILED_CHECK, FORMER_REPORTED_BY, REPORTED_BY, alert_of
from steel_assets.assets.sensors._log import moment_of, news
from steel_assets.catalog import Catalog
from steel_assets.catalog.rules import Rules
from steel_assets.core.alerts.conditions import Condition

LOG = "asset checks"


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Failed asset checks become incidents, which end when the check passes.",
)
def failed_checks(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], outbox: dg.ResourceParam[Outbox]
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, catalog, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, catalog: Catalog, outbox: Outbox, now: datetime) -> str:
    """Read new evaluations, report their conditions, and say how many there were."""
    first_look = timedelta(hours=catalog.rules.alerts.first_look_hours)
    found = news(instance, dg.DagsterEventType.ASSET_CHECK_EVALUATION, outbox.alert_state().cursors.get(LOG), now, first_look)
    if found is None:
        return "no new evaluation"
    outbox.report(conditions(found.events, catalog.rules), now, cursors={LOG: found.cursor})
    return f"{len(found.events)} new evaluations, read to {found.cursor.position}"


def conditions(events: Sequence[dg.EventLogRecord], rules: Rules) -> list[Condition]:
    """The conditions that ``events`` report, one per cause.

    A check with an alert rule of its own is reported under that rule, with its market as subject. Two kinds of failures are not
    reported here: of a check whose figure has an alert rule, and of a check whose cause another check reports.
    """
    silent = {name for name, check in rules.checks.items() if not check.notify}
    return [_condition(event, rules) for event in events if _evaluation(event).check_name not in silent and not _reported(event)]


def _reported(record: dg.EventLogRecord) -> bool:
    """Whether another check notifies people of the same cause."""
    return not {REPORTED_BY, FORMER_REPORTED_BY}.isdisjoint(_evaluation(record).metadata)


def _condition(record: dg.EventLogRecord, rules: Rules) -> Condition:
    found = _evaluation(record)
    asset = found.asset_key.to_user_string()
    rule = alert_of(rules, found.check_name)
    return Condition(
        rule=rule,
        subject=f"{asset}: {found.check_name}" if rule == FAILED_CHECK else found.asset_key.path[0],
        firing=not found.passed,
        moment=moment_of(record),
        severity="low" if found.severity == dg.AssetCheckSeverity.WARN else None,
        text=found.description or "",
        facts={"check": found.check_name, **_named(found)},
        link=f"/assets/{asset}?view=checks&checkDetail={found.check_name}",
    )


def _named(evaluation: dg.AssetCheckEvaluation) -> dict[str, str]:
    """The day that the check's metadata name, for the text of the message."""
    return {name: str(evaluation.metadata[name].value) for name in ("day",) if name in evaluation.metadata}


def _evaluation(record: dg.EventLogRecord) -> dg.AssetCheckEvaluation:
    event = record.event_log_entry.get_dagster_event()
    return event.asset_check_evaluation_data
