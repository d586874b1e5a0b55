"""Whether schedules and sensors run, read directly from the SQLite files of an embedded Dagster instance.

Opening the instance and loading the definitions takes more than a second of processor time. Two questions can be answered without
that: whether a daemon ever ran here, and whether the daemons and the sensor ``failed_ticks`` work. What that sensor finds becomes
an incident, which is shown as such. All other questions, and other storages, are answered through Dagster
(``assets.sensors.lost_daemons``, ``failed_ticks``).

The tables are those of Dagster 1.13: daemon_heartbeats in ``history/runs.db``, instigators and job_ticks in
``schedules/schedules.db``. If they differ, the answer is "unknown".
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from steel_assets.operations.dagster_files import InstanceFiles

WATCH = "failed_ticks"
"""The sensor that checks all other sensors and every schedule."""

WAIT_SECONDS = 2.0
Running = Literal["never", "well", "unknown"]

BEATS = "SELECT timestamp FROM daemon_heartbeats"
INSTIGATORS = "SELECT selector_id, status, instigator_body FROM instigators"
NEWEST_TICK = (
    "SELECT status, timestamp FROM job_ticks WHERE selector_id = ? AND status != 'STARTED' "
    "ORDER BY timestamp DESC, id DESC LIMIT 1"
)


def running(files: InstanceFiles, now: datetime, grace: timedelta) -> Running:
    """Whether daemons, schedules and sensors run.

    Args:
        grace: a daemon or the sensor ``failed_ticks`` that was silent for longer may be dead.

    Returns:
        "never": no daemon ever ran here. "well": every daemon that ran has a heartbeat, ``failed_ticks`` ticks, and no schedule
        or sensor is switched off or failed at its newest tick. "unknown": ask Dagster.
    """
    if files.history is None or files.schedules is None:
        return "unknown"
    runs, schedules = files.history / "runs.db", files.schedules / "schedules.db"
    if not runs.exists():
        return "never"
    try:
        beats = [_moment(written) for (written,) in _rows(runs, BEATS)]
        if not beats:
            return "never"
        if any(now - beat > grace for beat in beats):
            return "unknown"
        return "well" if _ticking(schedules, now - grace) else "unknown"
    except (sqlite3.Error, TypeError, ValueError):
        return "unknown"


def _ticking(schedules: Path, since: datetime) -> bool:
    """Whether ``failed_ticks`` ticked after ``since``, and no newest tick failed."""
    watched = False
    for selector, status, body in _rows(schedules, INSTIGATORS):
        newest = _rows(schedules, NEWEST_TICK, selector)
        if status == "STOPPED" or any(ended == "FAILURE" for ended, _ in newest):
            return False
        watched |= f'"{WATCH}"' in body and any(_moment(at) > since for _, at in newest)
    return watched


def _rows(path: Path, query: str, *given: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as connection:
        return connection.execute(query, given).fetchall()


def _moment(text: str) -> datetime:
    """A datetime as SQLAlchemy stores it there, in UTC without a zone, as a UTC datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
