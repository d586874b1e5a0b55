"""Experiments: shadow forecasts of a market's variants (stage 7), and each experiment's verdict (stage 8).

A catalogue without experiments has no such assets. No other asset depends on them, so a variant that fails stops nothing else.
A verdict does not depend on its markets' shadow forecasts either, because one that failed would prevent it.
"""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import MODEL_TEAM, Installation, key_of
from steel_assets.assets.metadata import in_warehouse, schema_of, summary
from steel_assets.assets.moment import Clock, issue_of
from steel_assets.core.experiments import FINAL, Experiment
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS
from steel_assets.core.types import Market
from steel_assets.operations import experimenting

CHECK = "experiment_verdict"
VERDICTS = "experiment_verdict"
"""What the keys of verdicts begin with."""

SHADOW = "shadow_forecasts"
SHOWN = ["experiment", "horizon", "target_date", "last_price", "predicted_price", "q05", "q95", "unit", "model_family"]

NEXT = {
    "won": "The next retraining proposes its family if the walk-forward agrees; then remove the declaration from the catalogue.",
    "harmful": "It has stopped forecasting; remove the declaration from the catalogue.",
    "inconclusive": "Its planned days are over; remove the declaration from the catalogue, or declare a longer experiment under "
    "another id.",
}


def assets(here: Installation) -> Iterator[dg.AssetsDefinition]:
    """The shadow forecasts of every market that takes part in an experiment, and every experiment's verdict."""
    for market in here.catalog.markets.values():
        if here.catalog.experiments_of(market.id):
            yield shadow_forecasts(here, market)
    for experiment in here.catalog.experiments.values():
        yield experiment_verdict(here, experiment)


def shadow_forecasts(here: Installation, market: Market) -> dg.AssetsDefinition:
    """The asset with the forecasts of the market's variants, by day of issue; they are scored and not published."""

    @dg.asset(
        key=key_of(market.id, SHADOW),
        deps=[key_of(market.id, "forecasts")],
        partitions_def=here.days,
        metadata=schema_of(EXPERIMENT_FORECASTS),
        description=f"{market.name}: forecasts of its experiments' variants, from the same history as the published forecast. "
        "They are served only to the share of API keys that an experiment declares. A past day cannot be made up afterwards.",
        **here.stage("forecast", "duckdb", owner=MODEL_TEAM, market=market),
    )
    def issued(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        models: dg.ResourceParam[ModelStore],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        today = issue_of(context, clock, here.catalog.rules.schedules)
        if today.replayed:
            return dg.MaterializeResult(metadata={"replayed": "no forecast: a variant does not forecast past days"})
        made, failed = [], {}
        for experiment in here.catalog.experiments_of(market.id):
            try:
                made.append(experimenting.shadow(here.catalog, lake, warehouse, models, experiment, market.id, today.day))
            except Exception as error:  # a family of one's own may raise anything; the other experiments go on
                context.log.exception(f"experiment {experiment.id}")
                failed[experiment.id] = f"{type(error).__name__}: {error}"
        if failed:
            raise dg.Failure("; ".join(f"experiment {name}: {why}" for name, why in failed.items()), allow_retries=False)
        rows = pd.concat([EXPERIMENT_FORECASTS.empty()[SHOWN], *(done.rows[SHOWN] for done in made)], ignore_index=True)
        none = {done.experiment: done.why_none for done in made if done.why_none}
        return dg.MaterializeResult(metadata=summary(rows, **in_warehouse(warehouse, EXPERIMENT_FORECASTS)) | none)

    return issued


def experiment_verdict(here: Installation, experiment: Experiment) -> dg.AssetsDefinition:
    """The asset with the state of the experiment: its evidence so far, or its final verdict."""
    key = dg.AssetKey([VERDICTS, experiment.id])

    @dg.asset(
        key=key,
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                description="The experiment has no verdict yet. The check fails once there is one, so that people are notified.",
            )
        ],
        metadata=schema_of(EXPERIMENT_VERDICTS),
        description=f"{experiment.name}: {experiment.family} compared with the champions of {', '.join(experiment.markets)}, "
        f"{', '.join(map(str, experiment.horizons))} business days ahead, on its forecasts (`{SHADOW}`) that reached their "
        "target day. The evidence may be read on any day without affecting the test; a verdict is final.",
        **here.stage("metrics", "duckdb", owner=MODEL_TEAM),
    )
    def judged(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        rows = experimenting.verdict(here.catalog, lake, warehouse, experiment, clock.moment(context))
        row = rows.iloc[0]
        state, text = row["state"], experimenting.described(row)
        found = Verdict(state not in FINAL, f"{text}. {NEXT[state]}" if state in FINAL else text)
        return dg.MaterializeResult(
            metadata=summary(rows, **in_warehouse(warehouse, EXPERIMENT_VERDICTS)),
            check_results=[result(here.catalog.rules, key, CHECK, found)],
        )

    return judged
