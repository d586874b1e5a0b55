"""Everything that ``make bench`` measures, subject by subject, and then one table of ratios.

``--short``: only what a busy machine can measure in some minutes. ``--document``: the table goes into docs/performance.md, and
its figures into docs/performance.json, which ``steel_assets_tests.bench.slower`` compares with those before. ``--only``: these
subjects. Each is measured by a process of its own: one that fails costs its own rows and is named at the end (exit code 1).
"""

import argparse
import subprocess
import sys
import time

from steel_assets_tests.bench import ratios

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
    "service": (),
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
        sys.stdout.write(f"\nnot measured, because they failed: {', '.join(failed)}\n")
    if chosen.document:
        ratios.write(found)
    return 1 if failed else 0


def _measured(subject: str, arguments: tuple[str, ...]) -> bool:
    began = time.monotonic()
    sys.stdout.write(f"== {subject}\n")
    sys.stdout.flush()
    done = subprocess.run([sys.executable, "-m", f"steel_assets_tests.bench.{subject}", *arguments], check=False)
    sys.stdout.write(f"== {subject}: {time.monotonic() - began:.0f} s\n\n")
    sys.stdout.flush()
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
