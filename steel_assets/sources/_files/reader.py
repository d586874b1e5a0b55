"""The process that reads one file: a ``messages.question`` on standard input, an answer on standard output.

It limits itself before reading the file, so that it also ends if nobody waits for it; it writes nothing to disk.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from pathlib import Path

from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.sources._files.messages import answer, asked, limits_of
from steel_assets.sources._files.opening import opened
from steel_assets.sources._files.series_figures import read_series
from steel_assets.sources._files.table import MIB, ImportRefused

NO_MEMORY = 3
"""Exit code if memory is exhausted, in which case no message can be written."""


def main() -> None:
    """Read and answer once."""
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # libraries may print; only the answer belongs on standard output
        line = sys.stdin.buffer.readline()
        bound(limits_of(line))
        try:
            reply = _read(line)
        except MemoryError:
            os._exit(NO_MEMORY)
        out.write(reply)


def bound(limits: ReadingLimits) -> None:
    """Limit this process to ``limits``. Memory is not limited where the system cannot do so (macOS)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    cpu = math.ceil(time.process_time()) + limits.cpu_seconds  # what the imports took is not the file's
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    statm = Path("/proc/self/statm")
    if statm.exists():
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        most = now + limits.memory_mb * MIB
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _read(line: bytes) -> bytes:
    try:
        file, mapping, series, moment, known = asked(line, sys.stdin.buffer.read())
        return answer(read_series(opened(file, mapping), mapping, series, moment, known))
    except ImportRefused as refusal:
        return json.dumps({"refused": str(refusal)}).encode()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked tells it
        return json.dumps({"failed": f"{type(error).__name__}: {error}"[:2000]}).encode()


if __name__ == "__main__":
    main()
