"""Logging of this process: plain lines, or one JSON object per line for Cloud Logging.

Source: https://cloud.google.com/logging/docs/structured-logging. ``severity``, ``message`` and ``time`` are its own fields; run,
job, step and market are added if known: from Dagster's records, or from ``extra``.
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
"""Libraries that log every step."""

ABOUT = ("run", "job", "step")
DAGSTER = {"run": "run_id", "job": "job_name", "step": "step_key"}
"""Our field → field of Dagster's records (``dagster_meta``)."""

SEVERITIES = ((logging.CRITICAL, "CRITICAL"), (logging.ERROR, "ERROR"), (logging.WARNING, "WARNING"), (logging.INFO, "INFO"))

CONFIG = {
    "formatters": {"json": {"()": f"{__name__}.JsonLines"}},
    "handlers": {"json": {"class": "logging.StreamHandler", "level": "INFO", "formatter": "json", "stream": "ext://sys.stderr"}},
}
"""The value of ``python_logs: dagster_handler_config`` in a dagster.yaml, for logs in runs."""


class JsonLines(logging.Formatter):
    """Formats records as one JSON object per line."""

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
    """Log in this format to standard error from now on, replacing earlier handlers."""
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
