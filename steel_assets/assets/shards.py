"""A tick of a schedule as several runs: the shared collection, then groups of markets, then ``wrap_up``.

``schedules.markets_per_run`` of ``rules.yaml`` is the size of a group. Without it, or with no more markets than that, a tick
requests one run. With it, a tick of a job that collects requests a run of the assets that belong to no market; a sensor
requests the runs of the markets once that run has ended, and ``wrap_up`` follows when all of them have. A tick of a job that
collects nothing requests the runs of its markets at once.

Markets are taken in the order of their ids. A run's key is the tick and a digest of its markets: the same catalogue yields the
same runs however often they are requested, and a market that is added meanwhile is included.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import dagster as dg

from steel_assets.assets.dagster_internals import AssetGraph
from steel_assets.assets.declare import MARKET_TAG
from steel_assets.catalog import Catalog

TICK_TAG = "steel/tick"
"""Of each run of a tick: the tick."""

PART_TAG = "steel/part"
"""Of each run of a tick: which of them it is, COLLECTION or the digest of its markets."""

PARTS_TAG = "steel/parts"
"""Of a run of some markets: how many such runs the tick has."""

PLACES_TAG = "steel/places"
"""Of each run of a tick: its markets, or the providers that it asks, separated by commas."""

COLLECTION = "collection"
WILL_RETRY_TAG = "dagster/will_retry"
"""Dagster's tag of a run that failed and is tried again."""

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
LATEST = timedelta(days=1)
"""After a longer standstill the markets of an old tick are not run: the next tick asks for them."""


def is_sharded(catalog: Catalog) -> bool:
    """Whether a tick asks for more than one run of markets."""
    per_run = catalog.rules.schedules.markets_per_run
    return per_run is not None and len(catalog.markets) > per_run


def shards(markets: Iterable[str], per_run: int) -> dict[str, tuple[str, ...]]:
    """``markets`` in the order of their ids, in groups of ``per_run``, by the digest of each group."""
    ordered = sorted(markets)
    groups = [tuple(ordered[first : first + per_run]) for first in range(0, len(ordered), per_run)]
    return {sha256("\n".join(group).encode()).hexdigest()[:12]: group for group in groups}


def collection(graph: AssetGraph, selection: dg.AssetSelection, tick: str) -> list[dg.RunRequest]:
    """The run that collects what all markets read, as a list of one; empty if ``selection`` has no such assets."""
    keys = sorted(key for key in selection.resolve(graph) if MARKET_TAG not in graph.get(key).tags)
    tags = {TICK_TAG: tick, PART_TAG: COLLECTION, PLACES_TAG: ",".join(sorted({key.path[1] for key in keys}))}
    return [dg.RunRequest(run_key=tick, asset_selection=keys, tags=tags)] if keys else []


def of_markets(graph: AssetGraph, selection: dg.AssetSelection, catalog: Catalog, tick: str, day: str) -> list[dg.RunRequest]:
    """The runs of the markets at ``tick``, each of the partition ``day``."""
    per_run = catalog.rules.schedules.markets_per_run or len(catalog.markets)
    groups = shards(catalog.markets, per_run)
    keys: dict[str, list[dg.AssetKey]] = {market: [] for market in catalog.markets}
    for key in sorted(selection.resolve(graph)):
        if MARKET_TAG in graph.get(key).tags:
            keys[graph.get(key).tags[MARKET_TAG]].append(key)
    return [
        dg.RunRequest(
            run_key=f"{tick} {part}",
            partition_key=day,
            asset_selection=[key for market in group for key in keys[market]],
            tags={
                TICK_TAG: tick,
                PART_TAG: part,
                PARTS_TAG: str(len(groups)),
                PLACES_TAG: ",".join(group),
            },
        )
        for part, group in groups.items()
    ]


def due_after_collection(
    instance: dg.DagsterInstance, job: str, of_tick: Callable[[str], list[dg.RunRequest]], now: datetime
) -> dg.SensorResult | dg.SkipReason:
    """Requests for the runs of the markets at the newest tick of ``job`` that do not exist yet, or the reason for none.

    Args:
        of_tick: makes the requests of all market runs at a tick.
    """
    found = instance.get_run_records(dg.RunsFilter(job_name=job, tags={PART_TAG: COLLECTION}), limit=1)
    if not found:
        return dg.SkipReason("no tick of the schedule has launched a run yet")
    run, end = found[0].dagster_run, datetime.fromtimestamp(found[0].end_time or 0.0, UTC)
    if run.status == dg.DagsterRunStatus.CANCELED:
        return dg.SkipReason(f"the collection of {run.tags[TICK_TAG]} was cancelled, so its markets are not run")
    if run.status not in ENDED or run.tags.get(WILL_RETRY_TAG) == "true":
        return dg.SkipReason(f"the collection of {run.tags[TICK_TAG]} has not ended")
    if now - end > LATEST:
        return dg.SkipReason(f"the collection of {run.tags[TICK_TAG]} is too old; the next tick runs its markets")
    there = {other.tags.get(PART_TAG) for other in instance.get_runs(_of_tick(run))}
    left = [request for request in of_tick(run.tags[TICK_TAG]) if request.tags[PART_TAG] not in there]
    return dg.SensorResult(run_requests=left) if left else dg.SkipReason(f"the runs of {run.tags[TICK_TAG]} have been requested")


def waits_for(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Which runs of the same tick as ``run`` have not ended; None if all have, or if ``run`` is the only one of its tick."""
    if PART_TAG not in run.tags:
        return None
    runs = [other for other in instance.get_runs(_of_tick(run)) if other.tags.get(PART_TAG) != COLLECTION]
    if not runs:
        return f"no run of the markets of {run.tags[TICK_TAG]} has begun"
    ended = {other.tags[PART_TAG] for other in runs if other.status in ENDED}
    working = {other.tags[PART_TAG] for other in runs if other.status not in ENDED}
    wanted = int(runs[0].tags[PARTS_TAG])
    done = len(ended - working)
    return None if done >= wanted else f"{done} of {wanted} runs of the markets of {run.tags[TICK_TAG]} have ended"


def places_of(run: dg.DagsterRun) -> list[str] | None:
    """The markets, or the providers, that a run of a part of a tick covers; None for a run of everything."""
    return run.tags[PLACES_TAG].split(",") if PLACES_TAG in run.tags else None


def _of_tick(run: dg.DagsterRun) -> dg.RunsFilter:
    return dg.RunsFilter(job_name=run.job_name, tags={TICK_TAG: run.tags[TICK_TAG]})
