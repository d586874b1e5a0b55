"""Counts in assets' metadata for which the catalogue has an alert rule: quarantined rows, rejected candidates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.assets.sensors._log import moment_of, news
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.rules import AlertRule

LOG = "materialisations"


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Counts in the metadata of assets, such as quarantined rows, become alerts where the catalogue has a rule for "
    "them.",
)
def counted_rows(context: dg.SensorEvaluationContext, outbox: dg.ResourceParam[Outbox]) -> dg.SkipReason:
    return dg.SkipReason(evaluate(context.instance, outbox, datetime.now(UTC)))


def evaluate(instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> str:
    """Read new materialisations, report their conditions, and say how many there were."""
    first_look = timedelta(hours=outbox.rulebook.policy.first_look_hours)
    found = news(instance, dg.DagsterEventType.ASSET_MATERIALIZATION, outbox.alert_state().cursors.get(LOG), now, first_look)
    if found is None:
        return "no new materialisation"
    rules = [rule for rule in outbox.rulebook.rules.values() if rule.counts]
    outbox.report(conditions(found.events, rules), now, cursors={LOG: found.cursor})
    return f"{len(found.events)} new materialisations, read to {found.cursor.position}"


def conditions(events: Sequence[dg.EventLogRecord], rules: Sequence[AlertRule]) -> list[Condition]:
    """One condition per run, asset and rule: a run that covers many partitions repeats the same count for each."""
    found: dict[tuple[str, str, str], Condition] = {}
    for record in events:
        materialization = record.asset_materialization
        for rule in rules:
            value = materialization.metadata.get(rule.counts) if materialization and rule.counts else None
            if materialization and isinstance(value, dg.IntMetadataValue) and value.value is not None:
                asset = materialization.asset_key.to_user_string()
                found[(record.run_id, asset, rule.id)] = _condition(rule, asset, value.value, moment_of(record))
    return list(found.values())


def _condition(rule: AlertRule, asset: str, count: int, moment: datetime) -> Condition:
    return Condition(
        rule=rule.id,
        subject=asset,
        firing=count > (rule.above or 0),
        moment=moment,
        value=count,
        text=f"{count} {rule.counts}.",
        link=f"/assets/{asset}",
    )
