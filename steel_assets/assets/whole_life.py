"""Everything the platform does between start and stop of one process, for places where no daemon runs (Cloud Run).

It runs the job that is due, evaluates every sensor and all freshness policies once, and sends what waits.

The positions up to which alerts read Dagster's log are stored in the lake at once. No position may be ahead of the log that the
next process finds. So the instance is stored again after every event that alerts read, before anything reads it. A process that
is killed leaves the last stored state; the next one does what is missing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.assets.dagster_internals import due_before, evaluate_freshness
from steel_assets.assets.jobs import day_of
from steel_assets.assets.moment import DAY_TAG, RunClock
from steel_assets.assets.resources import COMPOSED
from steel_assets.assets.runs import RunReport, run_job
from steel_assets.assets.sensors import failed_ticks
from steel_assets.assets.upgrade import upgrade_databases
from steel_assets.catalog.rules import Schedules
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.problem import Problem
from steel_assets.operations.notifying import notify

TICK_TAG, SCHEDULE_TAG = "dagster/run_key", "dagster/schedule_name"
"""Dagster's own tags of a run that a schedule launched, so that a daemon that takes over later knows what was done."""

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
ELSEWHERE = frozenset({"lost_daemons", "failed_ticks", "alert_delivery"})
"""Sensors that are evaluated separately: there is no daemon, nothing ticks, and notifications are sent last."""

ALWAYS = "log"
"""The channel that is always set up, and has everything; its file goes with the machine."""

TELLS = ("outbox", "notifiers", "dagster_link")
"""Resources that what waits is sent with."""

TELLINGS = 20
"""A round of sending ends after 40 s, and what it found out is told by the next one; at most so many."""

ROUNDS = 3
"""After a run that a sensor asked for, all are evaluated again; at most so often."""

log = logging.getLogger("steel.run")


class UnknownJob(Problem):
    """No job has this name."""


@dataclass
class Life:
    """What one process did.

    Attributes:
        due: the tick that the job was run for; None if nothing was due.
        failed_before: nothing was due, because the run of the last tick exists, and it failed.
        runs: reports of the runs, the job's first.
        sensors: each sensor's summary.
        broken: the error of each sensor that raised one.
        unsent: channels over which sending failed, with the reason.
    """

    due: str | None = None
    failed_before: bool = False
    runs: list[RunReport] = field(default_factory=list)
    sensors: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    unsent: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    @property
    def well(self) -> bool:
        """Whether everything that was due succeeded, and every notification was sent."""
        return not (self.failed_before or self.broken or self.unsent) and all(run.success for run in self.runs)


