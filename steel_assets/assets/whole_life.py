"""A whole life of the platform in one process, where no daemon runs.

That is a job for what is due, every sensor and all freshness once, and what is to be told.

What alerts read of Dagster's log is marked in the lake at once. So that no mark is ever ahead of the log that the next process
finds, the instance is put back after every event that alerts read, before anything reads it. A process that is killed leaves the
last such moment; the next one does what is missing.
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
"""Sensors that are not evaluated like the others: there is no daemon, nothing ticks, and what is told comes last."""

ALWAYS = "log"
"""The channel that is always set up, and has everything; its file goes with the machine."""

TELLS = ("outbox", "notifiers", "dagster_link")
"""Resources that what waits is sent with."""

ROUNDS = 3
"""After a run that a sensor asked for, all are evaluated again; at most so often."""

log = logging.getLogger("steel.run")


class UnknownJob(Problem):
    """There is no such job."""


@dataclass
class Life:
    """What one life did.

    Attributes:
        due: the tick that the job was run for; None where nothing was due.
        failed_before: nothing was due, because the run of its last tick is there, and failed.
        runs: reports of the runs, the job's first.
        sensors: what each sensor said.
        broken: sensors that raised, and what.
        unsent: channels that could not be told, and why.
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
        """Whether everything that was due was done, and told."""
        return not (self.failed_before or self.broken or self.unsent) and all(run.success for run in self.runs)


@dataclass
class Process:
    """What one life is lived with.

    Attributes:
        parts: the resources of runs and sensors (``resources.resources``).
        keep: puts the instance back, whole; called when no run is under way.
        moment: as of which the runs see the world; the clock's when None.
    """

    defs: dg.Definitions
    instance: dg.DagsterInstance
    parts: Mapping[str, Any]
    schedules: Schedules
    keep: Callable[[], None]
    moment: pd.Timestamp | None = None

    def live(self, job: str, *, again: bool = False) -> Life:
        """Run ``job`` if its last tick was not run yet, then look after everything once.

        Args:
            again: run the job although its last tick was run.

        Raises:
            UnknownJob: there is none of that name; nothing was done.
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
            log.info("%s: the run of its tick of %s is there (%s)", job, tags[TICK_TAG], before[0].status.value)
            return
        life.due = tags.get(TICK_TAG, "at once")
        day = {DAY_TAG: day_of(datetime.fromisoformat(tags[TICK_TAG]), self.schedules)} if tags else {}
        self._run(life, job, {**tags, **day})

    def _tick(self, job: str) -> dict[str, str]:
        """The tags by which the run of the last tick of ``job`` is known; none where it has no schedule."""
        schedule = next((schedule for schedule in self.defs.get_repository_def().schedule_defs if schedule.job_name == job), None)
        if schedule is None:
            return {}
        now = (self.moment or pd.Timestamp.now("UTC")).to_pydatetime()
        ticks = due_before(now, str(schedule.cron_schedule), self.schedules.zone)
        return {SCHEDULE_TAG: schedule.name, TICK_TAG: next(moment for moment in ticks if moment <= now).isoformat()}

    def _run(self, life: Life, job: str, tags: Mapping[str, str], only: Sequence[dg.AssetKey] | None = None) -> None:
        """One run and what follows it (``only`` some of its assets, and nothing follows), then the instance put back.

        From then on it is known to be done.
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
        """Freshness, then every sensor; whether one asked for a run, which was made."""
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
        """Sensors that raised become incidents, those that do not any more end them; then everything that waits is sent."""
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
            done = notify(parts.outbox, parts.notifiers, parts.dagster_link)
        life.sent, life.unsent = len(done.sent), dict(done.problems)
        for channel, problem in done.problems.items():
            log.error("channel %s: %s", channel, problem)
        for event in (event for batch in done.sent if batch.channel == ALWAYS for event in batch.events):
            level = (
                logging.INFO if event.kind == "recovered" else logging.WARNING
            )  # the file of that channel goes with the machine
            log.log(level, "alert %s: %s · %s: %s", event.kind, event.rule, event.subject, event.text)
        log.info("%d notifications sent", life.sent)


def check_job(defs: dg.Definitions, job: str) -> None:
    """Raises UnknownJob where there is no job of that name."""
    known = sorted(definition.name for definition in defs.resolve_all_job_defs() if not definition.name.startswith("__"))
    if job not in known:
        raise UnknownJob(f"there is no job {job[:80]!r}; there are {', '.join(known)}")
