"""``steel status``: each thing that can be wrong turns its area yellow or red and says why; the exit code says the worst."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.cli import health
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.health import Finding, colour, worst
from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, measurement_key, to_line
from steel_assets_tests.serving.sample import publish
from steel_assets_tests.steel import ROOT, Steel

NOW = pd.Timestamp.now(tz="UTC").floor("s")
DAEMON = "no schedule runs: the daemon was never started here; start it with make dev"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published platform and an instance that no daemon ever served."""
    folder = tmp_path_factory.mktemp("status")
    publish(folder / ".steel")
    shutil.copy(ROOT / "dagster.yaml", folder)
    return folder


@pytest.fixture
def parts(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    from steel_assets.bootstrap import platform
    from steel_assets.settings import Settings

    shutil.copytree(sample, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return platform(Settings(home=tmp_path / "here" / ".steel"))


def found(parts: Platform, moment: pd.Timestamp = NOW) -> list[Finding]:
    return health.findings(parts.catalog, health.published(parts.store, parts.signing_key, moment), moment)


def areas(parts: Platform, moment: pd.Timestamp = NOW) -> dict[str, str]:
    """Areas that are not green, the worst colour of each, the automation left out."""
    every = [finding for finding in found(parts, moment) if finding.text != DAEMON]
    return {
        area: worst(finding.status for finding in every if finding.area == area) for area in {finding.area for finding in every}
    }


def test_where_all_is_well_only_the_daemon_is_missing(parts: Platform) -> None:
    assert found(parts) == [Finding("automation", "yellow", DAEMON)]


def test_an_open_incident_gives_its_area_its_colour_and_says_since_when(parts: Platform) -> None:
    for rule, severity in (("stale_series", "medium"), ("failed_run", "high"), ("drift", None), ("cost_spike", None)):
        condition = Condition(
            rule=rule, subject="x", firing=True, moment=NOW.to_pydatetime(), severity=severity, text="It broke."
        )
        for later in range(3):
            again = condition.model_copy(update={"moment": (NOW + pd.Timedelta(hours=later)).to_pydatetime()})
            parts.outbox.report([again], again.moment)
    assert areas(parts) == {"sources": "yellow", "automation": "red", "models": "yellow", "budget": "yellow"}
    assert any("The run x failed" in finding.text and "(since 2" in finding.text for finding in found(parts))


def test_forecasts_whose_day_has_passed_are_red(parts: Platform) -> None:
    assert areas(parts, NOW + pd.Timedelta(days=9))["markets"] == "red"


def test_what_the_service_measured_is_shown_and_told_where_the_watch_says_it_is_too_much(parts: Platform) -> None:
    at = f"{NOW - pd.Timedelta(minutes=5):%Y-%m-%dT%H:%MZ}"
    counts = (0,) * len(LATENCY_BUCKETS_MS) + (50,)
    minute = Minute(at, "p", 50, 0, 40, 50 * 3100.0, 4000.0, counts, 0.0, 1.0, 1)
    parts.store.put(measurement_key(at, "p"), (to_line(minute) + "\n").encode())
    assert areas(parts) == {}
    for later in range(3):
        now = (NOW + pd.Timedelta(minutes=10 * later)).to_pydatetime()
        slow = Condition(rule="latency_spike", subject="prediction service", firing=True, moment=now, value=3.1)
        parts.outbox.report([slow], now)
    assert areas(parts) == {"service": "red"}
    snapshot = health.published(parts.store, parts.signing_key, NOW)
    facts = health.facts(parts.home, snapshot, health.service_use(parts.store, NOW), NOW)
    assert facts["service"] == "50 requests in the last hour, 3100 ms on average"


def test_a_daemon_that_was_there_and_is_gone_is_red(parts: Platform) -> None:
    from dagster._daemon.types import DaemonHeartbeat

    with dg.DagsterInstance.from_config(str(Path.cwd())) as instance:
        for kind in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat((NOW - pd.Timedelta(hours=2)).timestamp(), kind, None, None))
    gone = [finding for finding in found(parts) if finding.area == "automation"]
    assert [finding.status for finding in gone] == ["red"]
    assert "scheduler" in gone[0].text


def test_a_folder_without_an_instance_says_so(parts: Platform) -> None:
    Path("dagster.yaml").unlink()
    assert [finding.status for finding in found(parts)] == ["yellow"]
    assert "no dagster.yaml" in found(parts)[0].text


def test_what_a_provider_does_not_answer_is_yellow() -> None:
    told = list(health.sources({"fred_api": {"a": "FRESH", "b": "LAST_GOOD (2.0 days old)"}, "yahoo_finance": {"c": "MISSING"}}))
    assert [(finding.status, finding.text) for finding in told] == [
        ("yellow", "fred_api/b: LAST_GOOD (2.0 days old)"),
        ("yellow", "yahoo_finance/c: MISSING"),
    ]


def test_colours_are_made_in_one_place() -> None:
    assert [colour(entry) for entry in ([], ["low"], ["medium", "low"], ["high"], ["low", "critical"])] == [
        "green",
        "yellow",
        "yellow",
        "red",
        "red",
    ]
    assert worst([]) == "green"
    assert worst(["yellow", "green", "red"]) == "red"


@pytest.mark.slow
def test_the_exit_code_is_the_colour_and_a_person_reads_why(sample: Path, tmp_path: Path) -> None:
    empty = Steel(tmp_path)
    done = empty("status")
    assert "nothing was collected yet" in done.stdout
    assert done.returncode == 2, "nothing was ever published"
    steel = Steel(sample)
    shown = steel("status")
    assert shown.returncode == 1
    assert "▲ no schedule runs" in shown.stdout
    assert len(shown.stdout.splitlines()) < 24, "one screen"
    told = json.loads(steel("status", "--json").stdout)
    assert told["state"] == "yellow"
    assert [area["area"] for area in told["areas"]] == list(health.AREAS)
    regions = [market["region"] for market in told["markets"]]
    assert sum(region != following for region, following in pairwise(regions)) == len(set(regions)) - 1, "region by region"
    assert "calls of budget" in " ".join(steel("status", "--details", COLUMNS="250").stdout.split())
