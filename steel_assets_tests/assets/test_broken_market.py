"""A market broken at any stage is red there, what lies behind it is not run, the others finish, and the run says whose it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.assets.resources import resources
from steel_assets.assets.runs import RunReport, run_job
from steel_assets.assets.sensors import failed_runs
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.alerts.incidents import Event
from steel_assets.core.tables import FORECASTS
from steel_assets.definitions import definitions
from steel_assets.settings import Settings
from steel_assets_tests.assets.breaking import STAGES, WHOLE, WHY, behind, broken
from steel_assets_tests.assets.measured_world import installation
from steel_assets_tests.core.synthetic import synthetic

pytestmark = pytest.mark.slow

MADE = synthetic(count=160, lived=0).of(curve=(), roll="none", drivers=("scrap",))
NOW = MADE.history().as_of
WINDOW = 30


BROKEN_IN = {stage: f"broken_in_{stage}" for stage in STAGES}
"""A market for each stage, broken there."""


def installed(home: Path) -> Platform:
    """A market for each stage and a whole one, on the same prices, so that what differs between them is what was broken.

    How much there is to learn makes no difference to that, so it is little: one horizon, one driver, a short past.
    """
    shipped, names = catalog(), [*BROKEN_IN.values(), WHOLE]
    markets = {name: MADE.market.model_copy(update={"id": name, "name": name, "horizons": (1,)}) for name in names}
    acceptance = shipped.rules.acceptance.model_copy(update={"window": WINDOW})
    rules = shipped.rules.model_copy(update={"acceptance": acceptance})
    known = shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **MADE.series}, "rules": rules})
    found = Platform(Settings(home=home, sources="files"), known)
    found.lake.append_observations(MADE.observations, "file-import", "files")
    return found


@dataclass(frozen=True)
class Told:
    """A run, and the events that wait to be sent after it."""

    report: RunReport
    events: list[Event]


@dataclass(frozen=True)
class Story:
    """A run in which every stage is broken for a market, and the same once all are mended."""

    parts: Platform
    red: Told
    mended: Told


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two runs for all stages: each market is broken at one, so what each shows is of its own stage."""
    parts = installed(tmp_path_factory.mktemp("broken") / "home")
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.MonkeyPatch.context() as patch:
            for stage, market in BROKEN_IN.items():
                broken(stage, patch.setattr, market)
            red = whole_river(parts, instance)
        mended = whole_river(parts, instance)
    return Story(parts, red, mended)


def whole_river(parts: Platform, instance: dg.DagsterInstance) -> Told:
    """A run of the whole pipeline, and what the look at its end has to tell."""
    defs = definitions(installation(parts).reaching(NOW))
    report = run_job(defs, "stored_data_pipeline", instance, resources(parts), NOW)
    failed_runs.evaluate(instance, parts.outbox, datetime.now(UTC))
    return Told(report, [notification.event for notification in parts.outbox.alert_state().queue])


def all_of(market: str) -> set[str]:
    return {f"{market}/{name}" for name in behind("market_daily")}


def made_of(market: str, told: Told) -> set[str]:
    """The assets of ``market`` that were made."""
    return {asset for asset in told.report.materialised if asset.startswith(f"{market}/")}


@pytest.mark.parametrize("stage", STAGES)
def test_a_broken_market_is_red_where_it_broke_and_nothing_behind_it_is_made_before_it_is_mended(
    story: Story, stage: str
) -> None:
    market, (_, asset) = BROKEN_IN[stage], STAGES[stage]
    [(step, why)] = [(step, why) for step, why in story.red.report.failed_steps.items() if step.startswith(f"{market}__")]
    assert step.startswith(f"{market}__{asset}")
    assert WHY in why
    assert made_of(market, story.red) == all_of(market) - {f"{market}/{name}" for name in behind(asset)}
    assert made_of(market, story.mended) == all_of(market)


@pytest.mark.parametrize("stage", STAGES)
def test_the_run_says_whose_it_was_that_broke_and_who_was_mended(story: Story, stage: str) -> None:
    market = BROKEN_IN[stage]
    [event] = [event for event in story.red.events if market in event.subject]
    assert (event.rule, event.subject, event.kind) == ("failed_run", f"stored_data_pipeline: {market}", "opened")
    assert [name for name in [*BROKEN_IN.values(), WHOLE] if name in event.text] == [market]
    assert [event.kind for event in story.mended.events if market in event.subject] == ["opened", "recovered"]


def test_broken_markets_stop_no_other_nor_what_sums_up_all(story: Story) -> None:
    assert not story.red.report.success
    assert len(story.red.report.failed_steps) == len(story.red.events) == len(STAGES)
    assert made_of(WHOLE, story.red) == all_of(WHOLE)
    assert {"system_metrics", "alert_history"} <= story.red.report.materialised, "what sums up all markets goes on"
    assert story.mended.report.failed_steps == {}
    assert made_of(WHOLE, story.mended) == all_of(WHOLE)
    assert len(story.mended.events) == 2 * len(STAGES)
    assert set(story.parts.warehouse.read(FORECASTS)["market"]) == {*BROKEN_IN.values(), WHOLE}
