"""A failed run is told market by market, and what another run mended is over, market by market."""

from __future__ import annotations

from datetime import timedelta

from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.message import compose, plain
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.run_failures import by_place
from steel_assets_tests.core.alerts.conftest import MORNING
from steel_assets_tests.core.alerts.test_incidents import DAY, World

HRC, REBAR = ("hrc_us_midwest__market_features", "ValueError: no"), ("rebar_fob_turkey__forecasts", "KeyError: x")
YAHOO = ("raw__yahoo_finance__steel_futures", "OSError: no answer")


def run(world: World, after: timedelta, *errors: tuple[str, str], firing: bool = True) -> list[str]:
    """The end of a run, as the sensor reports it."""
    whole = Condition(rule="failed_run", subject="daily_data_update", firing=firing, moment=MORNING + after, text="whole")
    here = [incident.subject for incident in world.incidents if incident.wrong]
    return world.at(MORNING + after, *by_place(whole, errors, here, world.rulebook.subjects))


def test_each_market_that_failed_is_an_incident_of_its_own_with_its_stage(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert run(world, timedelta(), HRC, REBAR) == ["opened", "opened"]
    assert [event.cause for event in world.told] == ["market:hrc_us_midwest", "market:rebar_fob_turkey"]
    text = plain(compose(world.told[:1], rulebook, "http://ui"))
    assert "Hot-rolled coil US Midwest stopped at the features: it gets nothing new" in text
    assert "hrc_us_midwest__market_features: ValueError: no" in text
    assert "rebar" not in text


def test_another_market_that_fails_the_next_day_is_told_and_the_mended_one_is_over(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert run(world, timedelta(), HRC) == ["opened"]
    assert sorted(run(world, DAY, REBAR)) == ["opened", "recovered"]
    assert [case.cause for case in world.cases] == ["market:rebar_fob_turkey"]
    assert run(world, 2 * DAY, firing=False) == ["recovered"]
    assert world.cases == ()


def test_a_provider_that_could_not_be_collected_is_named_with_the_markets_that_it_prices(rulebook: Rulebook) -> None:
    world = World(rulebook)
    assert run(world, timedelta(), YAHOO) == ["opened"]
    text = plain(compose(world.told, rulebook, "http://ui"))
    assert (
        "Yahoo Finance was not collected: Hot-rolled coil US Midwest and Iron ore 62 % CFR China are forecast from older" in text
    )


def test_a_run_that_failed_elsewhere_too_or_without_a_step_is_told_as_a_whole(rulebook: Rulebook) -> None:
    for errors in ([HRC, ("metrics_daily", "ValueError")], []):
        world = World(rulebook)
        assert run(world, timedelta(), *errors) == ["opened"]
        assert world.told[0].cause == "job:daily_data_update"
        assert run(world, DAY, firing=False) == ["recovered"]


def test_a_run_that_failed_as_a_whole_and_then_for_one_market_is_over_as_a_whole(rulebook: Rulebook) -> None:
    world = World(rulebook)
    run(world, timedelta())
    assert sorted(run(world, DAY, HRC)) == ["opened", "recovered"]


def test_runs_of_another_job_end_nothing(rulebook: Rulebook) -> None:
    world = World(rulebook)
    run(world, timedelta(), HRC)
    other = Condition(rule="failed_run", subject="daily", firing=False, moment=MORNING + DAY)
    here = [incident.subject for incident in world.incidents]
    assert world.at(MORNING + DAY, *by_place(other, [], here, rulebook.subjects)) == []
