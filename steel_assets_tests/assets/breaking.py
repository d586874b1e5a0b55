"""One market broken at a stage: the operation of that stage fails whenever it is about this market."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

BROKEN, WHOLE = "rebar_fob_turkey", "scrap_turkey"
WHY = "the disk ate it"
STAGES = {
    "processed": ("steel_assets.operations.histories.build", "market_daily"),
    "features": ("steel_assets.operations.feature_store.build", "market_features"),
    "model": ("steel_assets.assets.model.train_candidate", "candidate_models"),
    "validation": ("steel_assets.assets.validation.judge", "validation_scores"),
    "promotion": ("steel_assets.assets.promotion.promote", "promotions"),
    "forecast": ("steel_assets.operations.forecasting.forecast", "forecasts"),
    "metrics": ("steel_assets.operations.scoring.score", "predictions_vs_reality"),
}
"""Stage → the operation that breaks, and the asset that is red then."""

BEHIND = {
    "market_daily": {"market_weekly", "market_monthly", "data_quality", "market_features", "market_analysis", "drift"},
    "market_features": {"candidate_models", "drift"},
    "candidate_models": {"validation_scores"},
    "validation_scores": {"promotions"},
    "promotions": {"forecasts", "explanations"},
    "data_quality": {"candidate_models"},
    "forecasts": {"predictions_vs_reality", "explanations"},
    "predictions_vs_reality": {"metrics_daily"},
    "drift": {"metrics_daily"},
}
"""What lies directly behind each asset of a market; explanations are made with the forecasts, so they end with them."""


EVERY = frozenset(BEHIND).union(*BEHIND.values())


def behind(name: str, among: Collection[str] = EVERY) -> set[str]:
    """Everything behind an asset of a market, and itself, in a run of the assets ``among``: one that is not run stops nothing."""
    return {name}.union(*(behind(other, among) for other in BEHIND.get(name, set()) & set(among)))


def failing_for(broken_market: str, whole: Callable[..., Any]) -> Callable[..., Any]:
    """The same operation, which fails when it is about ``broken_market``."""

    def operation(*arguments: Any, **options: Any) -> Any:
        about = [getattr(getattr(argument, "market", None), "id", argument) for argument in arguments]
        if broken_market in [name for name in about if isinstance(name, str)]:
            raise ValueError(WHY)
        return whole(*arguments, **options)

    return operation


def broken(stage: str, patch: Callable[[Any, str, Any], None] = setattr, market: str = BROKEN) -> None:
    """Break ``stage`` of ``market`` in this process, by ``patch``."""
    module, _, name = STAGES[stage][0].rpartition(".")
    place = import_module(module)
    patch(place, name, failing_for(market, getattr(place, name)))
