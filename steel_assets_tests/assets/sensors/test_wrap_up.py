"""What sums up all markets follows every run, once, however the run ended."""

import dagster as dg
import pytest

from steel_assets.assets.jobs import FOLLOWED, WRAP_UP
from steel_assets.assets.sensors.wrap_up import AFTER_TAG, decide
from steel_assets_tests.assets.sensors.world import materialise


def wrapped(instance: dg.DagsterInstance, run: str) -> None:
    """What the daemon does with the request: a run of the job, tagged as it was asked."""
    materialise(instance, "", WRAP_UP, **{AFTER_TAG: run})


def test_nothing_follows_nothing(instance: dg.DagsterInstance) -> None:
    assert "no run has ended" in str(decide(instance).skip_message)  # type: ignore[union-attr]
    materialise(instance, job="data_collection")
    assert isinstance(decide(instance), dg.SkipReason), "a collection alone changes nothing that is summed up"


@pytest.mark.parametrize("job", FOLLOWED)
@pytest.mark.parametrize("told", ["", "raise"])
def test_a_run_is_followed_once_whether_a_market_failed_in_it_or_not(instance: dg.DagsterInstance, job: str, told: str) -> None:
    run = materialise(instance, told, job).run_id
    asked = decide(instance)
    assert isinstance(asked, dg.RunRequest)
    assert (asked.run_key, dict(asked.tags)) == (run, {AFTER_TAG: run})
    wrapped(instance, run)
    assert isinstance(decide(instance), dg.SkipReason)
    later = materialise(instance, told, job).run_id
    again = decide(instance)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == later


def test_of_several_runs_that_ended_meanwhile_the_newest_is_followed(instance: dg.DagsterInstance) -> None:
    materialise(instance, job="weekly_retraining")
    newest = materialise(instance, "raise", "daily_data_update").run_id
    asked = decide(instance)
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == newest
