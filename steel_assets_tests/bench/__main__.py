"""Everything that ``make bench`` measures, subject by subject, and then one table of ratios.

``--short``: only what a busy machine can measure in some minutes. ``--document``: the table goes into docs/performance.md, and
its figures into docs/performance.json, which ``steel_assets_tests.bench.slower`` compares with those before. ``--only``: these
subjects. Each is measured by a process of its own: one that fails, or does not end within LONGEST_SECONDS, costs its own rows and
is named at the end (exit code 1).
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from steel_assets_tests.bench import ratios

LONGEST_SECONDS = 5400.0
"""Of one subject. On an idle machine each takes minutes; one that takes so long will never end."""

SHORT = {
    "command_line": (),
    "event_log": (),
    "reads": (),
    "training": ("--origins", "50", "--only-peers"),
    "service": ("--seconds", "5", "--soak", "20000"),
}
"""Subjects and their arguments, in the order in which they are measured."""

WHOLE = {
    "command_line": (),
    "event_log": (),
    "reads": (),
    "training": (),
    "service": ("--seconds", "20", "--soak", "200000"),
    "years": ("--markets", "1"),
    "pipeline": (),
    "markets": (),
    "anomalies": (),
    "yardstick": (),
}
"""Those with a row in the table come first."""


def main() -> int:
    """Measure, print, and write where that is asked for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer folds, shorter loads; no years, pipeline, markets, anomalies")
    parser.add_argument("--document", action="store_true", help="write docs/performance.md and docs/performance.json")
    parser.add_argument("--only", nargs="+", choices=WHOLE, metavar="SUBJECT", help=f"of {', '.join(WHOLE)}")
    chosen = parser.parse_args()
    subjects = {name: how for name, how in (SHORT if chosen.short else WHOLE).items() if name in (chosen.only or WHOLE)}
    with ratios.collecting() as found:
        failed = [name for name, arguments in subjects.items() if not _measured(name, arguments)]
    sys.stdout.write(ratios.table(found) + "\n")
    if failed:
        sys.stdout.write(f"\nnot measured, because they failed or did not end: {', '.join(failed)}\n")
    if chosen.document:
        ratios.write(found)
    return 1 if failed else 0


def _measured(subject: str, arguments: tuple[str, ...]) -> bool:
    began = time.monotonic()
    sys.stdout.write(f"== {subject}\n")
    sys.stdout.flush()
    code = ended([sys.executable, "-m", f"steel_assets_tests.bench.{subject}", *arguments], LONGEST_SECONDS)
    told = " (stopped: it did not end)" if code is None else ""
    sys.stdout.write(f"== {subject}: {time.monotonic() - began:.0f} s{told}\n\n")
    sys.stdout.flush()
    return code == 0


def ended(command: Sequence[str], longest: float) -> int | None:
    """The exit code of ``command``; None if it did not end within ``longest`` seconds, when it and what it started are killed."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait(longest)
    except BaseException as error:  # also Ctrl-C, which a session of its own does not get
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return None
        raise


if __name__ == "__main__":
    raise SystemExit(main())
