"""Stage 9, alerts: everything that was told, as a table."""

from datetime import timedelta

import dagster as dg
import pandas as pd

from steel_assets.assets.declare import stage
from steel_assets.assets.metadata import schema_of, summary
from steel_assets.assets.metrics import metrics_daily
from steel_assets.assets.moment import moment_of
from steel_assets.bootstrap import Platform
from steel_assets.core.alerts.history import alert_rows
from steel_assets.core.tables import ALERTS

LOOK_BACK = timedelta(days=40)
"""History older than this does not change any more: nothing waits that long."""


@dg.asset(
    deps=[metrics_daily],
    metadata=schema_of(ALERTS),
    description="Every alert, reminder and recovery: what, since when, how bad, the channels that have it and those that wait.",
    **stage("alerts", "duckdb"),
)
def alert_history(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    moment = moment_of(context)
    book = platform.outbox.book()
    rows = alert_rows([*platform.outbox.history(moment.to_pydatetime() - LOOK_BACK), *book.queue], moment)
    platform.warehouse.upsert(ALERTS, rows)
    incidents = pd.DataFrame(
        [{"rule": one.rule, "subject": one.subject, "severity": one.severity, "since": one.since} for one in book.open_incidents]
    )
    return dg.MaterializeResult(
        metadata=summary(incidents, warehouse=platform.warehouse.uri(ALERTS))
        | {"dagster/row_count": len(rows), "open_incidents": len(incidents), "waiting": len(book.queue)}
    )
