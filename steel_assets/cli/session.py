"""What commands that run jobs need: the platform, its Dagster instance and, for simulated prices, the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.progress import Progress

from steel_assets.assets.jobs import FOLLOWED, WRAP_UP
from steel_assets.assets.resources import resources
from steel_assets.assets.runs import RunReport, instance_here, run_job
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.dates import now
from steel_assets.cli.progress import TimeLeft, doing, progress_bar
from steel_assets.definitions import definitions, installation
from steel_assets.settings import settings

if TYPE_CHECKING:
    import dagster as dg

    from steel_assets.sandbox.server import Sandbox


@dataclass
class Session:
    """Runs jobs in this process and shows their progress."""

    console: Console
    platform: Platform
    instance: dg.DagsterInstance
    sandbox: Sandbox | None

    @classmethod
    @contextmanager
    def open(cls, console: Console, instance: dg.DagsterInstance | None = None, *, begin: bool = False) -> Iterator[Session]:
        """Open a session for the settings of the environment, with a sandbox of its own if one is needed.

        Args:
            instance: None for that of the current folder.
            begin: create a Dagster instance in the current folder if there is none.
        """
        chosen = settings()
        with ExitStack() as stack:
            if instance is None:
                instance = stack.enter_context(instance_here(begin=begin))
            sandbox = None
            if chosen.simulated:
                from steel_assets.sandbox.server import Sandbox

                sandbox = stack.enter_context(Sandbox(platform().catalog))
                chosen = chosen.model_copy(update={"sandbox_url": sandbox.url})
            yield cls(console, platform(chosen), instance, sandbox)

    def now(self) -> pd.Timestamp:
        """The present time, UTC."""
        return now()

    def run(
        self,
        job: str,
        moment: pd.Timestamp,
        progress: Progress | None = None,
        *,
        only: Sequence[dg.AssetKey] | None = None,
        since: pd.Timestamp | None = None,
    ) -> RunReport:
        """Run ``job`` (or ``only`` some of its assets) for all markets as of ``moment``, with a progress bar.

        Args:
            since: ask providers again for everything from this day on.
        """
        if self.sandbox is not None:
            self.sandbox.set_clock(moment)
        defs = definitions(installation().reaching(moment))
        followed = [WRAP_UP] if job in FOLLOWED and not only else []
        names = [node.name for name in [job, *followed] for node in defs.resolve_job_def(name).graph.node_defs]
        steps, left = len(names), TimeLeft(names)
        with nullcontext(progress) if progress else progress_bar(self.console) as bar:
            task = bar.add_task(f"{job} · {moment:%Y-%m-%d %H:%M} UTC", total=steps)

            def on_step(name: str, done: bool) -> None:
                said = f"{job} · {moment:%Y-%m-%d} · {doing(name)}"
                if done:
                    bar.update(task, description=said, advance=1, left=left.after(name))
                else:
                    bar.update(task, description=said)

            report = run_job(defs, job, self.instance, resources(self.platform), moment, on_step, only=only, since=since)
            bar.update(task, description=f"{job} · {moment:%Y-%m-%d}", completed=steps, left="")
        return report
