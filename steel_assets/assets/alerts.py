"""Stage 9, alerts: a table of every alert, reminder and recovery that was sent or waits to be sent."""

from datetime import timedelta

import dagster as dg
import pandas as pd

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.declare import Installation
from steel_assets.assets.metadata import schema_of, summary
from steel_assets.assets.moment import Clock
from steel_assets.assets.system import KEY as SYSTEM_METRICS
from steel_assets.core.alerts.history import alert_rows
from steel_assets.core.tables import ALERTS

KEY = dg.AssetKey("alert_history")
LOOK_BACK = timedelta(days=40)
"""History older than this does not change any more: nothing waits that long."""


def alert_history(here: Installation) -> dg.AssetsDefinition:
    """The asset that writes the table of alerts, reminders and recoveries."""

    @dg.asset(
        key=KEY,
        deps=[SYSTEM_METRICS],
        metadata=schema_of(ALERTS),
        description="Every alert, reminder and recovery: subject, start, severity, the channels that have sent it and those "
        "that still wait to.",
        **here.stage("alerts", "duckdb"),
    )
    def history_table(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        outbox: dg.ResourceParam[Outbox],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        moment = clock.moment(context)
        alert_state = outbox.alert_state()
        rows = alert_rows([*outbox.history(moment.to_pydatetime() - LOOK_BACK), *alert_state.queue], moment)
        warehouse.upsert(ALERTS, rows)
        incidents = pd.DataFrame(
            [
                {"rule": incident.rule, "subject": incident.subject, "severity": incident.severity, "since": incident.since}
                for incident in alert_state.open_incidents
            ]
        )
        return dg.MaterializeResult(
            metadata=summary(incidents, warehouse=warehouse.uri(ALERTS))
            | {"dagster/row_count": len(rows), "open_incidents": len(incidents), "waiting": len(alert_state.queue)}
        )

    return history_table
