"""``steel experiment``: list, report, stop and start, as a person meets them, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.adapters.lake.snapshots import parsed
from steel_assets.bootstrap import Platform
from steel_assets.cli.experiment import app
from steel_assets.cli.problem import Problem
from steel_assets.operations import experimenting, histories
from steel_assets.operations.publishing import publish
from steel_assets_tests.assets.measured_world import MARKET
from steel_assets_tests.operations.experiment_world import TRIAL, experimenting_with, past, world


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    found = world(tmp_path, TRIAL)
    monkeypatch.setattr("steel_assets.cli.experiment.platform", lambda: found)
    return found


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: str) -> str:
    with pytest.raises(Problem) as error:
        CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return str(error.value)


def judge(parts: Platform) -> None:
    moment = histories.load(parts.catalog, parts.lake, MARKET).as_of
    experimenting.verdict(parts.catalog, parts.lake, parts.warehouse, TRIAL, moment)


def test_an_experiment_is_listed_and_reported_before_anybody_looked(parts: Platform) -> None:
    [found] = json.loads(run("list", "--json"))
    assert (found["id"], found["state"], found["n"], found["looked"], found["end"]) == (
        "trial",
        "collecting",
        0,
        None,
        "2021-07-06",
    )
    assert "not evaluated yet" in run("report", "trial")
    for word in ("trial", "collecting", "drift", MARKET, "1, 5", "2020-06-01"):
        assert word in run("list")


def test_a_report_says_the_evidence_the_gain_and_the_days(parts: Platform) -> None:
    past(parts, 4.0, 1.0)
    judge(parts)
    found = json.loads(run("report", "trial", "--json"))
    assert found["state"] == "won"
    assert found["evidence_better"] >= found["threshold"] == 40.0
    assert found["mean_gain"] > 0
    assert [(day["state"], day["n"]) for day in found["days"]] == [("won", found["n"])]
    assert found["forecasts"] == 200
    shown = run("report", "trial")
    assert "SIMULATED DATA" in shown
    assert "drift: won on" in shown
    assert "200 shadow forecasts; evaluated on 1 days" in shown


def test_an_experiment_is_stopped_and_goes_on(parts: Platform) -> None:
    assert json.loads(run("stop", "trial")) == {"stopped": "trial"}
    assert json.loads(run("list", "--json"))[0]["state"] == "stopped"
    assert "`steel experiment start trial` continues it" in refused("stop", "trial")
    assert json.loads(run("start", "trial")) == {"started": "trial"}
    assert json.loads(run("list", "--json"))[0]["state"] == "collecting"
    assert "is not stopped" in refused("start", "trial")


def test_stopping_and_starting_are_told_to_the_service_at_once(parts: Platform) -> None:
    publish(parts, parts.snapshots, histories.load(parts.catalog, parts.lake, MARKET).as_of)
    for command, state in (("stop", "stopped"), ("start", "collecting")):
        run(command, "trial")
        pointer = parts.snapshots.pointer()
        assert pointer is not None
        [told] = parsed(parts.snapshots.content(pointer))["experiments"].content
        assert told["state"] == state


def test_a_decided_experiment_is_neither_stopped_nor_started(parts: Platform) -> None:
    past(parts, 1.0, 4.0)
    judge(parts)
    for command in ("stop", "start"):
        assert "trial is over, harmful on" in refused(command, "trial")


@pytest.mark.parametrize("command", ["report", "stop", "start"])
def test_an_experiment_that_is_not_declared_is_answered_with_those_that_are(parts: Platform, command: str) -> None:
    assert refused(command, "trail") == "ID: 'trail' is not an experiment of the catalogue; there are trial"


def test_without_any_the_page_that_says_how_is_named(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steel_assets.cli.experiment.platform", lambda: experimenting_with(parts))
    assert run("list") == "no experiment is declared (docs/experiments.md)\n"
    assert json.loads(run("list", "--json")) == []
    assert "none is declared (docs/experiments.md)" in refused("report", "trial")
