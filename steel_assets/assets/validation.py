"""Stage 5, validation: a candidate's past errors compared with those of the last price and of the champion."""

import dagster as dg

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import SEVERITIES
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import summary
from steel_assets.assets.moment import Clock
from steel_assets.assets.pictures import kept, title
from steel_assets.assets.plots import skill_bars
from steel_assets.core.calendars import local_day
from steel_assets.core.promotion import Criterion
from steel_assets.core.scoring import scores
from steel_assets.core.types import Market
from steel_assets.operations.candidates import backtest
from steel_assets.operations.judging import CRITERIA, judge


def validation_scores(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset with the scores of the market's candidates."""
    key = key_of(market.id, "validation_scores")

    @dg.asset(
        key=key,
        deps=[key_of(market.id, "candidate_models")],
        check_specs=[dg.AssetCheckSpec(f"acceptance_{name}", asset=key, description=text) for name, text in CRITERIA.items()],
        description=f"{market.name}: MAPE, R², RMSE, MAE, pinball loss and coverage of every model family and of the champion, "
        "each as a ratio to the last price's on the same dates; and the acceptance criteria as checks.",
        **here.stage("validation", "pandas", owner=MODEL_TEAM, market=market),
    )
    def scored(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        models: dg.ResourceParam[ModelStore],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        table = scores(backtest(lake, market.id))
        lake.write(f"predictions/validation/scores/{market.id}.parquet", table)
        judgement = judge(here.catalog, lake, warehouse, models, market.id)
        day = local_day(clock.moment(context), here.catalog.rules.schedules.tzinfo)
        return dg.MaterializeResult(
            metadata=summary(table) | kept(lake, day, market, "skill", skill_bars(table, title(lake, market))),
            check_results=[_result(key, criterion) for criterion in judgement.criteria],
        )

    return scored


def _result(key: dg.AssetKey, criterion: Criterion) -> dg.AssetCheckResult:
    """A criterion as a check. Its severity comes from the criterion: where the last price fails it too, it only warns."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=f"acceptance_{criterion.name}",
        passed=bool(criterion.passed),
        severity=SEVERITIES[criterion.severity],
        metadata={"value": _float(criterion.value), "limit": _float(criterion.limit)},
        description=criterion.text,
    )


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
