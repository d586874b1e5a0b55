"""Everything that ``make bench`` measures, subject by subject."""

import subprocess
import sys

from steel_assets_tests.bench import anomalies, markets, pipeline, service, training, yardstick

if __name__ == "__main__":
    anomalies.main()
    subprocess.run([sys.executable, "-m", "steel_assets_tests.bench.command_line"], check=True)  # measured from a small process
    pipeline.main()
    markets.main()
    service.main()
    training.main()
    yardstick.main()
