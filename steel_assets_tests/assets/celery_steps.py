"""Three steps for a worker; the second one loses its process the first time that it is executed."""

import os
import signal
from pathlib import Path

import dagster as dg

from steel_assets.assets.executor import chosen_executor
from steel_assets.bootstrap import platform


@dg.asset
def before() -> None:
    """Executed once."""
    _execution("before")


@dg.asset(deps=[before])
def fragile() -> None:
    """Killed at its first execution, as by the kernel of a machine out of memory."""
    if _execution("fragile") == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@dg.asset(deps=[fragile])
def after() -> None:
    """Executed once."""
    _execution("after")


def _execution(step: str) -> int:
    """The number of this execution of ``step``, which is noted in a file."""
    with (Path(os.environ["CELERY_STEPS"]) / step).open("a+") as noted:
        noted.write("x")
        return noted.tell()


parts = platform()
defs = dg.Definitions(
    assets=[before, fragile, after],
    jobs=[dg.define_asset_job("steps")],
    executor=chosen_executor(parts.settings, parts.secrets),
)
