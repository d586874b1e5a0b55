"""``python -m steel_assets_tests.assets.sensors.quick_daemon``: Dagster's daemon, in no way changed but that it asks every half
second which sensors are due, not every five: a test waits for many such rounds.
"""

from dagster._daemon import sensor
from dagster._daemon.cli import main

if __name__ == "__main__":
    sensor.MIN_INTERVAL_LOOP_TIME = 0.5  # type: ignore[assignment]
    main()