@dataclass
class Process:
    """What a process needs for its work.

    Attributes:
        parts: the resources of runs and sensors (``resources.resources``).
        keep: stores the whole instance; called while no run is in progress.
        moment: data known by then are used; None for the clock's time.
    """

    defs: dg.Definitions
    instance: dg.DagsterInstance
    parts: Mapping[str, Any]
    schedules: Schedules
    keep: Callable[[], None]
    moment: pd.Timestamp | None = None

    def live(self, job: str, *, again: bool = False) -> Life:
        """Run ``job`` if the run of its last tick does not exist yet, then evaluate everything once.

        Args:
            again: run the job even if the run of its last tick exists.

        Raises:
            UnknownJob: no job has this name; nothing was done.
        """
        check_job(self.defs, job)
        upgrade_databases(self.instance)  # the life before this one may have been of an older release
        life = Life()
        self._run_what_is_due(life, job, again=again)
        for _ in range(ROUNDS):
            if not self._evaluate_once(life):
                break
        self._tell(life)
        self.keep()
        return life

    def _run_what_is_due(self, life: Life, job: str, *, again: bool) -> None:
        tags = self._tick(job)
        before = self.instance.get_runs(dg.RunsFilter(tags=tags, statuses=ENDED), limit=1) if tags else []
        if before and not again:
            life.failed_before = before[0].status != dg.DagsterRunStatus.SUCCESS
            log.info("%s: the run of its tick of %s exists already (%s)", job, tags[TICK_TAG], before[0].status.value)
            return
        life.due = tags.get(TICK_TAG, "at once")
        day = {DAY_TAG: day_of(datetime.fromisoformat(tags[TICK_TAG]), self.schedules)} if tags else {}
        self._run(life, job, {**tags, **day})

    def _tick(self, job: str) -> dict[str, str]:
        """The tags that identify the run of the last tick of ``job``; empty if it has no schedule."""
        schedule = next((schedule for schedule in self.defs.get_repository_def().schedule_defs if schedule.job_name == job), None)
        if schedule is None:
            return {}
        now = (self.moment or pd.Timestamp.now("UTC")).to_pydatetime()
        ticks = due_before(now, str(schedule.cron_schedule), self.schedules.zone)
        return {SCHEDULE_TAG: schedule.name, TICK_TAG: next(moment for moment in ticks if moment <= now).isoformat()}

    def _run(self, life: Life, job: str, tags: Mapping[str, str], only: Sequence[dg.AssetKey] | None = None) -> None:
        """One run and the jobs that follow it, then store the instance, from when on the run counts as done.

        With ``only``, some of the job's assets are made and no job follows.
        """
        by_day = self.defs.resolve_job_def(job).partitions_def is not None
        given = {name: value for name, value in tags.items() if by_day or name != DAY_TAG}
        report = run_job(self.defs, job, self.instance, self.parts, self.moment, only=only, given=given)
        life.runs.append(report)
        about = {"run": report.run_id, "job": job}
        for step, seconds in report.steps.items():
            log.info("%s: %s in %.1f s", job, step, seconds, extra={**about, "step": step})
        for step, reason in report.failed_steps.items():
            log.error("%s: %s failed: %s", job, step, reason, extra={**about, "step": step})
        for name, reason in report.failed_checks.items():
            log.warning("%s: check %s failed: %s", job, name, reason, extra=about)
        log.info("%s: %s in %.1f s", job, "succeeded" if report.success else "failed", report.seconds, extra=about)
        self.keep()

    def _evaluate_once(self, life: Life) -> bool:
        """Evaluate freshness, then every sensor; return whether one of them requested a run, which was then made."""
        repository, ran = self.defs.get_repository_def(), False
        log.info("freshness: %d states changed", evaluate_freshness(self.instance, repository.asset_graph))
        for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name):
            if sensor.name in ELSEWHERE:
                continue
            try:
                done = sensor.evaluate_tick(self._context(repository, sensor))
            except Exception as error:
                life.broken[sensor.name] = f"{type(error).__name__}: {error}"
                log.exception("sensor %s", sensor.name)
                continue
            life.broken.pop(sensor.name, None)
            requests = done.run_requests or []
            life.sensors[sensor.name] = f"{len(requests)} runs asked for" if requests else done.skip_message or "done"
            log.info("sensor %s: %s", sensor.name, life.sensors[sensor.name])
            for event in done.asset_events:
                self.instance.report_runless_asset_event(event)
            if done.asset_events:
                self.keep()
            for request in requests:
                day = {DAY_TAG: request.partition_key} if request.partition_key else {}
                job = request.job_name or sensor.job_name or ""
                self._run(life, job, {**request.tags, **day, TICK_TAG: request.run_key or ""}, request.asset_selection)
                ran = True
        return ran

    def _context(self, repository: dg.RepositoryDefinition, sensor: dg.SensorDefinition) -> dg.SensorEvaluationContext:
        return dg.build_sensor_context(
            self.instance, repository_def=repository, sensor_name=sensor.name, resources={**self.parts, "clock": RunClock()}
        )

    def _tell(self, life: Life) -> None:
        """Turn errors of sensors into incidents, end those of sensors that work again, then send everything that waits."""
        now = datetime.now(UTC)
        conditions = [
            Condition(
                rule=failed_ticks.FAILED,
                subject=f"sensor {name}",
                firing=name in life.broken,
                moment=now,
                text=" ".join(life.broken.get(name, "").split())[:400],
            )
            for name in sorted({*life.sensors, *life.broken})
        ]
        with dg.build_resources({name: self.parts[name] for name in (COMPOSED, *TELLS)}, instance=self.instance) as parts:
            parts.outbox.report(conditions, now, complete=frozenset({failed_ticks.FAILED, failed_ticks.SILENT}))
            sent = []
            for _ in range(TELLINGS):
                done = notify(parts.outbox, parts.notifiers, parts.dagster_link)
                sent += done.sent
                life.unsent |= done.problems
                if not done.sent:
                    break
            left = parts.outbox.untold(parts.notifiers, datetime.now(UTC))
        life.sent, life.unsent = len(sent), {**left, **life.unsent}
        for channel, problem in life.unsent.items():
            log.error("channel %s: %s", channel, problem)
        for event in (event for batch in sent if batch.channel == ALWAYS for event in batch.events):
            level = (
                logging.INFO if event.kind == "recovered" else logging.WARNING
            )  # the file of the channel log is lost with the machine
            log.log(level, "alert %s: %s · %s: %s", event.kind, event.rule, event.subject, event.text)
        log.info("%d alert notifications sent", life.sent)


def check_job(defs: dg.Definitions, job: str) -> None:
    """Raise UnknownJob if no job has this name."""
    known = sorted(definition.name for definition in defs.resolve_all_job_defs() if not definition.name.startswith("__"))
    if job not in known:
        raise UnknownJob(f"there is no job {job[:80]!r}; use one of {', '.join(known)}")
