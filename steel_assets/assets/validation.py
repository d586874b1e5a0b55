"""Stage 5, validation: every family and the champion scored beside the last price on the same dates; the acceptance criteria."""

import dagster as dg
import pandas as pd

from steel_assets.assets.declare import MODEL_TEAM, per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.judging import CRITERIA, Judgement, judge
from steel_assets.assets.metadata import summary
from steel_assets.assets.model import candidate_models, validation_key
from steel_assets.assets.plots import skill_bars
from steel_assets.bootstrap import Platform
from steel_assets.core.promotion import Criterion
from steel_assets.core.validation import scores

ASSET = "validation_scores"


@dg.asset(
    deps=[candidate_models],
    check_specs=[
        check_spec(ASSET),
        *(dg.AssetCheckSpec(f"acceptance_{name}", asset=ASSET, description=text) for name, text in CRITERIA.items()),
    ],
    description="MAPE, R², RMSE, MAE, pinball loss and coverage of every family and of the champion, each as a ratio to the last "
    "price on the same dates; and the acceptance criteria, market by market.",
    **per_market("validation", "pandas", owner=MODEL_TEAM),
)
def validation_scores(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    def work(market: str) -> tuple[pd.DataFrame, Judgement]:
        table = scores(platform.lake.read(validation_key(market)))
        platform.lake.write(f"predictions/validation/scores/{market}.parquet", table)
        return table, judge(platform, market)

    outcome = for_each_market(context, work)
    tables = [table for table, _ in outcome.results.values()]
    plots = {f"skill {market}": skill_bars(table, market) for market, (table, _) in outcome.results.items()}
    judgements = {market: judgement for market, (_, judgement) in outcome.results.items()}
    for market, judgement in judgements.items():
        for criterion in judgement.criteria:
            context.log_event(_evaluation(market, criterion))
    return dg.MaterializeResult(
        metadata=summary(pd.concat(tables)) | plots,
        check_results=[outcome.check(), *(_overall(name, judgements) for name in CRITERIA)],
    )


def _evaluation(market: str, criterion: Criterion) -> dg.AssetCheckEvaluation:
    """One market's criterion, as an event of its own."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(ASSET),
        check_name=f"acceptance_{criterion.name}",
        passed=bool(criterion.passed),
        severity=_severity(criterion),
        metadata={"market": market, "value": _float(criterion.value), "limit": _float(criterion.limit)},
        description=f"{market}: {criterion.text}",
        partition=market,
    )


def _overall(name: str, judgements: dict[str, Judgement]) -> dg.AssetCheckResult:
    """One criterion over all markets of the run: as bad as the worst of them."""
    found = {market: judgement.criterion(name) for market, judgement in judgements.items()}
    failed = {market: criterion for market, criterion in found.items() if not criterion.passed}
    blocking = any(criterion.blocks for criterion in failed.values())
    return dg.AssetCheckResult(
        check_name=f"acceptance_{name}",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{market}: {criterion.text}" for market, criterion in (failed or found).items()),
        metadata={market: _float(criterion.value) for market, criterion in found.items()},
    )


def _severity(criterion: Criterion) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if criterion.severity == "error" else dg.AssetCheckSeverity.WARN


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
