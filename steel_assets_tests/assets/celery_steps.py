"""Steps for a worker: one loses its process the first time that it is executed, one each time."""

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


@dg.asset(deps=[before])
def doomed() -> None:
    """Killed at each of its executions, as where a machine has too little memory for it."""
    _execution("doomed")
    os.kill(os.getpid(), signal.SIGKILL)


@dg.asset(deps=[doomed])
def behind() -> None:
    """Never executed."""
    _execution("behind")


def _execution(step: str) -> int:
    """The number of this execution of ``step``, which is noted in a file."""
    with (Path(os.environ["CELERY_STEPS"]) / step).open("a+") as noted:
        noted.write("x")
        return noted.tell()


parts = platform()
defs = dg.Definitions(
    assets=[before, fragile, after, doomed, behind],
    jobs=[dg.define_asset_job("steps")],
    executor=chosen_executor(parts.settings, parts.secrets),
)
