"""Providers that answer without new values: periods that are due by a series' own calendar and are not stored."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.freshness import missed_periods
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.providers import Providers

RULE = "stale_series"


@dg.sensor(
    minimum_interval_seconds=1800,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Series whose provider answers without new values become incidents. Days on which their exchange is closed are "
    "allowed for.",
)
def stale_series(
    context: dg.SensorEvaluationContext,
    catalog: dg.ResourceParam[Catalog],
    warehouse: dg.ResourceParam[Warehouse],
    providers: dg.ResourceParam[Providers],
    outbox: dg.ResourceParam[Outbox],
) -> dg.SkipReason:
    return dg.SkipReason(evaluate(catalog, warehouse, providers, outbox, datetime.now(UTC)))


def evaluate(catalog: Catalog, warehouse: Warehouse, providers: Providers, outbox: Outbox, now: datetime) -> str:
    """Report every provider's series in the newest assessment of data quality."""
    if not providers.asked:
        return "providers are not asked: STEEL_SOURCES=files"
    assessed = warehouse.read(DATA_QUALITY)
    if assessed.empty:
        return "no assessment of data quality yet"
    latest = assessed[assessed["date"] == assessed.groupby("series")["date"].transform("max")]
    conditions = [
        condition
        for name, rows in latest.groupby("series")
        if (condition := _condition(catalog, str(name), rows, pd.Timestamp(now))) is not None
    ]
    outbox.report(conditions, now, complete=frozenset({RULE}))
    return f"{len(conditions)} series watched, {sum(condition.firing for condition in conditions)} stale"


def _condition(catalog: Catalog, name: str, rows: pd.DataFrame, now: pd.Timestamp) -> Condition | None:
    series = catalog.series.get(name)
    if series is None or catalog.sources[series.source].kind != "api":
        return None
    newest = rows["newest_period"].max()
    limit = catalog.rules.freshness.missed_periods[series.frequency]
    missed = None if pd.isna(newest) else missed_periods(series, newest, now)
    text = "Nothing was ever received." if missed is None else f"Newest {newest:%Y-%m-%d}; {missed} later periods are out."
    return Condition(
        rule=RULE,
        subject=f"{series.name} ({name}, {series.source})",
        firing=missed is None or missed > limit,
        moment=now.to_pydatetime(),
        value=missed,
        severity="high" if bool(rows["critical"].any()) else None,
        text=text + (" A market cannot be forecast without it." if rows["critical"].any() else ""),
        facts={} if missed is None else {"day": f"{newest:%Y-%m-%d}"},
        link=f"/assets/raw/{series.source}/{series.group}",
    )
