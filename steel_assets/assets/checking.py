"""Asset checks: what a check found, and the severity of a failure, declared in the catalogue (``checks:`` in ``rules.yaml``).

The checks of the published tables are here too: programs other than this one can write to the warehouse.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Warehouse, WarehouseBusy, WarehouseError
from steel_assets.catalog import Catalog, CatalogError
from steel_assets.catalog.rules import Rules
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import MARKET_DAILY, WAREHOUSE_TABLES

REPORTED_BY = "reported_by"
"""Metadata of an evaluation: the check that notifies people of the same cause."""

FORMER_REPORTED_BY = "told_by"
"""The same in evaluations of releases up to 0.1, which a sensor may read after an upgrade."""

FAILED_CHECK = "failed_check"
"""The alert rule of checks that have none of their own."""

SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN, "error": dg.AssetCheckSeverity.ERROR}


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        text: one sentence for people.
        value: the measured figure, where there is one.
        reported_by: name of another check that failed for the same cause and raises the alert; this one is only shown.
        figures: the figures of several findings, by what each is about.
    """

    passed: bool
    text: str
    value: float | None = None
    reported_by: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


def alert_of(rules: Rules, check: str) -> str:
    """The alert rule that a failure of ``check`` triggers."""
    rule = rules.checks.get(check)
    return rule.alert if rule else FAILED_CHECK


def result(rules: Rules, asset: dg.AssetKey, check: str, verdict: Verdict) -> dg.AssetCheckResult:
    """``verdict`` as Dagster's result of ``check`` on ``asset``, with the severity that the catalogue declares."""
    more: dict[str, Any] = {"value": None if verdict.value is None else float(verdict.value), REPORTED_BY: verdict.reported_by}
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check,
        passed=bool(verdict.passed),
        severity=SEVERITIES[rules.check(check).severity],
        description=verdict.text,
        metadata={**verdict.figures, **{name: value for name, value in more.items() if value is not None}},
    )


def together(verdicts: Mapping[str, Verdict]) -> Verdict:
    """Several findings of one check as one verdict, whose text lists those that failed."""
    failed = [f"{subject}: {verdict.text}" for subject, verdict in verdicts.items() if not verdict.passed]
    figures = {subject: float(verdict.value) for subject, verdict in verdicts.items() if verdict.value is not None}
    return Verdict(not failed, "; ".join(failed) or f"all {len(verdicts)} passed", figures=figures)


def every_check_has_a_rule(rules: Rules, checks: Iterable[str]) -> None:
    """Refuse to load definitions whose checks differ from the catalogue's ``checks:``.

    Raises:
        CatalogError: a check has no rule, or a rule names no check.
    """
    there, declared = set(checks), set(rules.checks)
    if there - declared:
        missing = sorted(there - declared)
        raise CatalogError(
            f"rules.yaml: checks: {', '.join(missing)} has no severity; declare it in rules.yaml, "
            f"for example {missing[0]}: {{severity: warn}}"
        )
    if declared - there:
        raise CatalogError(
            f"rules.yaml: checks: there is no asset check {', '.join(sorted(declared - there))}; remove it from rules.yaml"
        )


RECENT = 7
"""Days of a table by day that are read back; older rows were read when they were new."""


def published_tables(catalog: Catalog, lake: Lake, warehouse: Warehouse, date: pd.Timestamp) -> dict[str, Verdict]:
    """The verdict on each table of the warehouse, and on each market's prices in the lake.

    Raises:
        WarehouseBusy: another process holds the warehouse's lock; this says nothing about the tables.
    """
    found = {table.name: _verdict(table, partial(_recent, warehouse, table, date)) for table in WAREHOUSE_TABLES}
    for market in catalog.markets:
        key = f"processed-data/daily/{market}.parquet"
        found[key] = _verdict(MARKET_DAILY, partial(lake.read, key))
    return found


def _recent(warehouse: Warehouse, table: Table, date: pd.Timestamp) -> pd.DataFrame:
    by_day = {column.name for column in table.columns if column.dtype == "date"}
    if table.partition_by not in by_day:
        return warehouse.read(table)
    days = pd.date_range(date - pd.Timedelta(days=RECENT), date)
    return warehouse.read(table, {str(table.partition_by): list(days)})


def _verdict(table: Table, read: Callable[[], pd.DataFrame]) -> Verdict:
    try:
        rows = table.enforce(read())
    except ObjectNotFound:
        return Verdict(True, "not written yet")
    except WarehouseBusy:
        raise
    except (WarehouseError, ValueError, NotImplementedError) as error:  # Arrow's refusals to convert a column are the last two
        return Verdict(False, str(error))
    return Verdict(passed=True, text=f"{len(rows)} rows fit the schema")
