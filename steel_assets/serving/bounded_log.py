"""Limits the log: of similar messages a few per hour are written, then their number.

Clients who send malformed requests influence how many messages there are and what they contain. So everything written is limited,
whichever library logs it: messages of a kind, kinds, lines of a message, and lines in all per hour.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable

MOST = 10
"""Messages of a kind per hour, within the limit of lines."""

MOST_LINES = 100
"""Lines per hour, after which each kind may write one more."""

MOST_KINDS = 40
"""Number of kinds that are distinguished; all others count as one."""

HOUR = 3600.0
LONGEST_MESSAGE, WIDEST_LINE = 8, 400
LONGEST_TRACE = 60
CHANGING = re.compile(r"0x[0-9a-f]+|[0-9]+")
"""The variable parts of messages that a library logs without a template."""

Kind = tuple[str, int, str]


class BoundedLog(logging.Filter):
    """Lets the first messages of a kind through in every hour. A kind is a template's first line, its level and its logger."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[Kind, tuple[float, int]] = {}
        self._since, self._lines = clock(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written. The first one written after others were dropped says how many."""
        with self._lock:
            now = self._clock()
            if now - self._since >= HOUR:
                self._since, self._lines = now, 0
            kind = self._kind(record, now)
            since, count = self._seen.get(kind, (now, 0))
            left_out = 0
            if now - since >= HOUR:
                since, count, left_out = now, 0, max(0, count - MOST)
            self._seen[kind] = (since, count + 1)
            if count >= MOST or (count and self._lines >= MOST_LINES):
                return False
            self._lines += _shorten(record, whole=self._lines < MOST_LINES, first=count == 0, note=_note(count, left_out))
        return True

    def _kind(self, record: logging.LogRecord, now: float) -> Kind:
        kind = (record.name, record.levelno, CHANGING.sub("#", str(record.msg).partition("\n")[0][:WIDEST_LINE]))
        if kind in self._seen or len(self._seen) < MOST_KINDS:
            return kind
        for old in [entry for entry, (since, _) in self._seen.items() if now - since >= 2 * HOUR]:
            del self._seen[old]
        return kind if len(self._seen) < MOST_KINDS else ("", 0, "")


def bound_log(clock: Callable[[], float] = time.monotonic) -> None:
    """Apply the limits to the handlers that all loggers share."""
    quiet = BoundedLog(clock)
    for handler in logging.getLogger().handlers:
        handler.addFilter(quiet)


def _note(count: int, left_out: int) -> str:
    if left_out:
        return f" (and about {left_out} more like this in the hour before)"
    return " (more like this are counted, not written, for an hour)" if count == MOST - 1 else ""


def _shorten(record: logging.LogRecord, *, whole: bool, first: bool, note: str) -> int:
    """Shorten ``record``; return its number of lines. Only the first of a kind keeps its traceback."""
    lines = [line[:WIDEST_LINE] for line in record.getMessage().splitlines()] or [""]
    lines = lines[: LONGEST_MESSAGE if whole else 1]
    trace: list[str] = []
    if record.exc_info and record.exc_info[1] is not None:
        if whole and first:
            trace = logging.Formatter().formatException(record.exc_info).splitlines()
            trace = [
                line[:WIDEST_LINE] for line in (trace if len(trace) <= LONGEST_TRACE else ["…", *trace[1 - LONGEST_TRACE :]])
            ]
        else:
            error = record.exc_info[1]
            lines[-1] += f": {type(error).__name__}: {' '.join(str(error).split())}"[:WIDEST_LINE]
    lines[-1] += note
    record.msg, record.args = "\n".join(lines), ()
    record.exc_info, record.exc_text, record.stack_info = None, "\n".join(trace) or None, None
    return len(lines) + len(trace)
