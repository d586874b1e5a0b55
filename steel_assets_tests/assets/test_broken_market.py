"""A market broken at any stage is red there, what lies behind it is not run, the others finish, and the run says whose it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.assets.resources import resources
from steel_assets.assets.runs import RunReport, run_job
from steel_assets.assets.sensors import failed_runs
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.tables import FORECASTS
from steel_assets.definitions import definitions
from steel_assets.settings import Settings
from steel_assets_tests.assets.breaking import BROKEN, STAGES, WHOLE, WHY, behind, broken
from steel_assets_tests.assets.measured_world import installation
from steel_assets_tests.core.synthetic import synthetic

pytestmark = pytest.mark.slow

MADE = synthetic(count=160, lived=0).of(curve=(), roll="none", drivers=("scrap",))
NOW = MADE.history().as_of
WINDOW = 30


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Two markets on the same prices, so that what differs between them is what was broken.

    How much there is to learn makes no difference to that, so it is little: one horizon, one driver, a short past.
    """
    shipped = catalog()
    markets = {name: MADE.market.model_copy(update={"id": name, "name": name, "horizons": (1,)}) for name in (BROKEN, WHOLE)}
    acceptance = shipped.rules.acceptance.model_copy(update={"window": WINDOW})
    rules = shipped.rules.model_copy(update={"acceptance": acceptance})
    known = shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **MADE.series}, "rules": rules})
    found = Platform(Settings(home=tmp_path / "home", sources="files"), known)
    found.lake.append_observations(MADE.observations, "file-import", "files")
    return found


def whole_river(parts: Platform, instance: dg.DagsterInstance) -> RunReport:
    return run_job(definitions(installation(parts).reaching(NOW)), "stored_data_pipeline", instance, resources(parts), NOW)


def all_of(market: str) -> set[str]:
    return {f"{market}/{name}" for name in behind("market_daily")}


@pytest.mark.parametrize("stage", STAGES)
def test_a_broken_market_is_red_where_it_broke_and_stops_no_other(
    parts: Platform, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    _, asset = STAGES[stage]
    with dg.DagsterInstance.ephemeral() as instance:
        broken(stage, monkeypatch.setattr)
        report = whole_river(parts, instance)
        assert not report.success
        [(step, why)] = report.failed_steps.items()
        assert step.startswith(f"{BROKEN}__{asset}")
        assert WHY in why
        made = {asset for asset in report.materialised if asset.startswith(BROKEN)}
        assert made == all_of(BROKEN) - {f"{BROKEN}/{name}" for name in behind(asset)}
        assert {asset for asset in report.materialised if asset.startswith(WHOLE)} == all_of(WHOLE)
        assert {"system_metrics", "alert_history"} <= report.materialised, "what sums up all markets goes on"
        failed_runs.evaluate(instance, parts.outbox, datetime.now(UTC))
        [told] = [notification.event for notification in parts.outbox.alert_state().queue]
        assert (told.rule, told.subject) == ("failed_run", f"stored_data_pipeline: {BROKEN}")
        assert BROKEN in told.text
        assert WHOLE not in told.text
        monkeypatch.undo()
        again = whole_river(parts, instance)
        assert again.failed_steps == {}
        assert again.materialised >= all_of(BROKEN) | all_of(WHOLE)
        failed_runs.evaluate(instance, parts.outbox, datetime.now(UTC))
    assert [notification.event.kind for notification in parts.outbox.alert_state().queue] == ["opened", "recovered"]
    assert set(parts.warehouse.read(FORECASTS)["market"]) == {BROKEN, WHOLE}
