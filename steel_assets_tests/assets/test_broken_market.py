"""A market broken at any stage is red there, what lies behind it is not run, the others finish, and the run says whose it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from steel_assets.assets.runs import RunReport, run_job
from steel_assets.assets.sensors import failed_runs
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.tables import FORECASTS
from steel_assets.definitions import definitions
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import installation
from steel_assets_tests.core.synthetic import synthetic

pytestmark = pytest.mark.slow

BROKEN, WHOLE = "rebar_fob_turkey", "scrap_turkey"
MADE = synthetic(count=320, lived=0)
NOW = MADE.history().as_of
STAGES = {
    "processed": ("steel_assets.operations.histories.build", "market_daily"),
    "features": ("steel_assets.operations.feature_store.build", "market_features"),
    "model": ("steel_assets.assets.model.train_candidate", "candidate_models"),
    "validation": ("steel_assets.assets.validation.judge", "validation_scores"),
    "promotion": ("steel_assets.assets.promotion.promote", "promotions"),
    "forecast": ("steel_assets.operations.forecasting.forecast", "forecasts"),
    "metrics": ("steel_assets.operations.scoring.score", "predictions_vs_reality"),
}
BEHIND = {
    "market_daily": {"market_weekly", "market_monthly", "data_quality", "market_features", "drift"},
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


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Two markets on the same prices, so that what differs between them is what was broken."""
    shipped = catalog()
    markets = {name: MADE.market.model_copy(update={"id": name, "name": name}) for name in (BROKEN, WHOLE)}
    known = shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **MADE.series}})
    found = Platform(Settings(home=tmp_path / "home", sources="files"), known)
    found.lake.append_observations(MADE.observations, "file-import", "files")
    return found


def whole_river(parts: Platform, instance: dg.DagsterInstance) -> RunReport:
    return run_job(definitions(installation(parts).reaching(NOW)), "files_river", instance, parts, NOW)


def behind(name: str) -> set[str]:
    """Everything behind an asset of a market, and itself."""
    return {name}.union(*(behind(other) for other in BEHIND.get(name, set())))


def all_of(market: str) -> set[str]:
    return {f"{market}/{name}" for name in behind("market_daily")}


def failing_for_one(whole: Callable[..., Any]) -> Callable[..., Any]:
    """The same operation, which fails when it is about ``BROKEN``."""

    def operation(*arguments: Any, **options: Any) -> Any:
        about = [getattr(getattr(each, "market", None), "id", each) for each in arguments if not isinstance(each, Platform)]
        if BROKEN in [each for each in about if isinstance(each, str)]:
            raise ValueError("the disk ate it")
        return whole(*arguments, **options)

    return operation


@pytest.mark.parametrize("stage", STAGES)
def test_a_broken_market_is_red_where_it_broke_and_stops_no_other(
    parts: Platform, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    where, asset = STAGES[stage]
    module, _, name = where.rpartition(".")
    whole = getattr(__import__(module, fromlist=[name]), name)
    with dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setattr(where, failing_for_one(whole))
        report = whole_river(parts, instance)
        assert not report.success
        [(step, why)] = report.failed_steps.items()
        assert step.startswith(f"{BROKEN}__{asset}")
        assert "the disk ate it" in why
        made = {asset for asset in report.materialised if asset.startswith(BROKEN)}
        assert made == all_of(BROKEN) - {f"{BROKEN}/{name}" for name in behind(asset)}
        assert {asset for asset in report.materialised if asset.startswith(WHOLE)} == all_of(WHOLE)
        assert {"system_metrics", "alert_history"} <= report.materialised, "what sums up all markets goes on"
        failed_runs.look(instance, parts, datetime.now(UTC))
        [told] = [letter.event for letter in parts.outbox.book().queue]
        assert (told.rule, told.subject) == ("failed_run", f"files_river: {BROKEN}")
        assert BROKEN in told.text
        assert WHOLE not in told.text
        monkeypatch.undo()
        again = whole_river(parts, instance)
        assert again.failed_steps == {}
        assert again.materialised >= all_of(BROKEN) | all_of(WHOLE)
        failed_runs.look(instance, parts, datetime.now(UTC))
    assert [letter.event.kind for letter in parts.outbox.book().queue] == ["opened", "recovered"]
    assert set(parts.warehouse.read(FORECASTS)["market"]) == {BROKEN, WHOLE}
