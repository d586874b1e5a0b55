"""Everything that ``make bench`` measures, subject by subject, and then one table of ratios.

``--short``: only what a busy machine can measure in some minutes. ``--document``: the table goes into docs/performance.md, and
its figures into docs/performance.json, which ``steel_assets_tests.bench.slower`` compares with those before.
"""

import argparse
import subprocess
import sys

from steel_assets_tests.bench import (
    anomalies,
    event_log,
    markets,
    pipeline,
    ratios,
    reads,
    service,
    training,
    yardstick,
)


def main() -> None:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer folds, shorter loads; no pipeline, markets or anomalies")
    parser.add_argument("--document", action="store_true", help="write docs/performance.md and docs/performance.json")
    chosen = parser.parse_args()
    with ratios.collecting() as found:
        _started("command_line")  # measured from a small process
        event_log.main()
        reads.main()
        if chosen.short:
            _started("training", "--origins", "50", "--only-peers")
            _started("service", "--seconds", "5", "--soak", "20000")
        else:
            sys.argv = sys.argv[:1]  # each subject reads its own arguments
            for subject in (anomalies, pipeline, markets, service, training, yardstick):
                subject.main()
            _started("years", "--markets", "1")
    sys.stdout.write(ratios.table(found) + "\n")
    if chosen.document:
        ratios.write(found)


def _started(subject: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", f"steel_assets_tests.bench.{subject}", *arguments], check=True)


if __name__ == "__main__":
    main()
