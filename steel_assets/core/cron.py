"""Validates cron expressions of five fields where they are declared: Dagster refuses them too, but cannot name file and field."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator

FIELDS = 5
ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
BEYOND_CRON = re.compile(r"#|(?<!JU)L", re.IGNORECASE)
"""Forms for the second Friday or the last day: cronsim accepts all of them, Dagster only some."""


def checked(text: str) -> str:
    """``text`` if it is a cron expression for an existing day.

    Raises:
        ValueError: it is not.
    """
    fields = text.split()
    fault = "" if len(fields) == FIELDS and not BEYOND_CRON.search(text) else "Bad fields"
    try:
        CronSim(text, ANY_DAY)
        CronSim(" ".join([*fields[:-1], "*"]), ANY_DAY)  # Dagster wants a day that exists, whatever the weekday
    except CronSimError as error:
        fault = str(error)
    if fault:
        raise ValueError(f"{text!r} is not minute, hour, day, month, weekday as in cron, for example 0 2 * * * ({fault})")
    return text


Cron = Annotated[str, AfterValidator(checked)]
