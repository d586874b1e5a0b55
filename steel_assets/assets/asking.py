"""Asking the providers: all of a run at the same time, so that a slow one keeps none of the others waiting.

The first asset of a run that needs an answer starts a round: a thread for each provider, in it one group after the other. Each
asset then takes its own answer and stores it; what no asset takes is never stored, and a killed run leaves nothing behind. An
asset that is run alone asks alone. Between processes a provider is asked by one at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import dagster as dg
import pandas as pd
from filelock import FileLock, Timeout

from steel_assets.adapters.http_cache import CachedHttp
from steel_assets.adapters.lanes import Lanes
from steel_assets.assets.moment import moment_of, since_of
from steel_assets.bootstrap import Platform
from steel_assets.catalog import Source
from steel_assets.sources import Collection

LONGEST_TURN_SECONDS = 900.0
"""A provider of 5 calls a minute is asked for a whole day's budget in a third of this."""

ONE_PROCESS = frozenset({"in_process", "execute_in_process_executor"})
"""Executors that run all assets of a run in this process. With another one each asset asks alone."""

Groups = Sequence[tuple[Source, str]]


@dataclass(frozen=True)
class Asked:
    """What a provider answered about one group.

    Attributes:
        known: what was known of the group's series when it was asked, all vintages.
        http: the way it was asked, which may keep the answers.
    """

    answer: Collection
    known: pd.DataFrame
    http: CachedHttp


def ask(
    platform: Platform,
    source: Source,
    group: str,
    moment: pd.Timestamp,
    since: pd.Timestamp | None = None,
    observations: pd.DataFrame | None = None,
) -> Asked:
    """Ask ``source`` for what is new in ``group``.

    Args:
        since: ask again for everything from this day on.
        observations: what the lake holds, of these series at least; read when not given.
    """
    series = platform.catalog.series_of(source.id, group)
    ids = [one.id for one in series]
    known = platform.lake.observations(ids) if observations is None else observations[observations["series"].isin(ids)]
    http = platform.way_out(source, moment, since)
    lock = platform.settings.home / "turns" / f"{source.id}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=LONGEST_TURN_SECONDS):
            answer = platform.collect(source, series, moment, known, http, since)
    except Timeout:
        answer = Collection.of_a_silent_provider(
            series, f"another process has been asking {source.name} for a long time ({lock})"
        )
    return Asked(answer, known, http)


def asked(context: dg.AssetExecutionContext, platform: Platform, source: Source, group: str, groups: Groups) -> Asked:
    """The answer about ``group`` in the run behind ``context``.

    Args:
        groups: every group that has an asset; those of them that are in the run are asked for together.
    """
    moment, since, run = moment_of(context), since_of(context), context.run.run_id
    if run not in platform.rounds and context.job_def.executor_def.name in ONE_PROCESS:
        platform.rounds[run] = _round(platform, _of_the_run(context, groups), moment, since)
    answers = platform.rounds.get(run)
    under_way = answers.take(source.id, group) if answers else None
    return under_way.result() if under_way else ask(platform, source, group, moment, since)


def _round(platform: Platform, groups: Groups, moment: pd.Timestamp, since: pd.Timestamp | None) -> Lanes[Asked]:
    observations = platform.lake.observations(
        [one.id for source, group in groups for one in platform.catalog.series_of(source.id, group)]
    )
    lanes: dict[str, dict[str, partial[Asked]]] = {}
    for source, group in groups:
        lanes.setdefault(source.id, {})[group] = partial(ask, platform, source, group, moment, since, observations)
    return Lanes(lanes)


def _of_the_run(context: dg.AssetExecutionContext, groups: Groups) -> Groups:
    """The groups whose assets are materialised by this run: all of the job's, or those of a selection or of a retry."""
    keys = {asset: dg.AssetKey(["raw", asset[0].id, asset[1]]) for asset in groups}
    there, steps = context.job_def.asset_layer.executable_asset_keys, context.run.step_keys_to_execute
    return [asset for asset, key in keys.items() if key in there and (steps is None or key.to_python_identifier() in steps)]
