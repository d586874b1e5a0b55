"""Progress of a long command: how much is done, the current step, and an estimate of the time left."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

WORK = {"candidate_models": 20, "drift": 2, "forecasts": 2}
"""How many times longer a step takes than an ordinary one (measured on the simulated market), by asset name."""
COLLECTING, COLLECTION = "collect_", 8

DOING = {
    "candidate_models": "training {}",
    "market_daily": "prices of {}",
    "market_periods": "weeks and months of {}",
    "data_quality": "data quality of {}",
    "market_features": "features of {}",
    "validation_scores": "validating {}",
    "promotions": "promotion of {}",
    "forecasts": "forecasting {}",
    "predictions_vs_reality": "predictions against reality of {}",
    "metrics_daily": "figures of {}",
    "drift": "drift of {}",
}
"""What a step does to a market, in words, by asset name."""

ENOUGH = 0.05
"""Share of the work after which the time left is estimated."""


class _Left(ProgressColumn):
    """A column with a task's estimated time left, if it has one."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("left", "")), style="progress.remaining")


def progress_bar(console: Console) -> Progress:
    """A progress bar with a description, steps done of all, and the time passed."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        _Left(),
        console=console,
    )


def doing(step: str) -> str:
    """What a step of a run does, in words."""
    if step.startswith(COLLECTING):
        return f"collecting from {step.removeprefix(COLLECTING)}"
    market, _, made = _parts(step)
    return DOING[made].format(market) if made in DOING else step


def work(step: str) -> int:
    """How much work a step is, in units of an ordinary one."""
    return COLLECTION if step.startswith(COLLECTING) else WORK.get(_parts(step)[2], 1)


def _parts(step: str) -> tuple[str, str, str]:
    """Market and asset of a step; a step of several assets starts with the name of its group."""
    return step.split(".")[0].rpartition("__")


class TimeLeft:
    """Estimates how long a run will still take from the time of the steps that are done."""

    def __init__(self, steps: Iterable[str]) -> None:
        self.total = max(1, sum(work(step) for step in steps))
        self.done = 0
        self.began = time.monotonic()

    def after(self, step: str) -> str:
        """The estimate in words after ``step`` is done; empty while too little is done."""
        self.done = min(self.done + work(step), self.total)
        if self.done < ENOUGH * self.total or self.done == self.total:
            return ""
        return f"about {spoken((time.monotonic() - self.began) * (self.total - self.done) / self.done)} left"


def spoken(seconds: float) -> str:
    """A duration in rounded words, such as ``5 min``."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{seconds / 60:.0f} min"
