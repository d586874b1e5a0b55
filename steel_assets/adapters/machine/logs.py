"""What this process logs: plain lines, or one JSON object a line as Cloud Logging takes it.

Source: https://cloud.google.com/logging/docs/structured-logging. ``severity``, ``message`` and ``time`` are its own fields; what
run, job, step and market a line is about is beside them, where it is known: from Dagster's own records, or from ``extra``.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["text", "json"]
TEXT = "%(asctime)s %(levelname)s %(message)s"
LONGEST = 64_000
"""Characters of one message: Cloud Logging refuses an entry of more than 256 KiB."""

CHATTY = ("httpx", "alembic", "fontTools")
"""Libraries that tell each step of theirs."""

ABOUT = ("run", "job", "step")
DAGSTER = {"run": "run_id", "job": "job_name", "step": "step_key"}
"""Where Dagster's records have the same (``dagster_meta``)."""

SEVERITIES = ((logging.CRITICAL, "CRITICAL"), (logging.ERROR, "ERROR"), (logging.WARNING, "WARNING"), (logging.INFO, "INFO"))

CONFIG = {
    "formatters": {"json": {"()": f"{__name__}.JsonLines"}},
    "handlers": {"json": {"class": "logging.StreamHandler", "level": "INFO", "formatter": "json", "stream": "ext://sys.stderr"}},
}
"""For ``python_logs: dagster_handler_config`` of a dagster.yaml: what is logged in runs, too."""


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        dagster_meta = getattr(record, "dagster_meta", None)
        meta: dict[str, Any] = dagster_meta if isinstance(dagster_meta, dict) else {}
        about = {name: getattr(record, name, None) or meta.get(DAGSTER[name]) for name in ABOUT}
        about["market"] = getattr(record, "market", None) or market_of(about["step"])
        line = {
            "severity": next((name for level, name in SEVERITIES if record.levelno >= level), "DEBUG"),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "message": _shortened(super().format(record)),
            "logger": record.name,
        }
        return json.dumps(line | {name: str(value) for name, value in about.items() if value})


def set_up(chosen: Format) -> None:
    """From now on this process logs so, to standard error. What it did before is replaced."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if chosen == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def market_of(step: object) -> str | None:
    """The market that a step works for: ``rebar_fob_turkey`` of ``rebar_fob_turkey__forecasts``; None for any other step."""
    parts = step.split("__") if isinstance(step, str) else []
    return parts[0] if len(parts) == 2 else None


def _shortened(message: str) -> str:
    return message if len(message) <= LONGEST else f"{message[:LONGEST]}… ({len(message):,} characters)"
