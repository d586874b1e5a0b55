"""Reads a file in a separate process with limits of memory and time, so that an error or a crash does not affect ours.

Workbooks, Parquet and compressed files are read so: a few bytes in them can expand to gigabytes, in libraries that cannot be
limited from within. An uncompressed text expands at most some dozens of times, in time that grows with its length; up to
``LONGEST_TEXT`` it is read in this process, because a separate one costs about a second of imports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import PurePath

import pandas as pd

from steel_assets.core.problem import Problem
from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.core.types import Series
from steel_assets.sources._files.messages import answered, question
from steel_assets.sources._files.opening import TEXTS
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.reader import NO_MEMORY
from steel_assets.sources._files.reading import FileReading
from steel_assets.sources._files.table import MIB, File, ImportRefused

LONGEST_TEXT = MIB
READER = "steel_assets.sources._files.reader"
GRACE = 5.0
"""Seconds beyond its own limit after which the process is killed."""

ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others take address space in advance
    "PYTHONIOENCODING": "utf-8",
}
"""The whole environment of the process: no key, no address, no folder."""

SPLIT = "keep one table alone, split it by years, or save it as CSV"
RAISE = "or raise {name} under imports: reading: in rules.yaml"


class ReadingFailed(Problem):
    """The process ended with an unexpected error; the message names it."""


class ReaderUnavailable(Problem):
    """No process could be started; nothing is known about the file."""


def may_be_read_here(file: File) -> bool:
    """Whether the file is a plain text of moderate length."""
    return PurePath(file.name).suffix.lower() in TEXTS and len(file.content) <= LONGEST_TEXT


def read_apart(
    file: File,
    mapping: FileMapping,
    series: Mapping[str, Series],
    moment: pd.Timestamp,
    known: pd.DataFrame | None,
    limits: ReadingLimits,
) -> FileReading:
    """See ``file_import.read_table``; the series of ``mapping`` exist.

    Raises:
        ImportRefused: as there; or reading it met a limit.
        ReaderUnavailable, ReadingFailed: it was not the file's fault.
    """
    asked = question(file, mapping, series, moment, known, limits)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", READER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
    except OSError as error:
        raise ReaderUnavailable(
            f"{file.name}: no process could be started to read it ({error.strerror}); try again later"
        ) from error
    with process:
        try:
            out, _ = process.communicate(asked, timeout=limits.seconds + GRACE)
        except subprocess.TimeoutExpired:
            raise _too_slow(file, limits) from None
        finally:
            if process.returncode is None:
                process.kill()
    return _understood(file, mapping, process.returncode, out, limits)


def _understood(file: File, mapping: FileMapping, code: int, out: bytes, limits: ReadingLimits) -> FileReading:
    if code == NO_MEMORY:
        raise file.refusal(
            f"reading it needs more than {limits.memory_mb:,} MiB of memory, the limit; {SPLIT}, {RAISE.format(name='memory_mb')}"
        )
    if code == -signal.SIGXCPU:
        raise file.refusal(
            f"reading it takes more than {limits.cpu_seconds} s of computing, the limit; "
            f"{SPLIT}, {RAISE.format(name='cpu_seconds')}"
        )
    if code == -signal.SIGALRM:
        raise _too_slow(file, limits)
    if code:
        how = f"by signal {-code} ({signal.Signals(-code).name})" if -code in set(signal.Signals) else f"with code {code}"
        raise file.refusal(
            f"the process that read it ended {how}: it is damaged, or reading it needs more than {limits.memory_mb:,} MiB of "
            f"memory, the limit; {SPLIT}, {RAISE.format(name='memory_mb')}"
        )
    try:
        answer = json.loads(out)
        if "refused" in answer:
            raise ImportRefused(str(answer["refused"]))
        if "failed" in answer:
            raise ReadingFailed(f"{file.name}: {answer['failed']}")
        return answered(answer, mapping)
    except ImportRefused:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ReadingFailed(f"{file.name}: the process that read it answered nothing that is understood") from error


def _too_slow(file: File, limits: ReadingLimits) -> ImportRefused:
    return file.refusal(
        f"reading it takes longer than {limits.seconds:g} s, the limit; try again when the machine is less busy, {SPLIT}, "
        f"{RAISE.format(name='seconds')}"
    )
