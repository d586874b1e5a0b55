"""One collection, from a provider's answer to storage: check the values, store or quarantine them, record the outcome.

A process killed at any point leaves nothing half done: what was not stored is new again at the next collection, and what was
stored is not stored twice.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.catalog import Catalog, Source
from steel_assets.core.quarantine import DECISIONS, DROPPED, RELEASED, Decision, as_released, held, state
from steel_assets.core.source_status import SourceStatus, source_status
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.operations.collection_records import note, record
from steel_assets.operations.provider_requests import GroupResponse, ask
from steel_assets.operations.restating import judged
from steel_assets.providers import Providers


@dataclass(frozen=True)
class Collected:
    """What one collection did.

    Attributes:
        stored: key of the new file of observations; None if nothing was new.
        held: doubtful values of this collection that wait for a person's decision.
        rejected: keys of answers that could not be read, and why.
        problems: series → what failed, the remedy, and which values are used instead.
        notes: anomalies in the provider's answer, and in how many rows.
        skipped: why the provider was not asked at all, and the remedy.
        remarks: series → a remark about its history although nothing failed.
        damaged: what was done about damaged files of the group, one sentence each.
        answered: whether the provider answered about at least one series of the group.
    """

    observations: pd.DataFrame
    stored: str | None
    held: pd.DataFrame
    rejected: dict[str, str]
    problems: dict[str, str]
    notes: dict[str, int]
    source_status: SourceStatus
    skipped: str | None = None
    remarks: dict[str, str] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    answered: bool = True


def collect(
    catalog: Catalog,
    lake: Lake,
    providers: Providers,
    home: Path,
    source: Source,
    group: str,
    moment: pd.Timestamp,
    since: pd.Timestamp | None = None,
) -> Collected:
    """Ask ``source`` for new data of ``group`` and store them.

    Args:
        since: ask again for everything from this day on.
    """
    return store(
        catalog, lake, providers, source, group, moment, ask(catalog, lake, providers, home, source, group, moment, since)
    )


def store(
    catalog: Catalog, lake: Lake, providers: Providers, source: Source, group: str, moment: pd.Timestamp, response: GroupResponse
) -> Collected:
    """Store an answer of ``source`` about ``group``: accepted values, quarantined values, and answers that could not be read."""
    series = catalog.series_of(source.id, group)
    collection, known = response.collection, response.known
    came = collection.observations
    strangers = sorted(set(came["source"]) - {source.id})
    if strangers:
        raise ValueError(f"the connector of {source.id} brought rows of {', '.join(strangers)}; nothing was stored")
    what = judged(lake, source, series, known, collection, moment)
    suspects = pd.concat([what.whole, held(what.rows, what.reasons), held(collection.suspects, collection.suspects["reason"])])
    quarantine = QuarantineStore(lake.store)
    decided = quarantine.decisions(source.folder)
    dropped = suspects["id"].isin(decided.loc[decided["decision"] == DROPPED, "id"])
    believed = what.rows[what.reasons.isna()]
    key = lake.append_observations(believed, source.folder, group)
    quarantine.hold(suspects[~dropped], source.folder, moment)
    rejected = {
        quarantine.reject(source.folder, rejected.series, rejected.reason, rejected.content, moment): rejected.reason
        for rejected in collection.rejected
    }
    if not (collection.problems or collection.rejected or len(suspects)):
        response.http.keep(providers.access(source).api_key)
    skipped = providers.not_configured(source)
    ids = [declared.id for declared in series]
    settled = {name: days for name, days in collection.settled.items() if name not in collection.problems}
    noted = None if skipped else note(lake.store, source, group, moment, ids, collection.problems, settled)
    stored = _newest(known) | _newest(believed)
    where = source_status(ids, noted, stored, moment)
    problems = {name: f"{problem}; {_stands_in(where, name, moment)}" for name, problem in collection.problems.items()}
    notes = dict(collection.notes) | ({"dropped by decision": int(dropped.sum())} if dropped.any() else {})
    damaged = _mended(lake, response, believed, moment, skipped)
    answered = not skipped and any(name not in problems for name in ids)
    return Collected(
        believed, key, suspects[~dropped], rejected, problems, notes, where, skipped, collection.remarks, damaged, answered
    )


def group_standing(
    catalog: Catalog, lake: Lake, source: Source, group: str, observations: pd.DataFrame, now: pd.Timestamp
) -> SourceStatus:
    """The status of a group at ``now``, from what is stored."""
    asked = [declared.id for declared in catalog.series_of(source.id, group)]
    mine = observations[observations["series"].isin(asked)]
    return source_status(asked, record(lake.store, source, group), _newest(mine), now)


def was_asked(lake: Lake, source: Source) -> bool:
    """Whether any group of a source was ever asked for, successfully or not."""
    return any(record(lake.store, source, group) is not None for group in source.groups)


def waiting(catalog: Catalog, lake: Lake, observations: pd.DataFrame) -> pd.DataFrame:
    """Quarantined values of all providers without a decision: rows of QUARANTINE."""
    every = quarantine(catalog, lake, observations)
    return every[every["state"] == "waiting"].drop(columns="state")


def quarantine(catalog: Catalog, lake: Lake, observations: pd.DataFrame) -> pd.DataFrame:
    """All values that were ever quarantined, of all providers, with their ``state``."""
    quarantine = QuarantineStore(lake.store)
    frames = []
    for source in catalog.sources.values():
        figures = quarantine.held(source.folder)
        frames.append(figures.assign(state=state(figures, quarantine.decisions(source.folder), observations)))
    return pd.concat(frames, ignore_index=True)


def decide(catalog: Catalog, lake: Lake, figures: pd.DataFrame, decision: Decision, moment: pd.Timestamp) -> None:
    """Release or drop quarantined values (rows of QUARANTINE).

    Raises:
        ValueError: one of them cannot be released.
    """
    observations = as_released(figures, moment) if decision == RELEASED else OBSERVATIONS.empty()
    quarantine = QuarantineStore(lake.store)
    for source in catalog.sources.values():
        mine = figures[figures["source"] == source.id]
        for group in source.groups:
            ids = [declared.id for declared in catalog.series_of(source.id, group)]
            lake.append_observations(observations[observations["series"].isin(ids)], source.folder, group)
        quarantine.decide(
            DECISIONS.enforce(pd.DataFrame({"id": mine["id"], "decision": decision, "decided_at": moment})), source.folder, moment
        )


def _mended(
    lake: Lake, response: GroupResponse, accepted: pd.DataFrame, moment: pd.Timestamp, skipped: str | None
) -> tuple[str, ...]:
    """Report on damaged files: repaired if every series answered with its whole history, else requested again next time."""
    if skipped or response.collection.problems:
        return tuple(f"{damage.text}; what it held is asked for again at the next collection" for damage in response.lost)
    words = f"the whole history was asked for again: {len(accepted)} rows that were not known came"
    for entry in response.lost:
        lake.damaged.mend(entry, moment.to_pydatetime(), words)
    return tuple(f"{damage.text}; {words}" for damage in response.lost)


def _stands_in(where: SourceStatus, series: str, moment: pd.Timestamp) -> str:
    """Which stored values are used instead of a missing answer, and their age."""
    if series in where.missing:
        return "nothing stands in: it was never answered"
    days = (moment - where.stale[series]) / pd.Timedelta(days=1)
    return f"its own last good answer stands in, {days:.1f} days old"


def _newest(observations: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """The time at which the newest row of each series was collected."""
    return {str(name): at for name, at in observations.groupby("series")["collected_at"].max().items()}
