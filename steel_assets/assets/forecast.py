"""Stage 7, forecast: quantiles for every horizon of a market, by day of issue, kept in the lake and the warehouse.

The partition of today is this run's issue. The partition of an earlier day is a replay: the forecast that would have been
issued from what was known then. Replays are written to a table of their own and are never scored.
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.machine.clock import ClockRecord
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import Clock, issue_of
from steel_assets.assets.pictures import kept, title
from steel_assets.assets.plots import forecast_fan
from steel_assets.core.periods import ahead
from steel_assets.core.tables import EXPLANATIONS, FORECASTS, REPLAYED_FORECASTS
from steel_assets.core.types import Market
from steel_assets.operations import forecasting
from steel_assets.operations.clock_guard import note_clock, refuse_wrong_clock
from steel_assets.operations.market_tables import read_daily

COMPLETE = "published_completely"
RECENT = "recent_price"
SANE = "sane_forecast"
LATENCY_MS = "latency_ms_per_forecast"
CHECKS = {
    RECENT: "The age of the last price, in sessions of the market, is at most the catalogue's freshness.price_sessions. "
    "With an older price no new forecast is published: the market's earlier one stays in force, marked with its age.",
    SANE: "Level, direction and interval width are plausible compared with all past moves of the market. An implausible "
    "forecast is not published: the market's earlier one stays in force.",
    COMPLETE: "The market has a published forecast of an undamaged model at every horizon.",
}
SHOWN = ["horizon", "target_date", "last_price", "predicted_price", "q05", "q95", "unit", "model_family"]

Events = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


def forecasts(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The assets of the market's forecasts and of their explanations, by day of issue."""
    key, explained = key_of(market.id, "forecasts"), key_of(market.id, "explanations")
    upstream = [key_of(market.id, name) for name in ("market_daily", "market_features", "promotions")]

    @dg.multi_asset(
        name=f"{market.id}__forecasts",
        can_subset=True,  # so that Dagster asks for no verdict where nothing was judged
        partitions_def=here.days,
        specs=[
            dg.AssetSpec(
                key,
                deps=upstream,
                skippable=True,
                metadata=schema_of(FORECASTS),
                description=f"{market.name}: the forecasts of the champions in production: a point and seven quantiles per "
                f"horizon, on "
                "the market's trading days. Without a champion the forecast is the last price, with intervals from its past "
                "errors. A past day is replayed from what was known then, marked, and written to a table of its own.",
                **here.stage("forecast", "duckdb", "parquet", owner=MODEL_TEAM, market=market),
            ),
            dg.AssetSpec(
                explained,
                deps=upstream,
                skippable=True,
                metadata=schema_of(EXPLANATIONS),
                description=f"{market.name}: how much each driver moved the published forecasts away from the last price.",
                **here.stage("forecast", "duckdb", "parquet", owner=MODEL_TEAM, market=market),
            ),
        ],
        check_specs=[dg.AssetCheckSpec(name, asset=key, description=text) for name, text in CHECKS.items()],
        description=f"Issues and publishes the forecasts of {market.name}.",
    )
    def issued(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        models: dg.ResourceParam[ModelStore],
        published: dg.ResourceParam[Publications],
        clock_record: dg.ResourceParam[ClockRecord],
        clock: dg.ResourceParam[Clock],
    ) -> Events:
        issue = issue_of(context, clock, here.catalog.rules.schedules)
        if issue.replayed:
            rows = forecasting.replay(here.catalog, lake, warehouse, models, market.id, issue.moment)
            yield from _made(context, key, _replayed(rows, issue.moment, warehouse))
            return
        if not clock.fixed:
            refuse_wrong_clock(here.catalog, lake, clock_record, issue.moment)
        started = time.perf_counter()
        done = forecasting.forecast(here.catalog, lake, warehouse, models, published, market.id, issue.day)
        latency = 1000 * (time.perf_counter() - started) / max(len(done.rows), 1)
        if not clock.fixed:
            note_clock(clock_record)
        if len(done.rows):
            fan = forecast_fan(read_daily(here.catalog, lake, market.id), done.rows, title(lake, market))
            about = summary(done.rows[SHOWN], **in_warehouse(warehouse, FORECASTS))
            about |= {LATENCY_MS: latency, "price": done.age.text, "price_age_sessions": done.age.sessions}
            about |= kept(lake, issue.day, market, "forecast", fan)
            yield from _made(context, key, about)
            yield from _made(context, explained, summary(done.explanations[["horizon", "driver", "contribution"]]))
        judged = {key.name for key in context.selected_asset_check_keys}
        for name, verdict in _verdicts(market, done).items():
            if name in judged:
                yield result(here.catalog.rules, key, name, verdict)

    return issued


def _made(context: dg.AssetExecutionContext, key: dg.AssetKey, metadata: dict[str, Any]) -> Iterator[dg.MaterializeResult]:
    """The result that materialises ``key``. Both assets are always computed; one that was not selected is recorded too."""
    if key in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
    else:
        context.log_event(dg.AssetMaterialization(key, metadata=metadata, partition=context.partition_key))


def _replayed(rows: pd.DataFrame, moment: pd.Timestamp, warehouse: Warehouse) -> dict[str, Any]:
    metadata = {"replayed": True, "as_of": dg.MetadataValue.timestamp(moment.timestamp())}
    return summary(rows[SHOWN], **in_warehouse(warehouse, REPLAYED_FORECASTS)) | metadata


def _verdicts(market: Market, done: forecasting.ForecastingResult) -> dict[str, Verdict]:
    """The verdicts of the checks. Of two that failed for one cause, the one that withheld the forecast raises the alert."""
    age, sane = done.age, not done.absurdities
    recent = Verdict(not age.too_old, age.refusal(market.target.series) if age.too_old else age.text, age.sessions)
    if age.too_old:
        return {RECENT: recent, COMPLETE: _complete(market, done, RECENT)}
    sentence = (
        "level, direction and width are within their usual range" if sane else f"not published: {'; '.join(done.absurdities)}"
    )
    return {RECENT: recent, SANE: Verdict(sane, sentence), COMPLETE: _complete(market, done, None if sane else SANE)}


def _complete(market: Market, done: forecasting.ForecastingResult, reporter: str | None) -> Verdict:
    missing = [str(horizon) for horizon in market.horizons if horizon not in set(done.rows["horizon"])]
    if missing:
        return Verdict(False, f"nothing was published {ahead(', '.join(missing), market.frequency)}", reported_by=reporter)
    stand_ins = "; ".join(
        f"{ahead(horizon, market.frequency)} the last price stands in: {why}" for horizon, why in done.damaged.items()
    )
    return Verdict(not stand_ins, stand_ins or "every horizon was published")
