"""A Dagster logger that writes the processor time of a run's process at each event of its steps, and what it says of them."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from pathlib import Path

import dagster as dg

from steel_assets_tests.bench.overhead import ENDS

FILE = Path("step_log.jsonl")
"""In the current folder of the process that executes the steps."""

RUN_CONFIG = {"loggers": {"console": {"config": {"log_level": "DEBUG", "name": "dagster"}}, "steps": {}}}
"""Of a run that is measured: Dagster's own log, as every run writes it, and this one."""


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        about = getattr(record, "dagster_meta", {})
        event, step = about.get("dagster_event"), about.get("step_key")
        if event is not None and step is not None:
            with FILE.open("a") as log:
                log.write(json.dumps([step, event.event_type_value, time.process_time()]) + "\n")


@dg.logger(description="The processor time of the process at each event of a step.")
def step_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """The logger of one run."""
    logger = logging.Logger("steps", logging.DEBUG)
    logger.addHandler(_Handler())
    return logger


LOGGERS = {"console": dg.colored_console_logger, "steps": step_logger}


def bodies(folder: Path) -> dict[str, float]:
    """Step to the seconds of processor time that its asset's own code took, from the log in ``folder``, which is removed."""
    begun: dict[str, float] = {}
    took: dict[str, float] = {}
    for line in (folder / FILE).read_text().splitlines():
        step, event, at = json.loads(line)
        if event == "STEP_START":
            begun[step] = at
        elif event in ENDS and step in begun:
            took.setdefault(step, at - begun[step])
    (folder / FILE).unlink()
    return took


def by_asset(took: dict[str, float]) -> Counter[str]:
    """The sum over all markets by asset, such as ``forecasts``; the steps of no market are ``collection``."""
    found: Counter[str] = Counter()
    for step, seconds in took.items():
        market, _, asset = step.partition(".")[0].partition("__")
        found[asset if asset and market != "raw" else "collection"] += seconds
    return found
