"""Lives as ``steel run`` lives them, on the small catalogue, as of any moment: one for each line of JSON on standard input, in a
child process of its own that can be killed. Everything is imported before, and what every life works out first is known, so that
a kill hits the life and not the imports.

A line holds ``folder`` (with the home), ``environment``, ``job``, ``moment``, and ``stays``: whether the instance is one that
stays in the folder, as on one machine; ``lease``: its length in seconds, where nobody is killed and a busy machine shall not lose
it; ``at_once``: how many such lives begin side by side. The answers are the children's numbers, then ``killed`` or the exit
code of each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from steel_assets.core.alerts import alert_state
from steel_assets_tests.chaos.daily.catalogue import shrink
from steel_assets_tests.prepared import USED, warm

LEASE_SECONDS, CLAIM = 3.0, timedelta(seconds=2)
"""How long the lease of a life, and its claim of what it sends, outlast it: the latter less long, as what is shipped does."""

LIMIT = 600.0
"""A life waits so long for another one to end: what bounds a hang, on a machine however busy."""


def main() -> None:
    """Serve until standard input ends."""
    shrink()
    alert_state.LEASE = CLAIM
    for name in ("steel_assets.cli.run", "steel_assets.assets.sensors", *USED):
        import_module(name)
    warm()
    for line in sys.stdin:
        wanted = json.loads(line)
        children = [_begun(wanted) for _ in range(wanted["at_once"])]
        print(*children, flush=True)  # noqa: T201  this is the answer
        ends = [os.waitpid(child, 0)[1] for child in children]
        print(*("killed" if os.WIFSIGNALED(end) else os.WEXITSTATUS(end) for end in ends), flush=True)  # noqa: T201


def _begun(wanted: Mapping[str, Any]) -> int:
    """The number of a child that lives one life."""
    child = os.fork()
    if child == 0:
        os.chdir(wanted["folder"])
        os.environ.clear()
        os.environ |= wanted["environment"]
        log = os.open("life.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(_lived(wanted))
    return child


def _lived(wanted: Mapping[str, Any]) -> int:
    """The exit code of one life."""
    from steel_assets.cli.run import lived

    job, moment = wanted["job"], pd.Timestamp(wanted["moment"])
    try:
        if wanted["stays"]:
            return 0 if _on_one_machine(job, moment).well else 1
        return 0 if lived(job, moment, wait_seconds=LIMIT, lease_seconds=wanted.get("lease", LEASE_SECONDS)).well else 1
    except BaseException:  # noqa: BLE001 - the child must never come back into the loop of its parent
        sys.excepthook(*sys.exc_info())
        return 70


def _on_one_machine(job: str, moment: pd.Timestamp) -> Any:
    from steel_assets.assets.resources import resources
    from steel_assets.assets.runs import instance_in
    from steel_assets.assets.whole_life import Process
    from steel_assets.cli.session import Session
    from steel_assets.definitions import definitions, installation
    from steel_assets.operations.instance_state import described

    home = Path("one-machine")
    if not home.exists():
        described(home.absolute())
    with instance_in(home) as instance, Session.open(Console(stderr=True), instance) as pipeline:
        assert pipeline.sandbox is not None
        pipeline.sandbox.set_clock(moment)
        parts, defs = pipeline.platform, definitions(installation().reaching(moment))
        schedules = parts.catalog.rules.schedules
        return Process(defs, instance, resources(parts), schedules, lambda: None, moment).live(job)


if __name__ == "__main__":
    main()
