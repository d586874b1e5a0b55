"""Restated histories: detected from their overlap with known values, requested as a whole, and quarantined.

A restatement that the provider announces (a split of a share), or that a person released, is stored as a vintage. Any other is
held for a decision, and later values on the new basis are held with it. Splits in raw closes are handled by ``splitting``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.catalog import Source
from steel_assets.core.anomaly_detection import anomaly_reasons
from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.quarantine import BY_SPLIT, QUARANTINE, RELEASED, held_whole, state, the_same
from steel_assets.core.restatements import Restatement, recognised
from steel_assets.core.table_schema import Table
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets.operations.splitting import on_the_basis_of_decisions, refused, split_off
from steel_assets.providers import Providers
from steel_assets.sources import Collection

NEAR_A_SPLIT = 0.02
"""Largest relative difference between the change of known closes and the split that a provider reports."""


@dataclass(frozen=True)
class RestatementCheck:
    """The new values, and which of them are doubtful.

    Attributes:
        rows: observations, with those of an accepted restatement that the provider did not send again.
        reasons: why each of ``rows`` is doubtful; None if it is accepted.
        whole: held restatements and suspected splits, each as one row of QUARANTINE.
    """

    rows: pd.DataFrame
    reasons: pd.Series
    whole: pd.DataFrame


def judged(
    lake: Lake, source: Source, series: Sequence[Series], known: pd.DataFrame, collection: Collection, moment: pd.Timestamp
) -> RestatementCheck:
    """Judge the new values of each series: as a whole if its history is restated, else one by one."""
    rows, reasons, whole = [], [], []
    decided = _decided(lake, source, known)
    for declared in series:
        came = collection.observations[collection.observations["series"] == declared.id]
        if came.empty:
            continue
        its_own = known[known["series"] == declared.id]
        came, vintage = on_the_basis_of_decisions(came, its_own, decided, moment)
        its_own = pd.concat([its_own, vintage], ignore_index=True) if len(vintage) else its_own
        found = recognised(came, its_own, declared)
        if found is not None and not _accepted(found, decided, collection):
            alike = the_same(decided, found)
            before = alike[alike["state"].isin(["waiting", "dropped"])]
            as_one = held_whole(found, found.sentence(declared), came)
            whole.append(before[QUARANTINE.column_names].tail(1) if len(before) else as_one)
            continue
        if found is not None:
            unsent = _not_sent_again(came, its_own, found, collection, moment)
            came = pd.concat([came, unsent], ignore_index=True) if len(unsent) else came
            its_own = _rebased(its_own, found)
        came, suspected = split_off(came, its_own, decided, declared)
        whole.append(suspected)
        rows += [came, vintage]
        reasons += [
            anomaly_reasons(came, its_own, declared, refused(decided, declared.id)),
            pd.Series(None, vintage.index, dtype="object"),
        ]
    return RestatementCheck(
        OBSERVATIONS.enforce(_together(rows, OBSERVATIONS)),
        pd.concat(reasons, ignore_index=True) if reasons else pd.Series(dtype="object"),
        QUARANTINE.enforce(_together(whole, QUARANTINE)),
    )


def _together(frames: Sequence[pd.DataFrame], table: Table) -> pd.DataFrame:
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else table.empty()


def with_whole_histories(
    lake: Lake,
    providers: Providers,
    source: Source,
    series: Sequence[Series],
    known: pd.DataFrame,
    collection: Collection,
    moment: pd.Timestamp,
) -> Collection:
    """``collection``, with restated series requested again from their first known period on.

    A restatement that waits for a decision, or was dropped, is not requested again.
    """
    decided = _decided(lake, source, known)
    for declared in series:
        its_own = known[known["series"] == declared.id]
        mine = collection.observations[collection.observations["series"] == declared.id]
        came, vintage = on_the_basis_of_decisions(mine, its_own, decided, moment)
        found = recognised(came, pd.concat([its_own, vintage], ignore_index=True), declared)
        due = decided[_released(decided, declared.id)]
        splits = due["restated"] == BY_SPLIT
        fresh = found is not None and not the_same(decided, found)["state"].isin(["waiting", "dropped"]).any()
        since = its_own["period"].min()
        beyond = (due.loc[splits, "period"] <= since).any()
        if declared.id in collection.problems or its_own.empty or not (fresh or beyond or (~splits).any()):
            continue
        if beyond:
            since = moment.tz_localize(None).normalize() - pd.DateOffset(years=providers.history_years)
        again = providers.collect(source, [declared], moment, known, providers.way_out(source, moment, since), since)
        if again.problems:
            collection = replace(collection, problems=collection.problems | again.problems)
            continue
        others = collection.observations[collection.observations["series"] != declared.id]
        collection = replace(
            collection,
            observations=pd.concat([others, again.observations], ignore_index=True),
            splits=pd.concat([collection.splits, again.splits], ignore_index=True).drop_duplicates(),
        )
    return collection


def _decided(lake: Lake, source: Source, known: pd.DataFrame) -> pd.DataFrame:
    """All restatements and splits of a source that were ever held.

    With ``state``, ``decided_at``, and ``applied``: whether any value of the series was stored since then.
    """
    quarantine = QuarantineStore(lake.store)
    figures, decisions = quarantine.held(source.folder), quarantine.decisions(source.folder)
    whole = figures[figures["restated"].notna()]
    moments = whole["id"].map(decisions.set_index("id")["decided_at"])
    last = whole["series"].map(known.groupby("series")["collected_at"].max())
    return whole.assign(
        state=state(whole, decisions, known),
        decided_at=pd.to_datetime(moments, utc=True),
        applied=pd.to_datetime(last, utc=True) > pd.to_datetime(moments, utc=True),
    )


def _released(decided: pd.DataFrame, series: str) -> pd.Series:
    """Which of ``decided`` are releases of ``series`` that were not stored since."""
    return (decided["series"] == series) & (decided["state"] == RELEASED) & ~decided["applied"]


def _accepted(restatement: Restatement, decided: pd.DataFrame, collection: Collection) -> bool:
    """Whether a person released the restatement, or the provider reports it as a split."""
    alike = the_same(decided, restatement)
    return bool(_released(alike, restatement.series).any()) or _split(restatement, collection)


def _split(restatement: Restatement, collection: Collection) -> bool:
    """Whether the restatement equals a split in the answer, or several in succession."""
    factors = (
        collection.splits[collection.splits["series"] == restatement.series].sort_values("period")["factor"].to_numpy(dtype=float)
    )
    products = np.cumprod(factors[::-1])
    possible = np.concatenate([factors, products])
    return not restatement.amount and bool((np.abs(possible / restatement.factor - 1) <= NEAR_A_SPLIT).any())


def _rebased(known: pd.DataFrame, restatement: Restatement) -> pd.DataFrame:
    """``known`` converted to the new basis."""
    return known.assign(value=known["value"].where(known["period"] < restatement.since, restatement.applied(known["value"])))


def _not_sent_again(
    came: pd.DataFrame, known: pd.DataFrame, restatement: Restatement, collection: Collection, moment: pd.Timestamp
) -> pd.DataFrame:
    """Known values that a split changes and the provider did not send again, converted to the new basis."""
    newest = asof(known, END_OF_TIME)
    first = newest["period"].min() if _split(restatement, collection) else restatement.since
    missing = newest[(newest["period"] >= first) & (newest["period"] <= came["period"].max())]
    missing = missing[~missing["period"].isin(came["period"])]
    return OBSERVATIONS.enforce(
        missing[OBSERVATIONS.column_names].assign(
            value=restatement.applied(missing["value"]), published_at=moment, collected_at=moment
        )
    )
