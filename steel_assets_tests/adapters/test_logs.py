"""Log lines as Cloud Logging takes them: one object a line, with severity, run, job, step and market."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from steel_assets.adapters.machine.logs import LONGEST, JsonLines, market_of, set_up
from steel_assets.operations.instance_state import described
from steel_assets_tests.isolation import outside


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of its own writes, as JSON."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("steel.test_logs")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    yield text
    log.removeHandler(handler)
    log.propagate = True


def lines(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


log = logging.getLogger("steel.test_logs")


@pytest.mark.parametrize("severity", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_a_line_has_its_severity_its_time_and_its_words(written: io.StringIO, severity: str) -> None:
    log.log(logging.getLevelName(severity), "the price of %s", "rebar")
    (line,) = lines(written)
    assert (line["severity"], line["message"], line["logger"]) == (severity, "the price of rebar", "steel.test_logs")
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert {"run", "job", "step", "market"} & set(line) == set()


def test_what_a_line_is_about_is_in_fields_of_its_own(written: io.StringIO) -> None:
    log.info("done", extra={"run": "1234", "job": "daily_data_update", "step": "scrap_turkey__forecasts"})
    log.info("done", extra={"market": "iron_ore_62"})
    first, second = lines(written)
    wanted = {"run": "1234", "job": "daily_data_update", "step": "scrap_turkey__forecasts", "market": "scrap_turkey"}
    assert wanted.items() <= first.items()
    assert second["market"] == "iron_ore_62"


def test_a_trace_a_line_break_and_a_huge_message_stay_one_line(written: io.StringIO) -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("it \u2028failed\r\n")
    log.info("x" * 10 * LONGEST)
    first, second = lines(written)
    assert "ValueError: first\nsecond" in first["message"]
    assert LONGEST < len(second["message"]) < LONGEST + 50


@pytest.mark.parametrize(
    ("step", "market"),
    [
        ("rebar_fob_turkey__forecasts", "rebar_fob_turkey"),
        ("raw__fred_api__rates", None),
        ("publication", None),
        (None, None),
        (7, None),
    ],
)
def test_the_market_is_known_from_the_step(step: object, market: str | None) -> None:
    assert market_of(step) == market


def test_what_is_logged_in_a_run_says_which_run_and_market(tmp_path: Path) -> None:
    """In a process of its own: Dagster opens the handlers that dagster.yaml names on that process's standard error."""
    described(tmp_path / "instance", json_logs=True)
    code = (
        "import dagster as dg, sys\n"
        "@dg.asset(key=['scrap_turkey', 'forecasts'])\n"
        "def forecasts(context): context.log.warning('one price is missing'); raise ValueError('no price')\n"
        "job = dg.Definitions(assets=[forecasts], jobs=[dg.define_asset_job('daily', selection=[forecasts])])\n"
        "job = job.resolve_job_def('daily')\n"
        "with dg.DagsterInstance.from_config(sys.argv[1]) as one: job.execute_in_process(instance=one, raise_on_error=False,\n"
        "    run_config={'loggers': {'console': {'config': {'log_level': 'CRITICAL'}}}})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "instance")], capture_output=True, text=True, env=outside(), check=True
    )
    with dg.DagsterInstance.from_config(str(tmp_path / "instance")) as instance:
        run = instance.get_runs()[0].run_id
    found = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    about = {"run": run, "job": "daily", "step": "scrap_turkey__forecasts", "market": "scrap_turkey"}
    warned = next(line for line in found if "one price is missing" in line["message"])
    assert ({"severity": "WARNING"} | about).items() <= warned.items()
    failed = [line for line in found if line["severity"] == "ERROR" and "no price" in line["message"]]
    assert failed
    assert about.items() <= failed[0].items()


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up("text")
        log.info("the daily update succeeded")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert capsys.readouterr().err.endswith(" INFO the daily update succeeded\n")
