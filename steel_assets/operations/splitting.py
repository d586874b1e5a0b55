"""Splits in raw closes: a suspected split is held for a decision; new values are converted by released splits.

While a split is held, values on its other side are not stored; the provider sends them again. See ``core.splits``.
"""

import numpy as np
import pandas as pd

from steel_assets.core.asof import END_OF_TIME, asof
from steel_assets.core.quarantine import BY_SPLIT, DROPPED, QUARANTINE, RELEASED, held_split
from steel_assets.core.splits import SAME_CLOSE, Split, around, on_newest_basis, suspected
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series


def on_the_basis_of_decisions(
    came: pd.DataFrame, known: pd.DataFrame, decided: pd.DataFrame, moment: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """New values of one series after its released splits; and known values that these change, as a vintage of ``moment``.

    New values on the old basis that are known on the new one are left out.

    Args:
        decided: restatements and splits that were ever held, with ``state`` and ``decided_at``.
    """
    nothing = OBSERVATIONS.empty()
    if came.empty:
        return came, nothing
    mine = decided[(decided["series"] == came["series"].iloc[0]) & (decided["restated"] == BY_SPLIT)]
    released = mine[(mine["state"] == RELEASED) & (mine["decided_at"] < moment)]
    if released.empty:
        return came, nothing
    splits = [Split(row.series, row.period, row.value) for row in released.itertuples()]
    before = asof(known, END_OF_TIME)
    sent = _newest(came)
    after, basis = on_newest_basis(sent, _newest(before), splits)
    came = came.assign(value=came["value"] * came["period"].map(after / sent).fillna(1.0))
    repeated = np.isclose(came["value"], came["period"].map(basis).astype(float), rtol=SAME_CLOSE, atol=0)
    came = came[~repeated]
    vintage = before.assign(value=before["period"].map(basis), published_at=moment, collected_at=moment)
    changed = (vintage["value"] != before["value"]) & ~before["period"].isin(came["period"])
    return came, OBSERVATIONS.enforce(vintage.loc[changed, OBSERVATIONS.column_names])


def split_off(
    came: pd.DataFrame, known: pd.DataFrame, decided: pd.DataFrame, series: Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """New values on the basis of the known ones; and suspected splits at their edges, as rows of QUARANTINE."""
    before = _newest(asof(known, END_OF_TIME))
    none = refused(decided, series.id)
    found = [split for split in suspected(_newest(came), before, series) if split.period not in none]
    if not found:
        return came, QUARANTINE.empty()
    line = _newest(came).combine_first(before).sort_index()
    held = []
    for split in found:
        at = int(line.index.get_loc(split.period))
        held.append(held_split(split, split.sentence(line.iloc[at - 1], line.iloc[at]), came))
    first, until = around(before, found)
    return came[(came["period"] >= first) & (came["period"] < until)], pd.concat(held, ignore_index=True)


def refused(decided: pd.DataFrame, series: str) -> frozenset[pd.Timestamp]:
    """First days of suspected splits of ``series`` that a person dropped."""
    mine = (decided["series"] == series) & (decided["restated"] == BY_SPLIT) & (decided["state"] == DROPPED)
    return frozenset(decided.loc[mine, "period"])


def _newest(rows: pd.DataFrame) -> pd.Series:
    """The newest version of each period."""
    order = rows.sort_values(["period", "published_at"], kind="stable").drop_duplicates("period", keep="last")
    return order.set_index("period")["value"].astype(float)
